"""An inspection as rows and as JSON: the schema is kept, and nothing is told that is not so."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from leakscan.inspection import Harm, Inspection, Kind, Power, ServiceCredential, State, Sure, Why
from leakscan.report import inspected as report
from leakscan.report.page import LABEL
from leakscan.verdict import Holder, Verdict, VerdictState
from tests.inspect.inspecting import FOREIGN, FOUND, SESSION_ID, inspected, live
from tests.support.fake_iam import ACCOUNT, NOTHING_SUCH, OF_USER, SESSION, USED, USER, FakeIam

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SCHEMA = json.loads(
    (resources.files("leakscan") / "report" / "schema" / "inspection-1.json").read_bytes()
)
ROOT = live(f"arn:aws:iam::{ACCOUNT}:root", Holder.ROOT)
EVE = live(f"arn:aws:sts::{ACCOUNT}:federated-user/eve", Holder.FEDERATED)


def nothing(_: FakeIam) -> None:
    """Leave all as it is."""


def all_denied(iam: FakeIam) -> None:
    for action in OF_USER:
        iam.deny(action)


def powerful(iam: FakeIam) -> None:
    for action in ("iam:CreateUser", "kms:Decrypt", "s3:GetObject"):
        iam.allowed[action] = {"word": "allowed"}
    iam.deny("ListMFADevices")


def unknown(iam: FakeIam) -> None:
    iam.says("GetAccessKeyLastUsed", NOTHING_SUCH)


CASES: dict[str, tuple[str, Verdict, Callable[[FakeIam], None]]] = {
    "user": (FOUND, live(USER, Holder.USER), nothing),
    "powerful": (FOUND, live(USER, Holder.USER), powerful),
    "denied": (FOUND, live(USER, Holder.USER), all_denied),
    "session": (SESSION_ID, live(SESSION, Holder.ROLE_SESSION), nothing),
    "root": (FOUND, ROOT, nothing),
    "federated": (SESSION_ID, EVE, nothing),
    "foreign": (FOREIGN, Verdict(live(USER, Holder.USER).state), nothing),
    "unknown": (FOUND, Verdict(live(USER, Holder.USER).state), unknown),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, iam: FakeIam, aws_files: Path) -> Inspection:
    access_key_id, verdict, prepare = CASES[request.param]
    iam.holds(FOUND)
    prepare(iam)
    return inspected(iam, aws_files, access_key_id, verdict)


def problems(document: Any) -> list[str]:
    checker = Draft202012Validator.FORMAT_CHECKER
    return [
        error.message
        for error in Draft202012Validator(SCHEMA, format_checker=checker).iter_errors(document)
    ]


def test_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_document_keeps_the_schema_and_is_json(case: Inspection) -> None:
    document = report.document(case)
    assert problems(document) == []
    assert json.loads(json.dumps(document)) == document


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            yield from objects(child)


def test_schema_refuses_what_is_missing_and_what_it_does_not_name(case: Inspection) -> None:
    document = report.document(case)
    for node in list(objects(document)):
        for name in list(node):
            value = node.pop(name)
            assert problems(document), name
            node[name] = value
        node["more"] = None
        assert problems(document)
        del node["more"]


def test_schema_names_every_word_of_the_model() -> None:
    properties = SCHEMA["properties"]
    power = properties["reach"]["properties"]["powers"]["items"]["properties"]
    enums = [
        (State, properties["state"]),
        (Kind, properties["principal"]["properties"]["kind"]),
        (Harm, power["harm"]),
        (Sure, power["sure"]),
        (Why, properties["gaps"]["items"]["properties"]["why"]),
    ]
    for words, schema in enums:
        assert [word.value for word in words] == schema["enum"]


def test_rows_have_labels_that_fit_and_begin_with_the_sentence(case: Inspection) -> None:
    rows = report.lines(case)
    assert rows[0] == ("Inspected", case.text)
    assert all(len(label) < LABEL - 2 for label, _ in rows)
    assert all(text for _, text in rows)
    assert ("Not known" in dict(rows)) is bool(case.gaps)


def test_worst_power_is_the_first_that_is_told(iam: FakeIam, aws_files: Path) -> None:
    iam.holds(FOUND)
    powerful(iam)
    rows = dict(report.lines(inspected(iam, aws_files)))
    assert rows["Can"].startswith("- takes over the account (allowed in IAM's simulation): may")
    assert rows["Last used"].startswith("2026-11-20 08:30 UTC, s3 in eu-west-1")
    assert rows["Key"] == "Active, created 2024-03-01 10:00 UTC (996 days old)"


def test_a_last_use_of_sts_may_have_been_a_check(iam: FakeIam, aws_files: Path) -> None:
    iam.holds(FOUND)
    used = {"LastUsedDate": USED, "ServiceName": "sts", "Region": "us-east-1"}
    iam.says("GetAccessKeyLastUsed", {"UserName": "deploy", "AccessKeyLastUsed": used})
    texts = [text for _, text in report.lines(inspected(iam, aws_files))]
    assert "That may have been" in texts[2]


def test_nothing_dangerous_is_said_of_what_was_settled_alone(iam: FakeIam, aws_files: Path) -> None:
    iam.holds(FOUND)
    inspection = inspected(iam, aws_files, SESSION_ID, live(SESSION, Holder.ROLE_SESSION))
    assert inspection.reach is not None
    unsettled = replace(inspection.reach, powers=(), denied=("a:A", "b:B"), unsettled=("c:C",))
    rows = dict(report.lines(replace(inspection, reach=unsettled)))
    words = "none of the 2 dangerous actions that could be settled; the others are not known"
    assert rows["Can"] == words
    assert "c:C" in rows["Unsettled"]
    settled = replace(inspection.reach, powers=(), denied=("a:A", "b:B"), unsettled=())
    rows = dict(report.lines(replace(inspection, reach=settled)))
    assert rows["Can"] == "none of the 2 dangerous actions that were asked about"


# -- why ----------------------------------------------------------------------------------


def test_each_power_says_why_it_is_held(iam: FakeIam, aws_files: Path) -> None:
    iam.holds(FOUND)
    rows = dict(report.lines(inspected(iam, aws_files)))
    assert rows["Can"] == (
        "- reads data and secrets, on some resources (buckets allows it, not on everything): "
        "may read files in buckets (s3:GetObject)"
    )


@pytest.mark.parametrize("reasons", [1, 3, 4, 5, 9])
def test_reasons_beyond_the_first_are_counted_and_no_power_is_lost(
    iam: FakeIam, aws_files: Path, reasons: int
) -> None:
    iam.holds(FOUND)
    made = inspected(iam, aws_files)
    assert made.reach is not None
    powers = tuple(
        Power(n, Harm.READ, "may read", f"a:{n}", Sure.MAYBE, f"reason {n % reasons}")
        for n in range(1, 19)
    )
    rows = report.lines(replace(made, reach=replace(made.reach, powers=powers)))
    told = [text for _, text in rows if text.startswith("- ")]
    assert len(told) == min(reasons, 4)
    assert ("perhaps (for " in told[-1]) is (reasons > 4)
    assert reasons <= 4 or f"(for {reasons - 3} other reasons)" in told[-1]
    words = " ".join(told).replace("(", " ").replace(")", " ").replace(",", " ").split()
    assert {one for one in words if one.startswith("a:")} == {one.action for one in powers}


@pytest.mark.parametrize(
    ("status", "expires", "words"),
    [
        ("Active", None, "Active; it stays valid when the key is gone"),
        ("Active", USED, "Active; it stays valid until 2026-11-20 08:30 UTC when the key is gone"),
        ("Inactive", None, "Inactive"),
    ],
)
def test_a_credential_of_a_service_stays_when_the_key_is_gone(
    iam: FakeIam, aws_files: Path, status: str, expires: datetime | None, words: str
) -> None:
    iam.holds(FOUND)
    made = inspected(iam, aws_files)
    other = ServiceCredential("ACCA", "bedrock", status, None, expires)
    assert made.principal is not None
    held = replace(made, principal=replace(made.principal, service_credentials=(other,)))
    assert dict(report.lines(held))["Also holds"] == f"bedrock credential ACCA: {words}"


# -- the key itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(VerdictState.UNKNOWN, asked=("sts",)), "; asked before this run tried the key"),
        (
            Verdict(VerdictState.NOT_ACCEPTED, asked=("sts",), is_kept=True),
            "; leakscan tried the key before that was asked, in an earlier run",
        ),
        (Verdict(VerdictState.FOREIGN_ACCOUNT), ""),
    ],
)
def test_a_last_use_says_whether_leakscan_tried_the_key_before(
    iam: FakeIam, aws_files: Path, verdict: Verdict, words: str
) -> None:
    iam.holds(FOUND)
    rows = dict(report.lines(inspected(iam, aws_files, verdict=verdict)))
    assert rows["Last used"] == f"2026-11-20 08:30 UTC, s3 in eu-west-1{words}"


@pytest.mark.parametrize(
    ("status", "verdict", "is_so"),
    [
        ("Active", Verdict(VerdictState.NOT_ACCEPTED), True),
        ("Active", live(USER, Holder.USER), False),
        ("Inactive", live(USER, Holder.USER), False),
    ],
)
def test_an_active_key_that_was_refused_is_told_to_programs(
    iam: FakeIam, aws_files: Path, status: str, verdict: Verdict, is_so: bool
) -> None:
    iam.holds(FOUND, status)
    document = report.document(inspected(iam, aws_files, verdict=verdict))
    assert document["active_but_refused"] is is_so
    assert problems(document) == []


def test_nothing_of_botocore_is_loaded_before_a_profile_is_opened() -> None:
    program = (
        "import sys, leakscan.inspect.inspector, leakscan.report.inspected\n"
        "print([name for name in sys.modules if name.startswith('botocore')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
