"""The steps of the runbook."""
