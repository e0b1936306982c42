"""The sample applications are read by tests, never run: theirs are no tests of ours."""

collect_ignore = ["apps"]
