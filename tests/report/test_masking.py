"""No output holds a secret, whatever string of the repository it hid in and however spelled."""

import html
import json
import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from leakscan.model import (
    Event,
    Exposure,
    Finding,
    Kind,
    NotInStore,
    Occurrence,
    Reason,
    ScanResult,
    Skipped,
    SkipReason,
)
from leakscan.report.verdicts import render, render_plan
from leakscan.verdict import Verdict, VerdictState
from tests.report.builder import (
    OPTIONS,
    OUTCOMES,
    SCENARIOS,
    coverage,
    credential,
    finding_low,
    hostile,
    inspected_outcome,
    outcome,
    pair,
    place,
    planned,
    result,
    secret_text,
    target,
    token_text,
)
from tests.report.formats import FORMATS

VALUE = secret_text("masking")
MASK = "<secret-access-key>"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json slash": lambda value: value.replace("/", "\\/"),
    "json in json": lambda value: value.replace("/", "\\\\\\/"),
    "json code points": lambda value: value.replace("/", "\\u002f").replace("+", "\\u002B"),
    "percent": lambda value: value.replace("/", "%2F").replace("+", "%2B"),
    "percent, one of two": lambda value: value.replace("/", "%2f"),
    "percent, all": lambda value: "".join(f"%{ord(char):02X}" for char in value),
    "percent, twice": lambda value: value.replace("/", "%252F").replace("+", "%252b"),
    "xml": lambda value: value.replace("/", "&#x2F;").replace("+", "&#43;"),
    "mixed": lambda value: value.replace("/", "\\/").replace("+", "%2b"),
    "wide": lambda value: "\0".join(value),
    "behind a half escape": lambda value: f"%4{value}",
    "in git's quotes": lambda value: f'"a/\\303\\244/{value}"',
}


def unescaped(text: str) -> str:
    """Undo every spelling in turn until nothing changes; NUL bytes go."""
    while True:
        simpler = text.replace("\\/", "/").replace("\\\\", "\\").replace("\0", "")
        simpler = html.unescape(unquote(simpler))
        simpler = re.sub(r"\\(?:u00|x)([0-7][0-9a-f])", _char, simpler, flags=re.IGNORECASE)
        if simpler == text:
            return text
        text = simpler


def _char(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_the_search_below_would_notice_each_spelling(spell: Callable[[str], str]) -> None:
    text = json.dumps({"path": f"a {spell(VALUE)} b"})
    assert VALUE in text or VALUE in unescaped(text)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_output_holds_a_secret(name: str, suffix: str) -> None:
    scenario = SCENARIOS[name]
    made = scenario.make()
    text = FORMATS[suffix].render(made, scenario.options).decode()
    for value in _values(made):
        assert value not in text
        assert value not in unescaped(text)


def _values(made: ScanResult) -> set[str]:
    identities = [finding.credential.identity for finding in made.findings]
    secrets = [one for i in identities for one in (i.secret, i.session_token) if one is not None]
    return {one.reveal().decode() for one in secrets} | {secret_text("unknown")}


VERDICT = ("text", "code", "arn", "asked", "request_id")
"""What a server may have written."""

Plant = Callable[[bytes], ScanResult]


def _with(finding: Finding, **changes: object) -> ScanResult:
    return result(finding, **changes)


def _finding(one: Occurrence | None = None, exposure: Exposure | None = None) -> Finding:
    made = credential("masking", pair("masking"))
    places = (one or place("masking", Event.INTRODUCED, 0),)
    return Finding(made, places, exposure or Exposure())


def _occurrence(field: str) -> Plant:
    return lambda raw: _with(
        _finding(replace(place("masking", Event.INTRODUCED, 0), **{field: raw}))
    )


def _exposure(field: str) -> Plant:
    return lambda raw: _with(_finding(exposure=Exposure(**{field: (raw,)})))


def _reason(raw: bytes) -> ScanResult:
    made = _finding()
    reasons = (Reason("name", 1, raw.decode()),)
    return _with(replace(made, credential=replace(made.credential, reasons=reasons)))


def _verdict(field: str) -> Plant:
    def plant(raw: bytes) -> ScanResult:
        text = raw.decode("utf-8", "surrogateescape")
        value = (text,) if field == "asked" else text
        said = replace(Verdict(VerdictState.LIVE), **{field: value})
        return _with(replace(_finding(), verdict=said))

    return plant


def _regions(raw: bytes) -> ScanResult:
    made = _finding()
    named = replace(made.credential, regions=(raw.decode(),))
    return _with(replace(made, credential=named))


def _skipped(raw: bytes, detail: str = "") -> ScanResult:
    entry = Skipped(Kind.BLOB, SkipReason.DAMAGED, path=raw, detail=detail)
    return _with(_finding(), skipped=(entry,), complete=False)


PLACES: dict[str, Plant] = {
    **{name: _occurrence(name) for name in ("path", "from_path", "name", "author", "email")},
    **{name: _exposure(name) for name in ("refs", "tips", "leftovers")},
    "reason": _reason,
    "regions": _regions,
    **{f"verdict {name}": _verdict(name) for name in VERDICT},
    "skipped path": _skipped,
    "skipped detail": lambda raw: _skipped(b"", raw.decode()),
    "target path": lambda raw: _with(_finding(), target=target(path=raw.decode())),
    "head": lambda raw: _with(_finding(), target=target(head=raw)),
    "alternate": lambda raw: _with(_finding(), target=target(alternates=(raw,))),
    "submodule": lambda raw: _with(
        _finding(), coverage=coverage(not_in_store=NotInStore(submodules=(raw,)))
    ),
    "lfs": lambda raw: _with(_finding(), coverage=coverage(not_in_store=NotInStore(lfs=(raw,)))),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("plant", PLACES.values(), ids=PLACES)
def test_a_secret_is_masked_in_every_string_and_spelling(
    plant: Plant, spell: Callable[[str], str]
) -> None:
    made = plant(f"a/{spell(VALUE)}/b".encode())
    for suffix, reporter in FORMATS.items():
        text = reporter.render(made, OPTIONS).decode()
        assert VALUE not in unescaped(text), suffix
        assert VALUE not in text, suffix
    # Once for the finding's own secret, and once more for what was planted.
    assert FORMATS["json"].render(made, OPTIONS).decode().count(MASK) == 2


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("field", VERDICT)
def test_the_report_of_verify_masks_what_a_server_wrote(
    field: str, spell: Callable[[str], str]
) -> None:
    made = _verdict(field)(f"a/{spell(VALUE)}/b".encode())
    for form in ("text", "json"):
        text = render(outcome(*made.findings), OPTIONS, form).decode()
        assert VALUE not in text
        assert VALUE not in unescaped(text)
    # Its own mask, and one for what was planted.
    assert text.count(MASK) == 2


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_the_report_of_verify_masks_what_iam_names(spell: Callable[[str], str]) -> None:
    made = inspected_outcome(f"a/{spell(secret_text('live'))}/b")
    for form in ("text", "json"):
        text = render(made, OPTIONS, form).decode()
        assert "iam:PutUserPolicy" in text
        assert secret_text("live") not in text
        assert secret_text("live") not in unescaped(text)


def test_an_account_that_is_none_is_not_passed_on() -> None:
    made = _verdict("account")(VALUE.encode())
    for reporter in FORMATS.values():
        assert VALUE not in reporter.render(made, OPTIONS).decode()
    assert (
        json.loads(FORMATS["json"].render(made, OPTIONS))["findings"][0]["verdict"]["account_id"]
        is None
    )


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_report_of_verify_reveals_nothing_even_if_asked_to(name: str) -> None:
    made = OUTCOMES[name]()
    for form in ("text", "json"):
        text = render(made, replace(OPTIONS, reveal=True), form).decode()
        for value in _values(result(*made.findings)):
            assert value not in text
            assert value not in unescaped(text)


def test_a_plan_masks_what_looks_like_a_secret() -> None:
    rows = [replace(one, text=VALUE, hosts=(VALUE,)) for one in planned()]
    for form in ("text", "json"):
        assert VALUE not in render_plan(rows, form).decode()


def test_revealing_shows_values_in_their_own_place_and_masks_them_elsewhere() -> None:
    options = replace(OPTIONS, reveal=True)
    made = hostile()
    report = json.loads(FORMATS["json"].render(made, options))
    values = [finding["secret"].pop("value") for finding in report["findings"]]
    assert values == [secret_text(seed) for seed in ("hostile", "hostile too", "hostile three")]
    for value in values:
        assert value not in unescaped(json.dumps(report))
    text = FORMATS["txt"].render(made, options).decode()
    assert text.count(values[0]) == 1
    assert values[1] not in text


def test_revealing_shows_tokens_too_but_never_in_sarif() -> None:
    options = replace(OPTIONS, reveal=True)
    made = SCENARIOS["everything"].make()
    wanted = token_text("stash")
    assert wanted in FORMATS["json"].render(made, options).decode()
    assert wanted in FORMATS["txt"].render(made, options).decode()
    assert wanted not in FORMATS["sarif"].render(made, options).decode()


def test_a_secret_of_low_confidence_is_masked_in_the_names_of_other_findings() -> None:
    other = replace(place("x", Event.INTRODUCED, 0), path=f"a/{secret_text('low')}".encode())
    made = result(_finding(other), finding_low())
    for reporter in FORMATS.values():
        assert secret_text("low") not in reporter.render(made, OPTIONS).decode()


def test_the_access_key_id_is_shown_whole() -> None:
    key_id = pair("masking").access_key_id
    assert key_id is not None
    for reporter in FORMATS.values():
        assert key_id in reporter.render(_with(_finding()), OPTIONS).decode()
