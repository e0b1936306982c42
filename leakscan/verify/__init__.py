"""Verify: whether AWS accepts a credential."""
