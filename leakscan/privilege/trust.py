"""Whom the role trusts, checked before it is written anywhere.

Part of the privilege stage. In: the JSON text of a trust policy of the catalogue, filled with what
is known. Out: the same, in one form. A text that trusts everybody is never passed on.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from leakscan.errors import ExitCode, LeakscanError


class TrustError(LeakscanError):
    """A trust policy is none, or trusts everybody."""

    code = ExitCode.CONFIG


def checked_trust(text: str) -> str:
    """Return a trust policy as indented JSON, empty for an empty one.

    Raises: TrustError.
    """
    if not text.strip():
        return ""
    try:
        policy = json.loads(text)
    except ValueError:
        raise TrustError("The trust policy of this place is not JSON.") from None
    statements = list(_statements(policy))
    if not statements or any(_trusts_all(one) for one in statements):
        raise TrustError("The trust policy of this place trusts everybody, or nobody.")
    return json.dumps(policy, indent=2)


_NOT_NAME: Final = re.compile(r"[^A-Z0-9_]+")


def open_words(text: str, words: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return a trust policy whose open words are names of variables, and what these mean.

    `words` are words of the place in capitals and their meanings; OWNER/REPOSITORY, for one,
    becomes OWNER_REPOSITORY.
    """
    found = {}
    for word, meaning in sorted(words.items(), key=lambda item: -len(item[0])):
        whole = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])")
        name = _NOT_NAME.sub("_", word)
        if whole.search(text):
            text = whole.sub(name, text)
            found[name] = meaning
    return text, found


def _statements(policy: Any) -> Iterator[dict[str, Any]]:
    found = policy.get("Statement") if isinstance(policy, dict) else None
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            yield one


def _trusts_all(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow":
        return False
    if not isinstance(principal, dict) or not principal:
        return True
    values = (one if isinstance(one, list) else [one] for one in principal.values())
    return any("*" in one for one in values)
