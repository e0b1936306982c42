"""Inspect: what the responder's own credentials tell of a found key."""
