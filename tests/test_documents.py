"""YAML documents: plain values, the same from the cache, and an error for all else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leakscan.documents import DocumentError, load_yaml
from tests.support.keys import KeyMaker

cached = pytest.mark.skipif(sys.platform == "win32", reason="no cache without owners and modes")

DOCUMENT = """\
accept:
  - paths: ['docs/**', "a\\u00e9b"]
    until: 2026-12-31
    reason: "übung"
  - {numbers: [1, -2, 1.5, 0x10], truth: [yes, false], nothing: ~, when: 2026-11-22 10:00:00}
""".encode()
VALUE = {
    "accept": [
        {"paths": ["docs/**", "aéb"], "until": "2026-12-31", "reason": "übung"},
        {
            "numbers": [1, -2, 1.5, 16],
            "truth": [True, False],
            "nothing": None,
            "when": "2026-11-22 10:00:00",
        },
    ]
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_values_are_plain_and_dates_stay_texts() -> None:
    assert load_yaml(DOCUMENT, None) == VALUE


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b"", None), (b"# nothing\n", None), (b"one", "one"), (b"[]", []),
        (b"\xef\xbb\xbfa: 1", {"a": 1}),
    ],
)  # fmt: skip
def test_small_documents(folder: Path, source: bytes, value: object) -> None:
    for _ in range(2):
        assert load_yaml(source, folder) == value


def test_an_alias_is_what_it_stands_for(folder: Path) -> None:
    for _ in range(2):
        assert load_yaml(b"a: &one {x: [1]}\nb: *one", folder) == {"a": {"x": [1]}, "b": {"x": [1]}}


@cached
def test_the_second_time_is_from_the_cache_and_equal(folder: Path) -> None:
    assert load_yaml(DOCUMENT, folder) == VALUE
    (file,) = folder.iterdir()
    before = file.stat()
    assert load_yaml(DOCUMENT, folder) == VALUE
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.read_bytes().endswith(json.dumps(VALUE).encode())


@cached
def test_another_document_is_another_value(folder: Path) -> None:
    assert load_yaml(b"a: 1", folder) == {"a": 1}
    assert load_yaml(b"a: 2", folder) == {"a": 2}
    assert load_yaml(b"a: 1", folder) == {"a": 1}
    assert len(list(folder.iterdir())) == 2


@cached
def test_with_the_value_in_the_cache_yaml_is_not_imported(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from leakscan.documents import load_yaml;"
        f"load_yaml({DOCUMENT!r}, Path({str(folder)!r}));"
        "print('yaml' in sys.modules)"
    )
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert said == [b"True", b"False"]


@cached
def test_a_broken_cache_is_parsed_again(folder: Path) -> None:
    assert load_yaml(DOCUMENT, folder) == VALUE
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert load_yaml(DOCUMENT, folder) == VALUE
    folder.chmod(0o777)
    assert load_yaml(DOCUMENT, folder) == VALUE


@cached
def test_what_holds_a_secret_is_not_copied_into_the_cache(folder: Path, keys: KeyMaker) -> None:
    secret = keys.leak().secret
    assert load_yaml(b"reason: it is %s here" % secret.encode(), folder) is not None
    assert not folder.exists() or list(folder.iterdir()) == []


WRONG = {
    "syntax": (b"a: 1\nb: [1\n", 3),
    "two documents": (b"a: 1\n---\nb: 2", 2),
    "key twice": (b"a: 1\nb: 2\na: 3", 3),
    "key twice below": (b"a:\n  b: 1\n  b: 2", 3),
    "number as key": (b"a: 1\n1: 2", 2),
    "truth as key": (b"on: 1", 1),
    "list as key": (b"[a]: 1", 1),
    "merge": (b"a: &a {b: 1}\nc:\n  <<: *a", 3),
    "bytes": (b"a: !!binary aGk=", 1),
    "set": (b"a: !!set {b}", 1),
    "pairs": (b"a: !!omap [b: 1]", 1),
    "date by name": (b"a: !!timestamp 2026-11-22", 1),
    "object": (b"a: !!python/object/apply:os.getcwd []", 1),
    "own tag": (b"a: !mine 1", 1),
    "wrong tag": (b"a: !!int many", None),
    "wrong truth": (b"a: !!bool maybe", None),
    "no mapping": (b"a: !!map [1]", 1),
    "no UTF-8": (b"a: \xff", None),
    "NUL": (b"a: \0", None),
    "huge number": (b"a: 0x" + b"f" * 5000, None),
    "many digits": (b"a: " + b"9" * 5000, None),
    "in itself": (b"a: &a [*a]", None),
    "in itself by name": (b"a: &a {b: *a}", None),
    "deep": (b"[" * 100_000, 1),
    "deep lines": (b"- " * 100_000, 1),
    "bomb": (
        b"- &a [x, x]\n"
        + b"".join(b"- &%c [*%c, *%c]\n" % (98 + n, 97 + n, 97 + n) for n in range(24)),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "line"), WRONG.values(), ids=WRONG)
def test_what_is_no_plain_document_is_an_error_with_its_line(
    folder: Path, source: bytes, line: int | None
) -> None:
    for _ in range(2):
        with pytest.raises(DocumentError) as caught:
            load_yaml(source, folder)
        assert caught.value.line == line
        assert ("line" in str(caught.value)) == (line is not None)
    assert not folder.exists() or list(folder.iterdir()) == []
