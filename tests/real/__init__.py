"""What needs the embedded cluster."""
