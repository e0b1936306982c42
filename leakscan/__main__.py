"""`python -m leakscan` is the same program as `leakscan`."""

from leakscan.cli.main import run

if __name__ == "__main__":
    run()
