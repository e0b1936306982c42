"""Runs the installed program as a user would, and reads its JSON report.

In: arguments. Out: exit code, both streams, and the report after the contract of the
package's JSON Schema. The environment is closed: own HOME and TMPDIR, no `GIT_*`.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsonschema  # type: ignore[import-untyped]

Json: TypeAlias = dict[str, Any]

CLEAN: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
INCOMPLETE: Final = 3
CONFIG: Final = 4
INTERRUPTED: Final = 130

TIMEOUT_S: Final = 120
"""How long a run may hang before the test fails; no test measures time."""

DROP_ROOT: Final = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Runs a command as root for whom file permissions count."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the program left: its exit code and both streams."""

    code: int
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)

    @property
    def message(self) -> str:
        """Everything it said on stderr."""
        return self.err.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Scan:
    """A run whose stdout was a valid JSON report."""

    run: Run
    report: Json = field(repr=False)

    @property
    def code(self) -> int:
        """The exit code."""
        return self.run.code

    @property
    def complete(self) -> bool:
        """What the report says of its coverage."""
        return bool(self.report["complete"])

    @property
    def findings(self) -> list[Json]:
        """All findings."""
        return list(self.report["findings"])

    @property
    def skipped(self) -> list[Json]:
        """All that was not read."""
        return list(self.report["skipped"])

    def of(self, key_id: str) -> list[Json]:
        """Return the findings of an access key id."""
        return [one for one in self.findings if one["access_key_id"] == key_id]

    def occurrences(self, key_id: str, **wanted: object) -> list[Json]:
        """Return the occurrences of an access key id whose fields have the wanted values."""
        return [
            place
            for finding in self.of(key_id)
            for place in finding["occurrences"]
            if all(place.get(name) == value for name, value in wanted.items())
        ]


class Cli:
    """The installed program with one HOME and TMPDIR of its own."""

    def __init__(self, home: Path, tmp: Path) -> None:
        self.home = home
        self.tmp = tmp
        home.mkdir(parents=True, exist_ok=True)
        tmp.mkdir(parents=True, exist_ok=True)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment of a run."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "LC_ALL": "C.UTF-8",
            **(extra or {}),
        }

    def run(
        self,
        *args: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        prefix: tuple[str, ...] = (),
    ) -> Run:
        """Run the program and return what it left; a traceback fails the test at once."""
        done = subprocess.run(
            [*prefix, *program(), *map(str, args)],
            cwd=cwd or self.home,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
        return Run(done.returncode, done.stdout, done.stderr)

    def scan(
        self,
        path: Path,
        *options: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> Scan:
        """Scan a repository and return its JSON report, checked against the schema."""
        args = ("scan", path, "--format", "json", *options)
        run = self.run(*args, cwd=cwd, env=env, prefix=prefix)
        assert run.out, f"exit code {run.code} and no report: {run.message}"
        return Scan(run, read_report(run.out))


@functools.cache
def program() -> tuple[str, ...]:
    """Return the command line that starts the installed program, or the one named to be tested."""
    if named := os.environ.get("LEAKSCAN_TEST_PROGRAM"):
        return (named,)
    script = shutil.which("leakscan", path=str(Path(sys.executable).parent))
    return (script,) if script else (sys.executable, "-m", "leakscan")


@functools.cache
def report_checker() -> Callable[[Json], None]:
    """Return a function that raises when a report breaks the schema of the package."""
    text = resources.files("leakscan").joinpath("report/schema/report-1.json").read_text()
    schema = json.loads(text)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    check: Callable[[Json], None] = kind(schema).validate
    return check


def read_report(data: bytes) -> Json:
    """Return a report after checking it against the schema and against itself."""
    report: Json = json.loads(data)
    report_checker()(report)
    counted = report["coverage"]["objects"]
    assert counted["scanned"] <= counted["expected"]
    if report["complete"]:
        assert counted["scanned"] == counted["expected"]
    assert report["complete"] == (not report["skipped"])
    fingerprints = [one["fingerprint"] for one in report["findings"]]
    assert len(fingerprints) == len(set(fingerprints))
    return report


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every regular file below a folder."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path
