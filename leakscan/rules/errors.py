"""What can be wrong with a rule file."""

from leakscan.errors import ExitCode, LeakscanError


class RuleError(LeakscanError):
    """A rule file that cannot be used as it stands."""

    code = ExitCode.CONFIG

    def __init__(self, file: str, rule: str, field: str, problem: str) -> None:
        where = f"rule {rule}: {field}" if rule else field
        super().__init__(
            f"{file}: {where}: {problem}", hint="CONTRIBUTING.md explains each field of a rule."
        )
