"""Content to candidates."""
