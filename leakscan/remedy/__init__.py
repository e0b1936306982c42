"""Remedy: what to do about a credential."""
