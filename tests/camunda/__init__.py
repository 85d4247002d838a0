"""What needs a Camunda distribution of the user's own: `CAMUNDA_HOME` names it, `make test-camunda` runs it."""
