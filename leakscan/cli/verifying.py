"""The options that `verify` and `scan --verify` share, and whom they may ask.

In: options and the user's configuration. Out: `Settings`; `cli.asking` makes what asks from them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from msgspec.structs import replace

from leakscan import aws, verify_config
from leakscan.cli import network, user_config
from leakscan.errors import LeakscanError
from leakscan.record import Record
from leakscan.verify_config import VerifyConfig

_Command = TypeVar("_Command", bound=Callable[..., Any])


class NobodyToAskError(LeakscanError):
    """Nobody said whose keys may be asked about."""

    def __init__(self) -> None:
        super().__init__(
            "Nobody said whose keys AWS may be asked about.",
            hint="Use keys only where you are authorised to. One of:\n"
            "--account 123456789012   asks about keys of this account; repeat it for others\n"
            "owned_accounts: [...]    under verify: in ~/.config/leakscan/config.yaml or --config\n"
            "--any-account            asks about every key that is found, whoever owns it\n"
            "leakscan verify --dry-run says what would be asked, and asks nothing.",
        )


class Wishes(Record, frozen=True):
    """What the user chose with the options; None where the configuration decides."""

    accounts: tuple[str, ...] = ()
    any_account: bool = False
    config_file: Path | None = None
    partitions: tuple[str, ...] = ()
    region: str | None = None
    fips: bool | None = None
    endpoint_url: str | None = None
    ca_bundle: str | None = None
    proxy: str | None = None
    rate: float | None = None
    timeout_s: float | None = None
    max_age_s: float | None = None
    max_keys: int | None = None


class Settings(Record, frozen=True):
    """How to ask, all decided."""

    any_account: bool
    config: VerifyConfig


class _Checked(click.ParamType):  # type: ignore[type-arg] # Older ones take no argument.
    """A text that a function checks and converts; a complaint does not repeat it."""

    def __init__(self, name: str, check: Callable[[str], object]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        try:
            return self._check(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(f"It {error}.", param, ctx)


def _account(text: str) -> str:
    if not verify_config.is_account(text):
        raise ValueError("must be an account: 12 digits")
    return text


def account_options(command: _Command) -> _Command:
    """Add --account and --any-account; the command gets `accounts` and `any_account`."""
    for add in (
        click.option(
            "--any-account",
            is_flag=True,
            help="Ask about every key that is found, whoever owns it; only where you may.",
        ),
        click.option(
            "--account",
            "accounts",
            metavar="ID",
            multiple=True,
            type=_Checked("account", _account),
            help="Ask about keys of this account, in place of the owned_accounts that are "
            "configured. Repeatable.",
        ),
    ):
        command = add(command)
    return command


def options(command: _Command) -> _Command:
    """Add all options of how to ask; the command gets the fields of `Wishes`."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return account_options(command)


_OPTIONS: Final = (
    click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Take the section verify of FILE, in place of the one in "
        "~/.config/leakscan/config.yaml. Options win over both.",
    ),
    click.option(
        "--partition",
        "partitions",
        multiple=True,
        type=click.Choice(list(aws.PARTITIONS)),
        help="Ask in this partition of AWS, and in those that stand near a key. Repeatable. "
        "[default: aws]",
    ),
    click.option(
        "--region",
        metavar="REGION",
        type=_Checked("region", verify_config.region),
        help="Ask in this region of its partition first.",
    ),
    click.option("--fips/--no-fips", default=None, help="Ask FIPS endpoints alone."),
    click.option(
        "--endpoint-url",
        metavar="URL",
        type=_Checked("url", verify_config.endpoint_url),
        help="Ask here alone, as at a VPC endpoint. AWS_ENDPOINT_URL is never obeyed.",
    ),
    click.option(
        "--ca-bundle",
        metavar="FILE",
        help="Trust the certificates of FILE. [default: AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or "
        "SSL_CERT_FILE, else those of the libraries]",
    ),
    click.option(
        "--proxy",
        metavar="URL",
        type=_Checked("url", verify_config.proxy_url),
        help="Ask through this proxy. [default: HTTPS_PROXY, ALL_PROXY and NO_PROXY]",
    ),
    click.option(
        "--rate",
        metavar="N",
        type=_Checked("number", verify_config.rate),
        help="Calls a second at most; AWS counts them against the key's account. [default: 5]",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        metavar="SECONDS",
        type=_Checked("number", verify_config.timeout),
        help="How long one call may take. [default: 10]",
    ),
    click.option(
        "--max-age",
        "max_age_s",
        metavar="AGE",
        type=_Checked("age", verify_config.seconds),
        help="How long a verdict counts before AWS is asked again: 30s, 10m, 1h; 0 always asks. "
        "[default: 10m]",
    ),
    click.option(
        "--max-keys",
        metavar="N",
        type=_Checked("number", verify_config.count),
        help="Ask about N key ids at most, the worst findings first. [default: 2000]",
    ),
)


def settings(wishes: Wishes, *, dry: bool = False) -> Settings:
    """Return how to ask; a dry run needs no way to do it.

    Raises NobodyToAskError if nobody may be asked about, ConfigError and NetworkError.
    """
    config = user_config.verify_config(wishes.config_file)
    chosen = {
        "owned_accounts": wishes.accounts or None,
        "partitions": wishes.partitions or None,
        **{name: getattr(wishes, name) for name in _ALIKE},
    }
    config = replace(config, **{name: one for name, one in chosen.items() if one is not None})
    if not (dry or wishes.any_account or config.owned_accounts):
        raise NobodyToAskError
    if not dry:
        network.check(config)
    return Settings(wishes.any_account, config)


def afresh(settings: Settings) -> Settings:
    """Return how to ask whatever is kept: what IAM says today is to be set beside it."""
    return replace(settings, config=replace(settings.config, max_age_s=0.0))


_ALIKE: Final = (
    *("region", "fips", "endpoint_url", "ca_bundle", "proxy"),
    *("rate", "timeout_s", "max_age_s", "max_keys"),
)
