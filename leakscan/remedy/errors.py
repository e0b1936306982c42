"""The error of a remediation text; says in which file and where in it."""

from typing import Final

from leakscan.errors import ExitCode, LeakscanError

_HINT: Final = "CONTRIBUTING.md says what a remediation text holds."


class RemediationError(LeakscanError):
    """A remediation text that cannot be used; names the file and the field or section."""

    code = ExitCode.CONFIG

    def __init__(self, file: str, where: str, problem: str) -> None:
        super().__init__(f"{file}: {where}: {problem}", hint=_HINT)
