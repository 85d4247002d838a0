"""The sandbox, without a real cluster."""
