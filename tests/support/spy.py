"""Looks for secrets in whatever a program left behind, in every spelling they may have.

In: bytes of any kind and the secrets. Out: the spellings that were found.
"""

import base64
import html
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.support.cli import files_below
from tests.support.keys import Leak

WINDOW: Final = 12
"""So many characters of a secret in a row are a leak of it: chance gives that never."""

_PUBLIC: Final = base64.b64encode(b"\x21\x0a\x09origin_ec").decode()
"""How every session token begins: no secret, but what a rule looks for."""
_CONTROL: Final = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
# What a table, a wrapped line or a quoted block may put in the middle of a long value.
_LAYOUT: Final = re.compile(rb"[\s\x00|\\]|\xe2[\x94-\x96].")


def leaked(data: bytes, leaks: Iterable[Leak]) -> list[str]:
    """Return what of the secrets stands in the data, named by spelling; empty if all is well."""
    plain = _CONTROL.sub(b"", data)
    views = (plain, _LAYOUT.sub(b"", plain), plain.replace(b"\0", b""))
    return [
        name
        for leak in leaks
        for value in leak.values()
        for name, spelling in _spellings(value)
        if any(spelling in view for view in views)
    ]


def leaked_in_files(folders: Iterable[Path], leaks: Iterable[Leak]) -> list[str]:
    """Return the files below the folders that hold a secret, in their content or their path."""
    wanted = list(leaks)
    found = []
    for folder in folders:
        for path in files_below(folder):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            own_name = str(path.relative_to(folder)).encode()
            if leaked(data, wanted) or leaked(own_name, wanted):
                found.append(str(path))
    return found


def watch(process: "subprocess.Popen[bytes]", folders: Iterable[Path]) -> dict[str, bytes]:
    """Copy every file that appears below the folders while a process runs, until it ends."""
    watched = list(folders)
    seen: dict[str, bytes] = {}
    while process.poll() is None:
        for folder in watched:
            for path in files_below(folder):
                try:
                    seen[f"{path}:{path.stat().st_mtime_ns}"] = path.read_bytes()
                except FileNotFoundError:
                    continue
    return seen


def _spellings(value: str) -> Iterator[tuple[str, bytes]]:
    for start in range(len(value) - WINDOW + 1):
        if value[start : start + WINDOW] in _PUBLIC:
            continue
        yield f"plain at {start}", value[start : start + WINDOW].encode()
    data = value.encode()
    yield "hex", data.hex().encode()
    yield "upper hex", data.hex().upper().encode()
    yield "utf-16-le", value.encode("utf-16-le")
    yield "utf-16-be", value.encode("utf-16-be")
    yield "reversed", data[::-1]
    yield "percent", quote(value, safe="").encode()
    yield "lower percent", re.sub("%..", lambda found: found[0].lower(), quote(value, "")).encode()
    yield "html", html.escape(value.replace("/", "&#x2F;").replace("+", "&#43;"), False).encode()
    yield "unicode escapes", value.replace("/", "\\u002f").replace("+", "\\u002b").encode()
    yield "json", value.replace("/", "\\/").encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + data)
        yield f"base64 at {shift}", coded[4 if shift else 0 : -4]
