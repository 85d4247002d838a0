"""Looking at pages, as far as that needs no browser."""
