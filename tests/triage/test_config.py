"""`.leakscan.yaml`: what it may say, and that every complaint names file, entry and field."""

import json
from datetime import date
from typing import Any

import pytest

from leakscan.config import MAX_BYTES, Allow, load_config
from leakscan.errors import ExitCode
from leakscan.fields import ConfigError

PRINT = "lk1.is." + "0a" * 16
GOOD: dict[str, Any] = {"paths": ["tests/**"], "reason": "made up for the tests"}


def load(document: Any) -> Any:
    """Load a document; JSON is YAML."""
    return load_config(json.dumps(document).encode())


def refused(source: bytes | Any) -> str:
    """Return the complaint about a document."""
    raw = source if isinstance(source, bytes) else json.dumps(source).encode()
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    assert caught.value.code is ExitCode.CONFIG
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize("source", [b"", b"verify: {rate: 1}\n", b"allow: []\n"])
def test_a_version_that_is_missing_is_asked_for(source: bytes) -> None:
    assert refused(source) == ".leakscan.yaml: version: is missing; write version: 1."


def entry(**changes: Any) -> Any:
    return {"version": 1, "allow": [GOOD, {**GOOD, **changes}]}


def test_a_whole_file() -> None:
    config = load_config(
        b"""\
# what is no leak here
version: 1
baseline: security/known.txt
allow:
  - paths: [docs/*.md, "**/fixtures/"]
    rules: [aws-access-key-id]
    reason: ids of the handbook,
      which AWS deleted
    expires: 2027-01-31
  - fingerprints: ["%s"]
    reason: "2"
"""
        % PRINT.encode()
    )
    assert config.baseline == "security/known.txt"
    assert config.allow == (
        Allow(
            where=".leakscan.yaml: allow 1",
            reason="ids of the handbook, which AWS deleted",
            paths=("docs/*.md", "**/fixtures/"),
            rules=("aws-access-key-id",),
            expires=date(2027, 1, 31),
        ),
        Allow(where=".leakscan.yaml: allow 2", reason="2", fingerprints=(PRINT,)),
    )
    assert config.allow[0].summary == "paths docs/*.md, **/fixtures/; rules aws-access-key-id"


def test_a_file_may_allow_nothing() -> None:
    assert load({"version": 1}).allow == ()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, ".leakscan.yaml: version: is missing"),
        ([], ".leakscan.yaml: must be a mapping"),
        ({"version": 2}, "version: must be 1"),
        ({"version": True}, "version: must be 1"),
        ({"version": "1"}, "version: must be 1"),
        ({"version": 1, "allows": []}, ".leakscan.yaml: allows: is not a key"),
        ({"version": 1, "allow": {}}, "allow: must be a list"),
        ({"version": 1, "allow": ["x"]}, "allow 1: must be a mapping"),
        (entry(comment="x"), ".leakscan.yaml: allow 2: comment: is not a key"),
        (entry(reason=""), "allow 2: reason: is empty"),
        (entry(reason=" \n"), "allow 2: reason: is empty"),
        (entry(reason=None), "allow 2: reason: is missing"),
        (entry(reason=7), "allow 2: reason: must be a text"),
        (entry(reason=False), "allow 2: reason: must be a text"),
        (entry(paths="tests/**"), "allow 2: paths: must be a list"),
        (entry(paths=[]), "allow 2: paths: must be a list"),
        (entry(paths=["!x"]), "allow 2: paths: must be short globs"),
        (entry(paths=["/"]), "allow 2: paths: must be short globs"),
        (entry(paths=["x" * 257]), "allow 2: paths: must be short globs"),
        (entry(paths=[["x"]]), "allow 2: paths: must be short globs"),
        (entry(rules=["No Rule"]), "allow 2: rules: must be ids"),
        (entry(fingerprints=["lk1.is.12"]), "allow 2: fingerprints: must be fingerprints"),
        (entry(fingerprints=["lk1.si." + "0" * 32]), "fingerprints: must be fingerprints"),
        (entry(fingerprints=["lk1.." + "0" * 32]), "fingerprints: must be fingerprints"),
        (entry(expires="soon"), "allow 2: expires: must be a day"),
        (entry(expires="2027-02-30"), "allow 2: expires: must be a day"),
        (entry(expires="20270201"), "allow 2: expires: must be a day"),
        (entry(expires=20270201), "allow 2: expires: must be a text"),
        ({"version": 1, "allow": [{"reason": "x"}]}, "allow 1: allows nothing"),
        ({"version": 1, "allow": [{**GOOD, "paths": ["x"] * 501}]}, "more than 500 paths"),
        ({"version": 1, "baseline": "/etc/passwd"}, "baseline: must be a path below"),
        ({"version": 1, "baseline": "a/../../b"}, "baseline: must be a path below"),
        ({"version": 1, "baseline": "c:\\x"}, "baseline: must be a path below"),
    ],
)
def test_a_wrong_one_is_refused_with_its_entry_and_field(document: Any, said: str) -> None:
    assert said in refused(document)


def test_an_impossible_day_that_yaml_would_take_for_a_date() -> None:
    source = b"version: 1\nallow:\n- {paths: [x], reason: r, expires: 2027-13-01}\n"
    assert "allow 1: expires: must be a day" in refused(source)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"version: 1\nallow: [", ".leakscan.yaml:"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"version: 1\nversion: 1\n", ".leakscan.yaml:2: has a key twice"),
        (b"version: 1\n---\nversion: 1\n", "is not YAML"),
        (b"allow: !!python/object/apply:os.system [true]\n", "is not YAML"),
        (b"[" * 100_000, "nested too deeply"),
        (b"#" * (MAX_BYTES + 1), "is larger than 1024 KiB"),
        (b"", "version: is missing"),
    ],
)
def test_what_is_no_such_yaml_is_refused(source: bytes, said: str) -> None:
    assert said in refused(source)


def test_aliases_cannot_blow_it_up() -> None:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)
    ]
    assert "too large" in refused(b"\n".join(lines))


def test_the_name_in_messages_is_that_of_the_file() -> None:
    with pytest.raises(ConfigError, match=r"^other\.yaml: allow 1: reason: is missing\.$"):
        load_config(b"version: 1\nallow: [{paths: [x]}]", "other.yaml")


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x7f", "\x9b"])
def test_no_path_has_what_no_terminal_should_get(char: str) -> None:
    baseline = {"version": 1, "baseline": f"a{char}b"}
    assert "baseline: must be a path below the folder of this file" in refused(baseline)
    assert "allow 2: paths: must be short globs" in refused(entry(paths=[f"a{char}b"]))
