"""What starts real servers."""
