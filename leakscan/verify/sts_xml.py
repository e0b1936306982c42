"""Reads what STS sends back: status, headers and XML become an `Answer`.

Part of the verify stage. In: the parts of one HTTP response, of which nothing is believed. Out: an
`Answer`; what AWS does not send, such as a portal's page or half of an answer, is a failure of it.

AWS's own parser in botocore takes what is not there for empty and does not look at the root; here
an answer is AWS's in all its parts or not at all.

Source: STS API Reference, GetCallerIdentity; botocore, data/sts. moto puts one more element around
an error, as EC2 does.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from leakscan.record import Record
from leakscan.redact import Redactor
from leakscan.verdict import Cause
from leakscan.verify.answers import account_of
from leakscan.verify.base import Answer

_USER_ID: Final = re.compile(r"[A-Za-z0-9]{12,32}(?::[\w+=,.@-]{1,64})?", re.ASCII)
"""An account or a unique id, then the name of a session. Source: IAM User Guide, principal keys."""
_MESSAGE_SIZE: Final = 4096
_YEARS: Final = range(2000, 2200)
"""A date outside them is no server's clock, and could not be calculated with."""

NOT_AWS: Final = "what came back is no answer of AWS: a proxy or a portal may have given it"


class Response(Record, frozen=True):
    """One HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read(response: Response, redact: Redactor) -> Answer:
    """Return what a response says; `redact` knows what was sent and must not come back."""
    answer = _read(response, redact)
    told = (answer.code, answer.arn, answer.account, answer.user_id, answer.request_id)
    if any(redact(text) != text for text in told):
        return failed(Cause.ANSWER, "the answer repeats what was sent", response.status)
    return answer


def failed(cause: Cause, why: str, status: int = 0) -> Answer:
    """Return the answer that there is none, and why, in words without a full stop."""
    return Answer(status=status, failure=why, failed_as=cause)


def _read(response: Response, redact: Redactor) -> Answer:
    status = response.status
    if 300 <= status < 400:
        why = "the host answered with a redirection to another place, which was not followed"
        return failed(Cause.ANSWER, why, status)
    if status == 407:
        return failed(Cause.UNREACHABLE, "a proxy on the way asks for a login", status)
    root = _parse(response.body)
    if status == 200:
        return _success(root, response)
    if status >= 400:
        return _error(root, response, redact)
    return failed(Cause.ANSWER, NOT_AWS, status)


def _parse(body: bytes) -> Element | None:
    """Return the root of a document, None if it is no XML in UTF-8, or declares a type."""
    try:
        text = body.decode("utf-8")
        # As text, so that no encoding that the document names can hide what is looked for here.
        if "<!DOCTYPE" in text:
            return None
        return ElementTree.fromstring(text)  # noqa: S314 - see above
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError):
        return None


def _success(root: Element | None, response: Response) -> Answer:
    """Return who AWS says it is, if all that it says fits together."""
    result = _child(root, "GetCallerIdentityResponse", "GetCallerIdentityResult")
    arn, account, user_id = (_text(result, name) for name in ("Arn", "Account", "UserId"))
    if not account or account_of(arn) != account or not _USER_ID.fullmatch(user_id):
        return failed(Cause.ANSWER, NOT_AWS, response.status)
    return Answer(
        status=response.status,
        arn=arn,
        account=account,
        user_id=user_id,
        date=_date(response),
        request_id=_request_id(
            _child(root, "GetCallerIdentityResponse", "ResponseMetadata"), response
        ),
    )


def _error(root: Element | None, response: Response, redact: Redactor) -> Answer:
    error = _child(root, "ErrorResponse", "Error")
    if error is None:
        error = _child(_child(root, "ErrorResponse", "Errors"), "Errors", "Error")
    code = _text(error, "Code")
    if not code:
        return _nothing_said(response.status)
    return Answer(
        status=response.status,
        code=code,
        message=redact(_text(error, "Message")[:_MESSAGE_SIZE]),
        date=_date(response),
        request_id=_request_id(root, response),
    )


def _nothing_said(status: int) -> Answer:
    if status == 429:
        return failed(Cause.THROTTLED, "the server asks for fewer calls", status)
    if status >= 500:
        return failed(Cause.SERVER, "the server, or a proxy on the way, failed", status)
    return failed(Cause.ANSWER, NOT_AWS, status)


def _child(parent: Element | None, name: str, child: str) -> Element | None:
    """Return the one child of that name of an element of that name, None if it is not so."""
    if parent is None or _name(parent) != name:
        return None
    found = [each for each in parent if _name(each) == child]
    return found[0] if len(found) == 1 else None


def _text(parent: Element | None, child: str) -> str:
    """Return the text of the one child of that name, empty if it is not so."""
    found = [each for each in parent if _name(each) == child] if parent is not None else []
    return (found[0].text or "").strip() if len(found) == 1 and not len(found[0]) else ""


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _request_id(parent: Element | None, response: Response) -> str:
    return response.headers.get("x-amzn-requestid") or _text(parent, "RequestId")


def _date(response: Response) -> datetime | None:
    """Return the server's time; None if it tells none that can be."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
        date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.year in _YEARS else None
