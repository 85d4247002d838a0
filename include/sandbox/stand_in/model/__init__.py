"""Zeebe's record log, its exporter and the importers behind it."""
