"""Shell scripts, Makefiles and Dockerfiles, by tree-sitter."""
