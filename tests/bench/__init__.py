"""Speed and memory beside other tools; `nox -s bench -- REPO...` runs it, `nox -s test` never."""
