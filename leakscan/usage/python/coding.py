"""The text of a file of Python, in the coding that it names.

Part of the usage stage. In: bytes. Out: text. No codec but those of texts is asked for anything.
"""

import codecs
import re
import tokenize
from typing import Final

_CODING: Final = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
"""Source: https://peps.python.org/pep-0263/#defining-the-encoding"""
_USUAL: Final = frozenset(
    {b"utf-8", b"utf8", b"utf-8-sig", b"ascii", b"us-ascii", b"latin-1", b"latin1", b"iso-8859-1"}
    | {b"iso-8859-15", b"cp1252", b"windows-1252", b"utf-8-unix", b"latin-1-unix"}
)
_NOT_OF_FILES: Final = frozenset({"idna", "punycode"})
"""Of names of hosts; their time grows with the square of a text."""
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class NotPythonError(Exception):
    """A text that is no Python 3, or none that may be read; says why."""


def is_odd(data: bytes) -> bool:
    """Say whether a file may say something else than its bytes, read as ASCII, seem to."""
    named = map(_CODING.match, data[:1024].split(b"\n", 2)[:2])
    return data.startswith(_UTF_16) or any(
        found[1].lower().replace(b"_", b"-") not in _USUAL for found in named if found is not None
    )


def decoded(data: bytes) -> str:
    """Return the text of a file. Raises NotPythonError.

    What names no coding and is not the UTF-8 that it should be is read by its ASCII.
    """
    if data.startswith(_UTF_16):
        raise NotPythonError("it is UTF-16, which Python itself does not run")
    is_named = is_odd(data)
    try:
        coding, _ = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)
        if codecs.lookup(coding).name in _NOT_OF_FILES:
            raise LookupError(coding)
        # `str` asks codecs of texts alone: one that unpacks, or turns letters, is refused.
        return str(data, "utf-8-sig" if coding.startswith("utf-8") else coding)
    except UnicodeError:
        if is_named:
            raise NotPythonError("it is not in the coding that it names") from None
    except (SyntaxError, LookupError, ValueError):
        if is_named:
            raise NotPythonError("the coding that it names is none of texts") from None
    return data.decode("latin-1")
