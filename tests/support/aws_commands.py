"""The AWS CLI as a judge of commands: it parses them as it would run them, and calls nobody.

Its own parsers say which services, operations and options there are, and read shorthand, JSON and
files; botocore's validation says whether a value has the right shape. The parameters that
botocore would leave to the service, such as a word that is none of an enumeration, are looked at
here. Commands that awscli makes up itself (`aws s3 cp`) are parsed and not run.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from awscli import argparser  # type: ignore[import-untyped]
from awscli.clidriver import CLIDriver, CLIOperationCaller, create_clidriver  # type: ignore[import-untyped]
from awscli.customizations import toplevelbool  # type: ignore[import-untyped]
from awscli.customizations.commands import BasicCommand  # type: ignore[import-untyped]
from awscli.customizations.waiters import WaiterCaller  # type: ignore[import-untyped]
from botocore.validate import ParamValidator

_ENVIRONMENT = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "HOME": "/nonexistent",
}
_MAX_SAID = 400


class InvalidValueError(Exception):
    """A parameter that the service would refuse."""


class AwsCommands:
    """Says what is wrong with a command line; made once, since it loads models of services."""

    def __init__(self, driver: CLIDriver) -> None:
        self._driver = driver

    def problem(self, words: Sequence[str]) -> str:
        """Return what is wrong with the words after `aws`; nothing for a good command."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                code = self._driver.main(list(words))
            except SystemExit as error:
                code = error.code
        if code in (0, None):
            return ""
        # Usage, and all the choices, stand before what was wrong.
        return " ".join(said.getvalue().split())[-_MAX_SAID:] or f"exit code {code}"


@contextlib.contextmanager
def aws_commands() -> Iterator[AwsCommands]:
    """Yield a judge; meanwhile awscli calls nobody in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        # argparse takes `--max-item` for `--max-items`; version 2 does not.
        patch.setattr(argparser.CLIArgParser, "_get_option_tuples", lambda *_: [])
        # Once it has seen one operation with `--x | --no-x`, it looks for both in all of a service.
        patch.setattr(toplevelbool, "validate_boolean_mutex_groups", _each_its_own)
        driver = create_clidriver()  # Imports what awscli adds to itself.
        for caller in (CLIOperationCaller, *CLIOperationCaller.__subclasses__(), WaiterCaller):
            patch.setattr(caller, "invoke", _validate)
        driver.session.register("building-command-table", _leave_out)
        yield AwsCommands(driver)


def _validate(
    caller: Any,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    _: object,
) -> int:
    """Validate in place of a call."""
    model = caller._session.get_service_model(service).operation_model(operation)
    given = {name: value for name, value in parameters.items() if name != "PaginationConfig"}
    if model.input_shape is None:
        assert not given
        return 0
    report = ParamValidator().validate(given, model.input_shape)
    if report.has_errors():
        raise InvalidValueError(report.generate_report())
    for problem in _strange(given, model.input_shape, operation):
        raise InvalidValueError(problem)
    return 0


def _strange(value: object, shape: Any, where: str) -> Iterator[str]:
    """Yield the words that are none of their enumeration."""
    if isinstance(value, dict) and shape.type_name == "structure":
        for name, one in value.items():
            yield from _strange(one, shape.members[name], f"{where}.{name}")
    elif isinstance(value, dict) and shape.type_name == "map":
        for name, one in value.items():
            yield from _strange(name, shape.key, f"{where}, keys")
            yield from _strange(one, shape.value, f"{where}.{name}")
    elif isinstance(value, list) and shape.type_name == "list":
        for one in value:
            yield from _strange(one, shape.member, where)
    elif isinstance(value, str) and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{where}: {value} is none of {', '.join(shape.enum)}"


_VALIDATE_GROUPS = toplevelbool.validate_boolean_mutex_groups


def _each_its_own(
    boolean_pairs: list[tuple[Any, Any]], parsed_args: object, **rest: object
) -> None:
    """Validate the pairs of the operation that was parsed, in a process that parses many."""
    own = [pair for pair in boolean_pairs if all(hasattr(parsed_args, one.py_name) for one in pair)]
    _VALIDATE_GROUPS(own, parsed_args, **rest)


def _leave_out(command_table: dict[str, Any], **_: object) -> None:
    """Let commands that awscli makes up itself end where they would begin to work."""
    for command in command_table.values():
        if isinstance(command, BasicCommand) and not command.SUBCOMMANDS and command.NAME != "wait":
            command._run_main = lambda parsed_args, parsed_globals: 0
