"""The project's DAGs, run whole."""
