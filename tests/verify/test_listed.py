"""A report read back for its plans: no secret is needed, and no word in it is believed."""

import json
from typing import Any

import pytest

from leakscan.model import Status
from leakscan.rules.load import load_rules
from leakscan.verdict import Holder, VerdictState
from leakscan.verify.inputs import ReportError
from leakscan.verify.listed import Listed, read_listed
from tests.report.builder import SCENARIOS
from tests.report.formats import FORMATS

RULES = load_rules(None, None)
PLACES = ("github-actions", "dotenv")


def report(suffix: str = "json") -> bytes:
    """Return a report whose fingerprints are such as leakscan makes."""
    scenario = SCENARIOS["everything"]
    data = FORMATS[suffix].render(scenario.make(), scenario.options).decode()
    names = [
        one["fingerprint"]
        for one in json.loads(FORMATS["json"].render(scenario.make(), scenario.options))["findings"]
    ]
    for number, name in enumerate(names):
        data = data.replace(json.dumps(name), json.dumps(f"lk1.is.{number:032x}"))
    return data.encode()


def read(data: bytes) -> Listed:
    return read_listed(data, "r.json", RULES, PLACES)


def changed(**changes: Any) -> bytes:
    doc = json.loads(report())
    doc["findings"] = [doc["findings"][0] | changes]
    return json.dumps(doc).encode()


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_all_findings_are_listed_without_values(suffix: str) -> None:
    listed = read(report(suffix))
    doc = json.loads(report())
    assert [one.credential.fingerprint for one in listed.findings] == [
        one["fingerprint"] for one in doc["findings"]
    ]
    assert listed.path == doc["target"]["path"]
    for one, its in zip(listed.findings, doc["findings"], strict=True):
        identity = one.credential.identity
        for part, said in (
            (identity.secret, its["secret"]),
            (identity.session_token, its["session_token"]),
        ):
            assert (part is None) is (said is None)
            assert part is None or part.reveal() == b""
        assert one.credential.identity.access_key_id == its["access_key_id"]
        assert one.status is Status(its["status"])
        assert one.verdict.state is VerdictState(its["verdict"]["state"])


def test_places_are_those_that_there_are() -> None:
    place = {"id": "dotenv", "path": "web/.env", "reasons": ["it is an .env file"], "sure": False}
    remediation = {"id": "x", "places": [{"id": "no-such-place"}, place, {}]}
    (one,) = read(changed(remediation=remediation)).findings
    (choice,) = one.places
    assert (choice.id, choice.path, choice.sure) == ("dotenv", b"web/.env", False)
    assert choice.reasons == ("it is an .env file",)


def test_a_rule_of_others_keeps_what_the_report_says_to_do() -> None:
    wanted = {"id": "aws-bearer-credential"}
    (one,) = read(changed(rule="of-somebody-else", remediation=wanted)).findings
    assert one.credential.rule.remediation == "aws-bearer-credential"
    (other,) = read(changed(rule="of-somebody-else", remediation={"id": "../x"})).findings
    assert other.credential.rule.remediation == ""


def test_a_verdict_is_read_and_no_account_that_is_none() -> None:
    verdict = {"state": "live", "arn": "arn:x", "identity": "user", "account_id": "1; rm"}
    (one,) = read(changed(verdict=verdict)).findings
    assert one.verdict.holder is Holder.USER
    assert one.verdict.arn == "arn:x"
    assert one.verdict.account == ""


def test_an_id_that_is_none_is_not_known() -> None:
    (one,) = read(changed(access_key_id="AKIA;touch x")).findings
    assert one.credential.identity.access_key_id is None


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b'{"schema": "leakscan.verdicts/1"}', report()[:-40], changed(fingerprint="x")],
    ids=["nothing", "no schema", "another", "cut off", "no fingerprint"],
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        read(data)
