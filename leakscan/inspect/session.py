"""The responder's own session: a named profile, and what it may talk to.

Part of the inspect stage. In: `Settings`. Out: clients of botocore. The profile brings its
credentials, region, CA file and proxy as it does for other programs; endpoints come from `Settings`
alone, so that no variable sends the responder's calls elsewhere. botocore is imported where it is
needed: its session takes 0.1 s to load.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from leakscan.errors import ExitCode, LeakscanError
from leakscan.inspect.calls import NOT_AS_MODELLED
from leakscan.record import Record

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from botocore.session import Session

_TRIES: Final = 3
_CONNECT_TIMEOUT_S: Final = 5.0
_MAX_CHAIN: Final = 10
_UNASKED: Final = ("iam-role", "container-role")
"""Credentials of the machine itself; a profile has them only where it names them."""


class InspectError(LeakscanError):
    """The profile cannot be used; nothing was asked of the found keys."""

    code = ExitCode.USAGE


class InspectUnreachableError(InspectError):
    """AWS cannot be asked who the profile is."""

    code = ExitCode.UNVERIFIED


class Settings(Record, frozen=True):
    """How to reach AWS as the responder. What is empty is as the profile has it.

    `region` decides where the profile has none. `timeout_s` is that of one answer. At most
    `max_keys` ids are asked about before anything is verified.
    """

    profile: str
    user_agent: str
    region: str = "us-east-1"
    endpoint_url: str | None = None
    fips: bool = False
    ca_bundle: str | None = None
    proxy: str | None = None
    timeout_s: float = 10.0
    max_keys: int = 2000


class Responding:
    """A session of the profile, which makes clients."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def client(self, service: str, region: str | None = None) -> "BaseClient":
        """Return a client that signs with the profile's credentials; by default in its region.

        It raises InspectError instead of signing with a found key, should they become one.
        """
        client: BaseClient = self._session.create_client(service, region_name=region)
        return client

    @property
    def region(self) -> str:
        """The region of the profile."""
        return str(self._session.get_config_variable("region"))


def open_session(settings: Settings, found: Collection[str]) -> Responding:
    """Load the profile's credentials; `found` are ids that may not be among them.

    Raises:
        InspectError: there is no such profile, it has no credentials, or found ones.

    """
    with no_library_errors(settings.profile):
        session = _session(settings, found)
        for access_key_id in _stored_ids(session, settings.profile):
            _refuse(access_key_id, found, settings.profile)
        credentials = session.get_credentials()
        if credentials is None:
            raise InspectError(
                f"The profile {settings.profile} has no credentials.", hint=_hint(settings.profile)
            )
        # On the way there nothing was signed with a found key; what came of it is seen only now.
        _refuse(credentials.get_frozen_credentials().access_key or "", found, settings.profile)
        return Responding(session)


@contextmanager
def no_library_errors(profile: str) -> Iterator[None]:
    """Turn botocore's errors into our own, without their texts: they may quote what was read."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConfigParseError,
        HTTPClientError,
        ProfileNotFound,
        SSOError,
        TokenRetrievalError,
    )
    from botocore.exceptions import ConnectionError as CannotConnectError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ProfileNotFound:
        hint = "aws configure list-profiles names those that there are."
        raise InspectError(f"There is no AWS profile {profile}.", hint=hint) from None
    except ClientError as error:
        message = f"AWS refused to say who the profile {profile} is ({_refusal(error)})."
        raise InspectError(message, hint=_hint(profile)) from None
    except ConfigParseError as error:
        path = error.kwargs.get("path", "~/.aws/config")
        hint = "It is no file of sections with names and values. Nothing was verified."
        raise InspectError(f"The AWS config file cannot be read: {path}.", hint=hint) from None
    except (SSOError, TokenRetrievalError) as error:
        kind = type(error).__name__
        message = f"The profile {profile} is not signed in to SSO ({kind})."
        login = f"aws sso login --profile {profile}"
        hint = f"Try: {login}, or that of its source_profile. Nothing was verified."
        raise InspectError(message, hint=hint) from None
    except (CannotConnectError, HTTPClientError) as error:
        kind = type(error).__name__
        message = f"AWS could not be asked who the profile {profile} is ({kind})."
        raise InspectUnreachableError(message, hint=_hint(profile)) from None
    except (ResponseParserError, *NOT_AS_MODELLED):
        message = f"AWS could not be asked who the profile {profile} is: no answer of AWS's came."
        raise InspectUnreachableError(message, hint=_hint(profile)) from None
    except BotoCoreError as error:
        kind = type(error).__name__
        message = f"The profile {profile} cannot be used ({kind})."
        raise InspectError(message, hint=_hint(profile)) from None


def _refusal(error: "ClientError") -> str:
    """Return AWS's code, and what was asked for on the way to the question who it is."""
    code = error.response.get("Error", {}).get("Code", "no code")
    asked = error.operation_name
    return code if asked == "GetCallerIdentity" else f"{code}, asked for {asked}"


def _hint(profile: str) -> str:
    return f"Try: aws sts get-caller-identity --profile {profile}. Nothing was verified."


def _session(settings: Settings, found: Collection[str]) -> "Session":
    from leakscan.inspect.guarded import GuardedSession

    def check(access_key_id: str) -> None:
        _refuse(access_key_id, found, settings.profile)

    session = GuardedSession(settings.profile, check, settings.endpoint_url)
    region = session.get_config_variable("region") or settings.region
    session.set_config_variable("region", region)
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    session.set_config_variable("sts_regional_endpoints", "regional")
    if settings.ca_bundle:
        session.set_config_variable("ca_bundle", settings.ca_bundle)
    # Also for the clients that assume a role on the way to the credentials.
    session.set_default_client_config(_config(settings))
    providers = session.get_component("credential_provider")
    for name in _UNASKED:
        providers.remove(name)
    return session


def _config(settings: Settings) -> "Config":
    from botocore.config import Config

    return Config(
        user_agent=settings.user_agent,
        connect_timeout=min(_CONNECT_TIMEOUT_S, settings.timeout_s),
        read_timeout=settings.timeout_s,
        retries={"total_max_attempts": _TRIES, "mode": "standard"},
        proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else None,
        # A URL of one's own is no FIPS host to botocore, which would refuse both together.
        use_fips_endpoint=(settings.fips and not settings.endpoint_url) or None,
    )


def _refuse(access_key_id: str, found: Collection[str], profile: str) -> None:
    if access_key_id in found:
        raise InspectError(
            f"The profile {profile} uses a key that was found: {access_key_id}.",
            hint="A found key is never used to look around. Name a profile with other credentials.",
        )


def _stored_ids(session: "Session", profile: str) -> Iterator[str]:
    """Yield the ids along the chain of source profiles, without using any."""
    from botocore.credentials import EnvProvider

    profiles = session.full_config.get("profiles", {})
    name: str | None = profile
    for _ in range(_MAX_CHAIN):
        settings = profiles.get(name, {})
        yield str(settings.get("aws_access_key_id", ""))
        if settings.get("credential_source") == EnvProvider.CANONICAL_NAME:
            credentials = EnvProvider().load()
            yield credentials.access_key if credentials else ""
        name = settings.get("source_profile")
