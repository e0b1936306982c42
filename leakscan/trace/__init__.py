"""From what was seen in objects to commits, paths, lines, refs and dates."""
