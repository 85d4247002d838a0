"""Hooks, spoken to over the network."""
