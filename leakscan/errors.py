"""The errors a user can meet, and the exit codes of the program.

A stage defines its own subclasses of `LeakscanError` beside the code that
raises them; only `cli/main.py` turns one into a message and ends the process.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to its caller; one meaning per code."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    CONFIG = 4
    UNVERIFIED = 5
    BUG = 70
    INTERRUPTED = 130


class LeakscanError(Exception):
    """A failure that has a sentence for the user: what is wrong, and a hint what to do."""

    code: ExitCode = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
