"""Usage: what code does with AWS, told from its text alone."""
