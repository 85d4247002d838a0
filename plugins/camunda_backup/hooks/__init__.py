"""Connections to a Camunda cluster."""
