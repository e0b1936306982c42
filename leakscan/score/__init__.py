"""Candidates to credentials."""
