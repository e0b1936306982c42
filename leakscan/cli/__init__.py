"""The command line: the only stage that reads environment, clock, working directory and terminal."""
