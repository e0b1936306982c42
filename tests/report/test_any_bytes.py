"""Whatever bytes a repository holds: valid JSON, as the schema says, with no secret inside."""

import json
import string
from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.model import (
    Acceptance,
    Encoding,
    Event,
    Exposure,
    Finding,
    Fingerprint,
    Identity,
    Kind,
    Level,
    Marker,
    NoteKind,
    NotInStore,
    ObjectId,
    Occurrence,
    Part,
    Place,
    Reason,
    Remediation,
    RemoteExposure,
    ScanResult,
    Scope,
    ScopeKind,
    Skipped,
    SkipReason,
    Status,
    Target,
    TriageNote,
)
from leakscan.redact import Secret
from leakscan.report.verdicts import render
from leakscan.verdict import Cause, Holder, Verdict, VerdictState
from tests.report.builder import OPTIONS, coverage, credential, outcome, result
from tests.report.formats import FORMATS, problems

WORDS = ("leakscan:allow", "gitleaks:allow", "pragma: allowlist secret")
BASE64 = string.ascii_letters + string.digits + "+/"
SECRETS = st.text(BASE64, min_size=40, max_size=40)
DATES = st.datetimes(timezones=st.just(UTC))
IDS = st.sampled_from([20, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)).map(ObjectId)
KEY_IDS = st.text(string.ascii_uppercase + "234567", min_size=16, max_size=16).map("AKIA".__add__)


def hostile_bytes(values: list[str]) -> st.SearchStrategy[bytes]:
    planted = st.sampled_from(values).flatmap(
        lambda value: st.sampled_from(
            [value, value.replace("/", "\\/"), value.replace("+", "%2B"), "\0".join(value)]
        )
    )
    piece = st.binary(max_size=12) | planted.map(str.encode)
    return st.lists(piece, max_size=4).map(b"".join)


@st.composite
def results(draw: st.DrawFn) -> tuple[ScanResult, list[str]]:
    values = draw(st.lists(SECRETS, min_size=2, max_size=2, unique=True))
    raw = hostile_bytes(values)
    # What Python makes of names that are not UTF-8, and lone surrogates of any kind.
    text = raw.map(lambda one: one.decode("utf-8", "surrogateescape")) | st.text(
        st.characters(categories=["Cs", "Cc", "L"]), max_size=8
    )
    many = st.lists(raw, max_size=3).map(tuple)

    def occurrence() -> st.SearchStrategy[Occurrence]:
        return st.builds(
            Occurrence,
            place=st.sampled_from(Place),
            event=st.sampled_from(Event),
            parts=st.lists(st.sampled_from(Part), max_size=3).map(tuple),
            object_id=st.none() | IDS,
            commit=st.none() | IDS,
            author=raw,
            email=raw,
            date=st.none() | DATES,
            path=st.none() | raw,
            from_path=st.none() | raw,
            name=raw,
            line=st.none() | st.integers(1, 10**9),
            column=st.none() | st.integers(1, 10**9),
            encoding=st.sampled_from(Encoding),
            at_boundary=st.booleans(),
            marker=st.none() | st.builds(Marker, st.sampled_from(WORDS), raw),
        )

    remote = st.builds(
        RemoteExposure, remote=raw, ref=raw, commit=st.none() | IDS, since=st.none() | DATES
    )

    exposure = st.builds(
        Exposure,
        introduced_at=st.none() | DATES,
        removed_at=st.none() | DATES,
        at_head=st.booleans(),
        reachable=st.booleans(),
        refs=many,
        tips=many,
        leftovers=many,
        first_commit=st.none() | IDS,
        last_commit=st.none() | IDS,
        remotes=st.lists(remote, max_size=2).map(tuple),
    )
    accepted = st.builds(Acceptance, st.sampled_from(["baseline", "config", "comment"]), text, text)
    remediation = st.builds(
        Remediation,
        id=st.just("aws-rotate-access-key"),
        title=text,
        mechanism=text,
        steps=st.lists(text, max_size=2).map(tuple),
        controls=st.lists(text, max_size=2).map(tuple),
        references=st.just(("https://docs.aws.amazon.com/",)),
    )

    verdict = st.builds(
        Verdict,
        st.sampled_from(VerdictState),
        text,
        st.none() | st.sampled_from(Cause),
        text,
        text,
        st.none() | st.sampled_from(Holder),
        text | st.just("418892985061"),
        st.lists(text, max_size=2).map(tuple),
        st.none() | DATES,
        text,
        st.booleans(),
    )

    def finding(value: str) -> Finding:
        made = replace(
            credential(
                "any",
                Identity(draw(st.none() | KEY_IDS), Secret(value.encode(), "secret-access-key")),
            ),
            fingerprint=Fingerprint("1:" + draw(st.text(string.hexdigits, max_size=8))),
            severity=draw(st.sampled_from(Level)),
            confidence=draw(st.sampled_from(Level)),
            entropy_bits=draw(st.floats(0, 8)),
            reasons=tuple(draw(st.lists(st.builds(Reason, text, st.integers(), text), max_size=2))),
            regions=tuple(draw(st.lists(text, max_size=2))),
        )
        return Finding(
            made,
            tuple(draw(st.lists(occurrence(), max_size=3))),
            draw(exposure),
            draw(st.none() | remediation),
            draw(st.sampled_from(Status)),
            draw(st.none() | accepted),
            draw(verdict),
        )

    skipped = st.builds(
        Skipped,
        kind=st.sampled_from(Kind),
        reason=st.sampled_from(SkipReason),
        object_id=st.none() | IDS,
        path=raw,
        detail=text,
    )
    target = st.builds(
        Target,
        path=text,
        head=st.none() | raw,
        refs=st.integers(0, 99),
        shallow=st.booleans(),
        partial=st.booleans(),
        alternates=many,
        replace_refs=st.integers(0, 9),
        grafts=st.booleans(),
        object_format=st.sampled_from(["sha1", "sha256"]),
        scope=st.none()
        | st.builds(Scope, st.sampled_from(ScopeKind), many, many, st.integers(0, 99)),
    )
    note = st.builds(TriageNote, st.sampled_from(NoteKind), text, text, text)
    made = result(
        *[finding(value) for value in values],
        complete=draw(st.booleans()),
        target=draw(target),
        coverage=coverage(not_in_store=NotInStore(draw(many), draw(many))),
        skipped=tuple(draw(st.lists(skipped, max_size=2))),
        notes=tuple(draw(st.lists(note, max_size=2))),
    )
    return made, values


def strings(node: Any) -> list[str]:
    """Return all strings of a JSON document, keys too."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        return [text for key, value in node.items() for text in (key, *strings(value))]
    return [text for value in node for text in strings(value)] if isinstance(node, list) else []


@given(results())
def test_any_bytes_give_reports_that_keep_the_schema_and_hold_no_secret(
    made: tuple[ScanResult, list[str]],
) -> None:
    scan, values = made
    report = json.loads(FORMATS["json"].render(scan, OPTIONS))
    verdicts = json.loads(render(outcome(*scan.findings), OPTIONS, "json"))
    assert problems(report) == []
    assert problems(verdicts, "verdicts-1") == []
    for text in strings([report, verdicts]):
        text.encode("utf-8")
        simpler = text.replace("\0", "").replace("\\/", "/").replace("%2B", "+")
        assert not any(value in text or value in simpler for value in values)


@given(results())
def test_any_bytes_give_the_other_formats_without_a_secret(
    made: tuple[ScanResult, list[str]],
) -> None:
    scan, values = made
    made_of = {
        suffix: FORMATS[suffix].render(scan, OPTIONS)
        for suffix in ("jsonl", "sarif", "txt", "gitlab")
    }
    made_of["verify"] = render(outcome(*scan.findings), OPTIONS, "text")
    for suffix, rendered in made_of.items():
        text = rendered.decode("utf-8")
        assert not any(value in text for value in values)
        assert all(char == "\n" or char.isprintable() for char in text), suffix
