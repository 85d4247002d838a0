"""What the generations of Camunda answer, and what it means."""
