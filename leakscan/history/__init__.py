"""Reading what a repository stores: repository in, Content and Skipped out."""
