"""Privilege: the role that code needs, inferred from what it does with AWS."""
