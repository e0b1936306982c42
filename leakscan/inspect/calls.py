"""One call to IAM that degrades alone: its answer, or why there is none.

Part of the inspect stage. In: a client and an operation. Out: plain values, and a `Gap` for what
stays unknown. No error of one call reaches another; where nothing answers at all, the rest is not
asked.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from leakscan.inspection import Gap, Why
from leakscan.record import Record

if TYPE_CHECKING:
    from botocore.client import BaseClient

MAX_PAGES: Final = 5
_MAX_SILENCE: Final = 2
_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_BUSY: Final = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests")
NOT_AS_MODELLED: Final = (ValueError, LookupError, TypeError, AttributeError)
"""What botocore raises of XML that is well-formed and not AWS's: a page, or times that are none."""
_ABSENT: Final = ("NoSuchEntity", "NoSuchEntityException")


class Reply(Record, frozen=True):
    """What came back of one call. `is_absent` says that IAM has no such thing."""

    data: Mapping[str, Any]
    gap: Gap | None = None
    is_absent: bool = False
    message: str = ""
    """AWS's words on an error; compared, never shown."""


class Listed(Record, frozen=True):
    """What a list holds, as far as it was read."""

    items: tuple[Any, ...]
    gap: Gap | None = None


class Calls:
    """Calls of one service, made with one client."""

    def __init__(self, service: str, client: "BaseClient") -> None:
        self._service = service
        self._client = client
        self._silence = 0

    def one(self, what: str, operation: str, **parameters: object) -> Reply:
        """Return the reply to one call; `what` is what it would tell, for the gap."""
        action = f"{self._service}:{operation}"
        if self._silence >= _MAX_SILENCE:
            return Reply({}, Gap(what, action, Why.NO_ANSWER, "not asked: nothing answered"))
        reply = _reply(_method(self._client, operation), Gap(what, action, Why.REFUSED), parameters)
        is_silent = reply.gap is not None and reply.gap.code in _SILENT
        self._silence = self._silence + 1 if is_silent else 0
        return reply

    def many(self, what: str, operation: str, key: str, **parameters: object) -> Listed:
        """Return what a list holds: of a very long one, the first pages and a gap."""
        items: list[Any] = []
        for _ in range(MAX_PAGES):
            reply = self.one(what, operation, **parameters)
            items += listed(reply.data, key)
            if reply.gap is not None:
                return Listed(tuple(items), reply.gap)
            if not reply.data.get("IsTruncated") or not text(reply.data, "Marker"):
                return Listed(tuple(items))
            parameters["Marker"] = text(reply.data, "Marker")
        return Listed(tuple(items), Gap(what, f"{self._service}:{operation}", Why.CUT))


_SILENT: Final = ("could not connect", "timed out", "connection lost")


def _method(client: "BaseClient", operation: str) -> Callable[..., Any]:
    from botocore import xform_name

    method: Callable[..., Any] = getattr(client, xform_name(operation))
    return method


def _reply(method: Callable[..., Any], gap: Gap, parameters: Mapping[str, object]) -> Reply:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        HTTPClientError,
        ReadTimeoutError,
    )
    from botocore.exceptions import ConnectionError as CannotConnectError
    from botocore.parsers import ResponseParserError

    try:
        data = method(**parameters)
    except ClientError as error:
        return _refusal(error.response, gap)
    except (ConnectTimeoutError, ReadTimeoutError):
        return Reply({}, _because(gap, Why.NO_ANSWER, "timed out"))
    except CannotConnectError:
        return Reply({}, _because(gap, Why.NO_ANSWER, "could not connect"))
    except HTTPClientError:
        return Reply({}, _because(gap, Why.NO_ANSWER, "connection lost"))
    except (BotoCoreError, ResponseParserError, *NOT_AS_MODELLED) as error:
        # Only the type: the text may quote the answer.
        return Reply({}, _because(gap, Why.NOT_UNDERSTOOD, type(error).__name__))
    return Reply(data if isinstance(data, dict) else {})


def _refusal(response: Mapping[str, Any], gap: Gap) -> Reply:
    error = response.get("Error") or {}
    code, message = text(error, "Code"), text(error, "Message")
    status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    if code in _ABSENT:
        return Reply({}, None, is_absent=True)
    if code in _DENIED:
        return Reply({}, _because(gap, Why.NOT_PERMITTED, ""))
    if code in _BUSY or status >= 500:
        return Reply({}, _because(gap, Why.NO_ANSWER, code or f"HTTP {status}"))
    if not code or code.isdigit():  # A page of a proxy: botocore puts the status for AWS's word.
        return Reply({}, _because(gap, Why.NOT_UNDERSTOOD, f"HTTP {status}"))
    return Reply({}, _because(gap, Why.REFUSED, code), message=message)


def _because(gap: Gap, why: Why, code: str) -> Gap:
    return Gap(gap.what, gap.action, why, code)


def text(data: Mapping[str, Any], key: str) -> str:
    """Return a text of an answer, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def listed(data: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list of an answer, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, list) else []


def inner(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a structure of an answer, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def when(data: Mapping[str, Any], key: str) -> datetime | None:
    """Return a time of an answer, in UTC."""
    value = data.get(key)
    return value.astimezone(UTC) if isinstance(value, datetime) else None
