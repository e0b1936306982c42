"""What `leakscan verify` writes: its order, its last line, its exit code, and the dry run."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.inspection import Tried
from leakscan.model import Event, Identity
from leakscan.report.verdicts import VerifyOutcome, exit_code, render, render_plan
from leakscan.verdict import Cause, NotAsked, VerdictState
from tests.report.builder import (
    OPTIONS,
    OUTCOMES,
    everything,
    finding_canary,
    finding_dangling,
    finding_low,
    inspected_outcome,
    inspection,
    judged,
    judged_all,
    key_id,
    nothing_live,
    outcome,
    planned,
    secret,
    unknown,
    verdict,
    verify_outcome,
)

DEAD = nothing_live().findings
LOST = judged("lost", unknown(Cause.UNREACHABLE))
LIVE = judged_all()[0]


def document(made: VerifyOutcome) -> Any:
    return json.loads(render(made, OPTIONS, "json"))


def text(made: VerifyOutcome, width: int = 80) -> str:
    return render(made, replace(OPTIONS, width=width), "text").decode()


@pytest.mark.parametrize(
    ("made", "code", "said"),
    [
        (outcome(*DEAD), 0, "Nothing live to act on. Complete."),
        (outcome(*DEAD, LOST, LIVE), 1, "1 live credential to act on, 1 not settled."),
        (
            outcome(*DEAD, LOST),
            5,
            "Nothing live to act on, but 1 could not be settled: do not take this as clean.",
        ),
        (
            outcome(*DEAD, not_found=("lk1.is.1", "lk1.is.2")),
            5,
            "Nothing live to act on, but 2 could not be settled: do not take this as clean.",
        ),
        (
            outcome(*DEAD, complete=False),
            3,
            "Nothing live to act on in what was read. INCOMPLETE: do not take this as clean.",
        ),
        (
            outcome(LOST, complete=False),
            5,
            "Nothing live to act on, 1 not settled. INCOMPLETE: do not take this as clean.",
        ),
        (outcome(), 0, "There was no credential to ask about."),
        (
            outcome(complete=False),
            3,
            "Nothing live to act on in what was read. INCOMPLETE: do not take this as clean.",
        ),
        (outcome(finding_canary()), 0, "Nothing live to act on. Complete."),
        (outcome(finding_dangling()), 0, "Nothing live to act on. Complete."),
        (
            outcome(finding_low()),
            5,
            "Nothing live to act on, but 1 could not be settled: do not take this as clean.",
        ),
    ],
)
def test_exit_code_and_last_line(made: VerifyOutcome, code: int, said: str) -> None:
    assert exit_code(made) is ExitCode(code)
    assert text(made).splitlines()[-1] == said


def test_what_is_live_comes_first_and_the_worst_of_it_before_the_others() -> None:
    found = document(outcome(*reversed(judged_all())))["findings"]
    states = [one["verdict"]["state"] for one in found]
    assert list(dict.fromkeys(states)) == [
        "live",
        "unknown",
        "wrong-secret",
        "token-missing",
        "foreign-account",
        "not-checked",
        "not-accepted",
        "expired",
        "canary",
    ]
    assert set(states) == set(VerdictState)
    assert found[0]["verdict"]["identity"] == "root"


def test_text_names_each_credential_its_verdict_and_what_to_do_now() -> None:
    report = text(outcome(LIVE))
    for part in (
        "1. LIVE: an IAM user\n",
        str(LIVE.credential.identity.access_key_id),
        "418892985061, read from the id (new form)",
        "arn:aws:iam::418892985061:user/ci/deploy",
        "asked sts.us-east-1.amazonaws.com; 2026-11-22 11:59 UTC",
        LIVE.credential.fingerprint,
        "Deactivate the key",
        "Liveness: 1 live; 7 calls to AWS",
    ):
        assert part in report


def test_verify_says_where_the_key_stands_and_what_brought_it_in() -> None:
    made = everything().findings[0]
    report, doc = text(outcome(made)), document(outcome(made))["findings"][0]
    commit = made.exposure.first_commit
    assert commit is not None
    assert "  Found       at HEAD: " in report
    assert f"brought in by commit {commit.hex()[:12]}: " in report
    assert 0 < len(doc["places"]) <= doc["places_total"]
    assert commit.hex() in [one["commit"] for one in doc["places"]]


def test_places_are_counted_whole_and_listed_in_part() -> None:
    (one,) = LIVE.occurrences
    many = tuple(replace(one, path=b"f%d" % number) for number in range(30))
    gone = replace(one, event=Event.REMOVED, path=b"gone")
    doc = document(outcome(replace(LIVE, occurrences=(*many, gone))))["findings"][0]
    assert (len(doc["places"]), doc["places_total"]) == (10, 30)


def test_a_path_that_holds_a_secret_of_another_credential_is_masked() -> None:
    other = secret("of nobody here")
    (one,) = LIVE.occurrences
    made = replace(LIVE, occurrences=(replace(one, path=b"x/" + other.reveal()),))
    for report in (text, document):
        assert other.reveal().decode() not in str(report(outcome(made, hidden=(other,))))


def test_a_finding_without_places_claims_none() -> None:
    made = replace(LIVE, occurrences=())
    assert "Found " not in text(outcome(made))
    assert document(outcome(made))["findings"][0]["places"] == []


def test_fingerprints_that_nothing_holds_are_named() -> None:
    assert "- lk1.is.0123456789abcdef" in text(verify_outcome())
    assert document(verify_outcome())["not_found"] == ["lk1.is.0123456789abcdef"]


@pytest.mark.parametrize("name", OUTCOMES)
def test_text_is_harmless_and_colours_change_nothing_else(name: str) -> None:
    made = OUTCOMES[name]()
    plain = text(made)
    assert all(char == "\n" or char.isprintable() for char in plain)
    styled = render(made, replace(OPTIONS, color=True), "text").decode()
    assert styled != plain
    assert styled.count("\n") == plain.count("\n")


@pytest.mark.parametrize("width", [40, 80])
def test_only_a_long_word_exceeds_the_width(width: int) -> None:
    *lines, _ = text(verify_outcome(), width).splitlines()
    for line in lines:
        assert len(line) <= width or len(line.split()) <= 2, line


def test_an_outcome_is_silent_about_what_it_holds() -> None:
    assert "AKIA" not in repr(verify_outcome())


def test_what_was_inspected_stands_with_its_credential_and_null_with_the_others() -> None:
    first, second = document(inspected_outcome())["findings"]
    assert first["inspection"]["principal"]["name"] == "deploy"
    assert first["inspection"]["access_key_id"] == first["access_key_id"]
    assert second["inspection"] is None
    seen, plain = text(inspected_outcome()).split("2. LIVE")
    assert "iam:PutUserPolicy" in seen
    assert "iam:PutUserPolicy" not in plain


@pytest.mark.parametrize(("refused", "code"), [(True, 5), (False, 0)])
def test_an_active_key_that_aws_did_not_accept_is_not_settled(refused: bool, code: int) -> None:
    gone, other = DEAD[0], judged("other", verdict(VerdictState.WRONG_SECRET))
    mark = gone.credential.fingerprint
    tried = Tried(is_asked=True, is_accepted=False if refused else None)
    seen = replace(inspection(str(gone.credential.identity.access_key_id)), tried=tried)
    made = outcome(other, gone, inspections={mark: seen, other.credential.fingerprint: seen})
    assert exit_code(made) is ExitCode(code)
    assert ("could not be settled" in text(made)) is refused
    heading = "NOT SETTLED: IAM calls it active, STS did not accept it"
    assert (heading in text(made)) is refused
    assert ("Liveness: 1 not settled (IAM calls it active), 1 wrong" in text(made)) is refused
    first = document(made)["findings"][0]
    assert (first["fingerprint"] == mark) is refused
    assert first["inspection"]["active_but_refused"] is refused


def test_an_id_alone_comes_last() -> None:
    alone = judged("x", verdict(VerdictState.NOT_CHECKED), identity=Identity(key_id("x")))
    found = document(outcome(alone, finding_canary(), *DEAD))["findings"]
    assert found[-1]["access_key_id"] == key_id("x")


def test_the_liveness_line_says_why_nobody_was_asked() -> None:
    not_checked = verdict(VerdictState.NOT_CHECKED)
    made = [judged(why, replace(not_checked, why=why)) for why in NotAsked]
    foreign = verdict(VerdictState.FOREIGN_ACCOUNT)
    unknown_account = replace(foreign, why=NotAsked.ACCOUNT_NOT_KNOWN)
    made += [judged("foreign", foreign), judged("old", unknown_account)]
    said = " ".join(text(outcome(*made), 500).splitlines()[-2].split())
    for part in (
        f"{len(made)} not asked (",
        "1 id alone",
        "1 secret without its id",
        "1 above --max-keys",
        "1 foreign account",
        "2 account not known",
        "1 sample",
    ):
        assert part in said


# -- the dry run --------------------------------------------------------------------------------


def test_plan_says_of_whom_each_would_be_asked_and_why_not() -> None:
    report = render_plan(planned(), "text").decode()
    assert "would ask sts.us-east-1.amazonaws.com, with 2 secrets." in report
    assert "418892985061  new form" in report
    assert "account not known  old form" in report
    assert "Account 000000000007 is foreign." in report
    assert report.endswith("2 of 4 credentials would be asked about. Nothing was asked.\n")


def test_plan_says_whose_keys_nobody_may_ask_about_yet() -> None:
    assert "Not yours to ask" not in render_plan(planned(), "text").decode()
    asked, far, old, _ = planned()
    rows = (asked, *(replace(one, is_foreign=True, hosts=()) for one in (far, far)))
    said = " ".join(render_plan(rows, "text").decode().split())
    assert said.endswith(
        "Not yours to ask yet: account 000000000007 (2 keys). To ask: --account 000000000007"
    )
    rows = (*rows, replace(old, is_foreign=True, hosts=()))
    said = " ".join(render_plan(rows, "text").decode().split())
    assert said.endswith(
        "account 000000000007 (2 keys), account not known (1 key). "
        "To ask: --account 000000000007 or --any-account"
    )


def test_plan_as_json_keeps_the_rows() -> None:
    rows = json.loads(render_plan(planned(), "json"))["planned"]
    assert [one["candidates"] for one in rows] == [2, 0, 1, 0]
    assert [len(one["hosts"]) for one in rows] == [1, 0, 2, 0]
    assert rows[3]["access_key_id"] is None


def test_plan_of_nothing() -> None:
    assert json.loads(render_plan((), "json"))["planned"] == []
    assert b"0 of 0 credentials" in render_plan((), "text")


def test_a_plan_cannot_steer_a_terminal() -> None:
    rows = [replace(one, text="\x1b[2J", hosts=("\x1b]0;x\x07",)) for one in planned()]
    report = render_plan(rows, "text").decode()
    assert all(char == "\n" or char.isprintable() for char in report)


@pytest.mark.parametrize("state", VerdictState)
def test_no_state_is_forgotten(state: VerdictState) -> None:
    wanted = {
        VerdictState.LIVE: 1,
        VerdictState.UNKNOWN: 5,
        VerdictState.NOT_CHECKED: 5,
        VerdictState.FOREIGN_ACCOUNT: 5,
        VerdictState.TOKEN_MISSING: 5,
    }
    made = outcome(judged("x", verdict(state)))
    assert exit_code(made) == wanted.get(state, 0)
    assert state.value.replace("-", " ").upper() in text(made)
