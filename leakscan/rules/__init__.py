"""Rule files to a rule set."""
