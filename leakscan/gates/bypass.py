"""The record of what was let through on purpose.

In: who asked for it, why, and what was found. Out: one line of JSON in the repository's own git
directory. No secret is in it; a bypass that cannot be recorded is none.
"""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from leakscan.errors import ExitCode, LeakscanError
from leakscan.model import ScanResult
from leakscan.redact import mask_text
from leakscan.report.base import ReportOptions, acts, is_complete

FILE: Final = "leakscan/bypasses.jsonl"
# Neither through a link, nor waiting for whoever reads a pipe.
_CAREFUL: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class BypassError(LeakscanError):
    """The bypass could not be recorded."""

    code = ExitCode.FINDINGS


def record(common_dir: Path, *, gate: str, reason: str, time: str, what: Sequence[str]) -> Path:
    """Add a bypass to the record and return its file; `time` is in ISO 8601.

    `what` is what was let through: fingerprints, and words for what was not read.
    Raises BypassError where that fails.
    """
    line = {"time": time, "gate": gate, "reason": mask_text(reason), "let_through": list(what)}
    file = common_dir / FILE
    try:
        file.parent.mkdir(exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CAREFUL
        with os.fdopen(os.open(file, flags, 0o600), "a", encoding="utf-8") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise OSError("not a regular file")
            stream.write(json.dumps(line, ensure_ascii=True) + "\n")
    except OSError as error:
        raise BypassError(
            f"The bypass does not count: it cannot be recorded in {file} "
            f"({error.strerror or error})."
        ) from error
    return file


def let_through(result: ScanResult, options: ReportOptions) -> list[str]:
    """Return what a bypass of this result lets through."""
    found = [
        str(finding.credential.fingerprint) for finding in result.findings if acts(finding, options)
    ]
    return found if is_complete(result) else [*found, "not read completely"]
