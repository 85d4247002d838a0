"""Camunda 8.9: as 8.8; it also makes IDs of its own, tells the state of checkpoints and where a backup's log begins."""

from dataclasses import replace

from sandbox.stand_in.answers import line_8_8

LINE = replace(line_8_8.LINE, version="8.9.0", patches={})
