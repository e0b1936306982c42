"""A report read back: what of it can be verified, and that no report can do harm."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.model import Level, Scope, ScopeKind, Status
from leakscan.report.json_report import JsonlReporter, JsonReporter
from leakscan.rules.load import load_rules
from leakscan.score.fingerprint import fingerprint
from leakscan.verify.inputs import Reported, ReportError, read_report
from tests.report import builder
from tests.support.cli import Json

RULES = load_rules()


def made(seed: str, prefix: str = "AKIA", **changes: object) -> builder.Finding:
    """Return a finding whose fingerprint is that of its values."""
    identity = builder.pair(seed, prefix)
    credential = builder.credential(seed, identity, fingerprint=fingerprint(identity), **changes)
    place = builder.place(seed, builder.Event.INTRODUCED, 1)
    return builder.finding(credential, (place,), builder.Exposure(at_head=True))


PAIR, SESSION = made("one"), made("two", "ASIA")
RESULT = builder.result(PAIR, SESSION)


def written(*, reveal: bool, lines: bool = False, result: builder.ScanResult = RESULT) -> bytes:
    """Return a report as leakscan writes it."""
    reporter = JsonlReporter() if lines else JsonReporter()
    return reporter.render(result, replace(builder.OPTIONS, reveal=reveal))


def read(data: bytes) -> Reported:
    return read_report(data, "shop.json", RULES, fingerprint)


def changed(**changes: object) -> bytes:
    """Return a report whose first finding was edited."""
    document: Json = json.loads(written(reveal=True))
    document["findings"][0].update(changes)
    return json.dumps(document).encode()


def refused(data: bytes) -> str:
    with pytest.raises(ReportError) as caught:
        read(data)
    assert caught.value.code is ExitCode.USAGE
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("lines", [False, True])
def test_a_report_with_values_has_all_that_is_needed(lines: bool) -> None:
    reported = read(written(reveal=True, lines=lines))
    assert (reported.masked, reported.refused) == ((), ())
    assert reported.path == RESULT.target.path
    for before, after in zip(RESULT.findings, reported.findings, strict=True):
        assert after.credential.identity == before.credential.identity
        assert after.credential.fingerprint == before.credential.fingerprint
        assert after.credential.severity == before.credential.severity
        assert after.exposure.at_head
        told = (after.exposure.first_commit, after.exposure.tips, after.exposure.leftovers)
        known = (before.exposure.first_commit, before.exposure.tips, before.exposure.leftovers)
        assert told == known
        assert list(map(_place, after.occurrences)) == list(map(_place, before.occurrences))


def _place(one: builder.Occurrence) -> tuple[object, ...]:
    return one.place, one.event, one.object_id, one.commit, one.path, one.from_path, one.line


@pytest.mark.parametrize("lines", [False, True])
def test_a_masked_report_has_fingerprints_alone(lines: bool) -> None:
    reported = read(written(reveal=False, lines=lines))
    assert reported.findings == ()
    assert set(reported.masked) == {one.credential.fingerprint for one in RESULT.findings}


def test_json_in_one_line_is_a_report_too() -> None:
    data = json.dumps(json.loads(written(reveal=True))).encode()
    assert len(read(data).findings) == len(RESULT.findings)


def test_values_of_some_and_masks_of_others() -> None:
    document: Json = json.loads(written(reveal=True))
    del document["findings"][0]["secret"]["value"]
    reported = read(json.dumps(document).encode())
    assert reported.masked == (document["findings"][0]["fingerprint"],)
    assert len(reported.findings) == 1


def test_a_rule_that_is_not_known_has_a_stand_in() -> None:
    (first, _) = read(changed(rule="their-own-rule")).findings
    assert first.credential.rule.id == "their-own-rule"
    known = read(changed(rule="aws-access-key-id")).findings[0].credential.rule
    assert known == next(rule for rule in RULES.rules if rule.id == "aws-access-key-id")


def test_a_text_has_no_repository() -> None:
    target = builder.target(path="stdin", scope=Scope(ScopeKind.TEXT))
    result = builder.result(PAIR, target=target)
    assert read(written(reveal=False, result=result)).path is None
    ranged = builder.result(PAIR, target=builder.target(scope=Scope(ScopeKind.RANGE)))
    assert read(written(reveal=False, result=ranged)).path == RESULT.target.path


@pytest.mark.parametrize(
    "values",
    [
        {"access_key_id": "AKIA" + "Z" * 16},
        {"access_key_id": None},
        {"access_key_id": ""},
        {"access_key_id": "AKIA\r\nX-Evil: 1" + "A" * 8},
        {"access_key_id": "A" * 10_000},
        {"secret": {"masked": "<s>", "value": ""}},
        {"secret": {"masked": "<s>", "value": "a" * 40}},
        {"secret": {"masked": "<s>", "value": "a" * 39 + "\n"}},
        {"secret": {"masked": "<s>", "value": "\u202e" * 40}},
        {"secret": None},
        {"session_token": {"masked": "<t>", "value": "b" * 100_000}},
        {"fingerprint": "lk1.is." + "0" * 32},
    ],
)
def test_values_that_are_not_those_of_the_fingerprint_are_refused(values: Json) -> None:
    before = json.loads(written(reveal=True))["findings"][0]["fingerprint"]
    reported = read(changed(**values))
    assert reported.refused == (values.get("fingerprint", before),)
    assert [one.credential.fingerprint for one in reported.findings] == [
        RESULT.findings[1].credential.fingerprint
        if RESULT.findings[0].credential.fingerprint == before
        else RESULT.findings[0].credential.fingerprint
    ]


@pytest.mark.parametrize("value", [None, "", "x", "lk1.is.", "lk1.x." + "0" * 32, "\x1b[2J"])
def test_a_finding_without_a_fingerprint_is_no_finding(value: Any) -> None:
    said = refused(changed(fingerprint=value))
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 1_000_000, "it is a list"),
        (b'{"a":' * 100_000, "no JSON"),
        (b"AKIA secret", "no JSON"),
        (b"[]", "it is a list"),
        (b"{}", "schema is not leakscan.report/1"),
        (b'{"schema": "leakscan.verdicts/1"}', "schema is not leakscan.report/1"),
        (b'{"schema": "leakscan.report/1"}', "not as leakscan writes it"),
        (b'{"schema": "leakscan.report/1", "target": {"path": 1}, "findings": []}', "not as"),
        (b'{"schema": "leakscan.report/1", "target": {"path": "x"}, "findings": []}', "not as"),
        (b'{"type": "header", "schema": "leakscan.report/1"}', "not as leakscan writes it"),
        (b'{"type": "finding"}\n', "schema is not leakscan.report/1"),
    ],
)
def test_what_is_no_report_is_said_in_a_sentence(data: bytes, said: str) -> None:
    assert said in refused(data)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_a_report_that_was_cut_off_is_none(kept: float) -> None:
    data = written(reveal=True)
    assert "cut off" in refused(data[: int(len(data) * kept) - 2])


def test_lines_that_were_cut_off_are_none() -> None:
    lines = written(reveal=True, lines=True).splitlines(keepends=True)
    for end in range(1, len(lines)):
        assert "was cut off" in refused(b"".join(lines[:end]))
    assert "lacks lines" in refused(b"".join(lines[:1] + lines[2:]))
    half = b"".join(lines[:-1]) + lines[-1][:10]
    assert refused(half)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("severity", "apocalyptic"),
        ("severity", 3),
        ("confidence", None),
        ("secret", "a secret"),
        ("secret", {"value": 5}),
        ("session_token", []),
        ("access_key_id", 20),
        ("regions", "us-east-1"),
        ("entropy_bits", "5"),
        ("entropy_bits", 10**400),
        ("occurrences", {}),
        ("exposure", None),
    ],
)
def test_wrong_types_are_said_without_the_values(field: str, value: Any) -> None:
    said = refused(changed(**{field: value}))
    assert said == "shop.json: is not as leakscan writes it."


@pytest.mark.parametrize("field", ["severity", "confidence", "fingerprint", "occurrences"])
def test_no_complaint_quotes_what_stands_there(field: str) -> None:
    secret = builder.secret_text("one")
    with pytest.raises(ReportError) as caught:
        read(changed(**{field: secret}))
    assert secret not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_rule_that_is_no_id_is_not_quoted() -> None:
    reported = read(changed(rule=builder.secret_text("one")))
    assert reported.findings[0].credential.rule.id == "unknown"


def test_half_of_a_character_is_no_text() -> None:
    secret = {"masked": "<s>", "value": "\ud800" * 40}
    assert "is no JSON" in refused(changed(secret=secret))
    assert "is no JSON" in refused(b'{"schema": "\xff"}')


def test_what_was_accepted_or_known_is_new_to_verification() -> None:
    for status in Status:
        assert read(changed(status=status)).findings[0].status is Status.NEW


def test_what_stands_there_twice_counts_once() -> None:
    document: Json = json.loads(written(reveal=True))
    document["findings"] *= 3
    assert len(read(json.dumps(document).encode()).findings) == 2
    document = json.loads(written(reveal=False))
    document["findings"] *= 3
    assert len(read(json.dumps(document).encode()).masked) == 2


def test_what_is_whole_once_is_not_looked_up() -> None:
    document: Json = json.loads(written(reveal=True))
    document["findings"] += json.loads(written(reveal=False))["findings"]
    reported = read(json.dumps(document).encode())
    assert (len(reported.findings), reported.masked) == (2, ())


@pytest.mark.parametrize("lines", [False, True])
def test_a_report_says_whether_its_scan_read_all(lines: bool) -> None:
    assert read(written(reveal=True, lines=lines)).complete
    partly = replace(builder.incomplete(), findings=RESULT.findings)
    assert not read(written(reveal=True, lines=lines, result=partly)).complete


@pytest.mark.parametrize("line", [0, -1, 1 << 60])
def test_a_line_that_is_none_is_left_out(line: int) -> None:
    document = json.loads(written(reveal=True))
    document["findings"][0]["occurrences"][0] |= {"line": line, "commit": "../x"}
    (first, *_) = read(json.dumps(document).encode()).findings
    assert (first.occurrences[0].line, first.occurrences[0].commit) == (None, None)


def test_numbers_from_a_report_are_bounded() -> None:
    (first, _) = read(changed(regions=["us-east-1"] * 100_000, severity="critical")).findings
    assert len(first.credential.regions) < 100
    assert first.credential.severity is Level.CRITICAL
