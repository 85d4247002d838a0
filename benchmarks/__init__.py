"""Measurements. Run them on a quiet machine; they assert nothing."""
