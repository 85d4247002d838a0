"""What search engines answer, and what it means."""
