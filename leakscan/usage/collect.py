"""What the code of a repository does with AWS: each file to the reader of its language.

Part of the usage stage. In: paths and bytes, and readers. Out: `Usage`. What is left out is
counted by the reason; what a reader cannot tell it says as Unclear. Nothing read here is run.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from leakscan.permissions import Call, Spot, Unclear, Usage
from leakscan.record import Record
from leakscan.usage.infrastructure import tool_of
from leakscan.usage.other_languages import is_prose, language_of, unread

File = tuple[str, bytes]

TESTS: Final = "tests"
VENDORED: Final = "vendored or generated"
TOO_LARGE: Final = "too large"
TOO_MANY: Final = "more than are looked at"
NO_CODE: Final = "files without code"
DATA: Final = "files without code, too large or too many"

CODE: Final = "code"
UNREAD: Final = "code that is not read"
OTHER: Final = "other"

_TEST_FOLDERS: Final = frozenset(
    {
        "test",
        "tests",
        "testing",
        "__tests__",
        "__mocks__",
        "__fixtures__",
        "fixtures",
        "testdata",
        "test-data",
        "test_data",
        "spec",
        "specs",
        "e2e",
        "unit_tests",
        "integration_tests",
    }
)
_TEST_NAME: Final = re.compile(
    r"(?:test_.*|.*_test|conftest|tests?)\.pyw?\Z|.*_test\.go\Z|.*_test\.sh\Z"
    r"|.*[.-](?:spec|test|e2e|stories)\.[cm]?[jt]sx?\Z"
)
_VENDORED_FOLDERS: Final = frozenset(
    {
        "node_modules",
        "bower_components",
        "vendor",
        "vendors",
        "third_party",
        "thirdparty",
        "site-packages",
        "dist-packages",
        "dist",
        ".venv",
        "venv",
        "virtualenv",
        ".tox",
        ".nox",
        ".eggs",
        "__pypackages__",
        "__pycache__",
        ".git",
        ".yarn",
        ".pnp",
        ".next",
        ".nuxt",
        "cdk.out",
        ".serverless",
        ".aws-sam",
        ".terraform",
        ".webpack",
        "botocore",
        "s3transfer",
        "@aws-sdk",
        "@smithy",
    }
)
_SDK_FOLDER: Final = re.compile(
    r"(?:.*/)?(?:github\.com/aws/"
    r"|aws-sdk-go[^/]*/(?:aws|config|credentials|feature|internal|models|private|service)/"
    r"|aws-sdk(?:-js[^/]*)?/(?:apis|clients|clients-extra|dist|dist-tools|lib|packages)/"
    r"|aws-sdk-(?:cpp|java|kotlin|net|php|ruby|rust|swift)[^/]*/"
    r"|awscli/(?:bcdoc|botocore|customizations|examples|s3transfer|topics)/)"
)
"""Whole copies of an SDK or of the CLI, under the name of its own repository."""
_VENDORED_NAME: Final = re.compile(r".*(?:[.-]min|\.bundle|\.chunk)\.[cm]?js\Z|.*\.pb\.go\Z")
_BOTO3: Final = re.compile(
    r"(?:.*/)?boto3/(?:(?:__init__|compat|crt|exceptions|session|utils)\.py\Z|resources/|docs/"
    r"|s3/(?:constants|inject|transfer)\.py\Z|ec2/(?:create|delete)tags\.py\Z"
    r"|dynamodb/(?:conditions|table|transform|types)\.py\Z)"
)
"""boto3's own files; a folder of somebody's examples may have its name too."""
_GENERATED: Final = re.compile(
    rb"(?i)\A(?:(?:[#/*;]|--|<!--)[^\n]*\n){0,20}[^\n]*\bcode generated\b[^\n]*\bdo not edit\b"
)
_HEAD_BYTES: Final = 2048
_MAYBE_OWN: Final = frozenset({"dist", "vendor", "vendors", "third_party", "thirdparty"})
"""Of folders of others' code those that programs are named like too."""
_UNTOUCHED: Final = frozenset({TOO_LARGE, TOO_MANY})
"""Reasons that say that nobody looked into a file at all."""
_UNREAD: Final = _UNTOUCHED | {TESTS, VENDORED, NO_CODE}


class Options(Record, frozen=True):
    """What is read, and how much of it."""

    with_tests: bool = False
    file_bytes: int = 1 << 20
    total_bytes: int = 64 << 20
    """Of files that a reader reads."""
    named: tuple[str, ...] = ()
    """Folders that were asked for by their names: these are no reason to leave out what is in."""


class Reader(Protocol):
    """Reads the files of one language."""

    @property
    def language(self) -> str:
        """Its name, as reports say it: Python."""
        ...

    def is_mine(self, path: str, data: bytes) -> bool:
        """Say whether a file is of this language, by its name or its first line."""
        ...

    def read(self, files: Sequence[File]) -> Iterator[Call | Unclear]:
        """Yield what the files do; what one of them makes impossible is Unclear, never raised."""
        ...


def usage(
    files: Iterable[File], readers: Sequence[Reader], options: Options | None = None
) -> Usage:
    """Return what the files do with AWS, in the order of paths and lines."""
    options = options or Options()
    by_reader: dict[int, list[File]] = {}
    left_out: Counter[str] = Counter()
    creates: Counter[str] = Counter()
    unclear: list[Unclear] = []
    read_bytes = looked_bytes = 0
    for path, data in files:
        reader = _reader(path, data, readers)
        creates[tool_of(path, data)] += 1
        if reader is None:
            reason, found = _without_reader(path, data, options, looked_bytes)
            looked_bytes += len(data) if found or reason not in _UNREAD else 0
            left_out[reason] += not found
            unclear += found
            continue
        reason = why_left_out(path, data, options)
        if not reason and read_bytes + len(data) > options.total_bytes:
            reason = TOO_MANY
        if reason:
            left_out[reason] += 1
            continue
        read_bytes += len(data)
        by_reader.setdefault(reader, []).append((path, data))
    del creates[""]
    made = _read(by_reader, readers, left_out, unclear)
    gaps = {reason: number for reason, number in made.left_out.items() if reason in _UNTOUCHED}
    return replace(made, creates=dict(sorted(creates.items())), gaps=gaps)


def _without_reader(
    path: str, data: bytes, options: Options, looked_bytes: int
) -> tuple[str, list[Unclear]]:
    """Return as what a file counts that nobody reads, or what is unclear of it if it uses AWS."""
    language = language_of(path)
    if language is None and is_prose(path, data):
        return NO_CODE, []
    reason = why_left_out(path, data, options)
    if not reason and looked_bytes + len(data) > options.total_bytes:
        reason = TOO_MANY
    if reason:
        what = DATA if reason in _UNTOUCHED else NO_CODE
        return (reason if language is not None else what), []
    found = unread(path, data)
    return language or NO_CODE, [found] if found is not None else []


def kind_of(path: str, readers: Sequence[Reader]) -> str:
    """Tell by the name alone who may read a file: a reader, nobody its language, or anybody.

    Nothing is returned for what is surely no code.
    """
    if _reader(path, b"", readers) is not None:
        return CODE
    if language_of(path) is not None:
        return UNREAD
    return "" if is_prose(path, b"") else OTHER


def why_left_out(path: str, data: bytes, options: Options) -> str:
    """Return why a file is not read, or nothing."""
    if len(data) > options.file_bytes:
        return TOO_LARGE
    if _GENERATED.match(data[:_HEAD_BYTES]):
        return VENDORED
    return _left_out_by_name(path, options)


def _left_out_by_name(path: str, options: Options) -> str:
    path = _below_named(path, options.named)
    *folders, name = path.lower().split("/")
    is_vendored = not _VENDORED_FOLDERS.isdisjoint(folders) or _VENDORED_NAME.match(name)
    if is_vendored or _BOTO3.match(path.lower()) or _SDK_FOLDER.match(path.lower()):
        return VENDORED
    is_test = not _TEST_FOLDERS.isdisjoint(folders) or _TEST_NAME.match(name)
    return TESTS if is_test and not options.with_tests else ""


def folder_aside(path: str, options: Options) -> str:
    """Return the folder that makes a file a test, or another's, by a name that may mislead.

    Nothing is returned where it is surely others'; of a test with a name of its own, its folder.
    """
    folders = path.split("/")[:-1]
    for end in range(1, len(folders) + 1):
        folder = "/".join(folders[:end])
        reason = _left_out_by_name(f"{folder}/_", options)
        if reason:
            return folder if reason == TESTS or folders[end - 1].lower() in _MAYBE_OWN else ""
    is_test = _left_out_by_name(path, options) == TESTS
    return ("/".join(folders) or ".") if is_test else ""


def _below_named(path: str, named: tuple[str, ...]) -> str:
    begins = [one for one in named if path.startswith(f"{one}/")]
    return path[len(max(begins, key=len)) + 1 :] if begins else path


def _reader(path: str, data: bytes, readers: Sequence[Reader]) -> int | None:
    return next((n for n, reader in enumerate(readers) if reader.is_mine(path, data)), None)


def _read(
    by_reader: dict[int, list[File]],
    readers: Sequence[Reader],
    left_out: Counter[str],
    unclear: list[Unclear],
) -> Usage:
    calls: list[Call] = []
    counts: Counter[str] = Counter()
    for number, files in sorted(by_reader.items()):
        counts[readers[number].language] += len(files)
        for found in readers[number].read(sorted(files)):
            if isinstance(found, Call):
                calls.append(found)
            else:
                unclear.append(found)
    return Usage(
        tuple(sorted(calls, key=lambda call: (*_place(call.spot), call.service, call.operation))),
        tuple(sorted(unclear, key=lambda one: (*_place(one.spot), one.why))),
        dict(sorted(counts.items())),
        dict(sorted((+left_out).items())),
    )


def _place(spot: Spot) -> tuple[str, int]:
    return spot.path, spot.line
