"""Go, by tree-sitter."""
