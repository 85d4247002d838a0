"""Tests; `tests/real` starts real servers, `tests/camunda` needs a Camunda of the user's own."""
