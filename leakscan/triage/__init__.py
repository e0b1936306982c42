"""Triage: which findings somebody has accepted, and why."""
