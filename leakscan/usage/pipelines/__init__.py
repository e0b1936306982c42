"""YAML of pipelines, and the shell in it."""
