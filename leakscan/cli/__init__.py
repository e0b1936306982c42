"""The command line: the only place that reads environment, clock and terminal."""
