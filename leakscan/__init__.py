"""leakscan finds leaked AWS credentials in everything a git repository stores."""

__version__ = "0.1.0"
