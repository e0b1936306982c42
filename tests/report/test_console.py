"""The text: what it says, that it fits, and that no name of a repository can steer a terminal."""

import re
import unicodedata

import pytest
from msgspec.structs import replace

from leakscan.model import (
    Event,
    Exposure,
    Finding,
    Level,
    Occurrence,
    Place,
    ScanResult,
    Scope,
    ScopeKind,
    Status,
)
from leakscan.report.base import ReportOptions
from leakscan.report.console import ConsoleReporter
from leakscan.verdict import Cause, Holder, VerdictState
from tests.report.builder import (
    ID_RULE,
    OPTIONS,
    SCENARIOS,
    Identity,
    commitless,
    credential,
    everything,
    finding,
    finding_at_head,
    finding_canary,
    finding_in_history,
    finding_in_stash,
    finding_low,
    finding_of_all_places,
    hostile,
    incomplete,
    judged,
    key_id,
    live,
    nothing_found,
    nothing_live,
    nothing_scanned,
    object_id,
    pair,
    place,
    pushed,
    result,
    secret,
    target,
    token,
    triaged,
    unknown,
    unsettled,
    verdict,
    verified,
)

SGR = re.compile(r"\x1b\[[0-9;]*m")


def text(made: ScanResult, options: ReportOptions = OPTIONS) -> str:
    return ConsoleReporter().render(made, options).decode()


def last_line(made: ScanResult, options: ReportOptions = OPTIONS) -> str:
    return text(made, options).rstrip("\n").rpartition("\n")[2]


def row(report: str, label: str) -> str:
    """Return the first row with the label, unwrapped."""
    lines = report.split(f"  {label.ljust(12)}", 1)[1].split("\n")
    body = [lines[0]]
    for line in lines[1:]:
        if not line.startswith(" " * 14):
            break
        body.append(line.strip())
    return " ".join(body)


# -- the last line ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (nothing_found(), "Nothing found. Complete."),
        (
            nothing_scanned(),
            "Nothing was scanned. INCOMPLETE: do not take this as clean.",
        ),
        (
            incomplete(),
            "Nothing found in what was read. INCOMPLETE: do not take this as clean.",
        ),
        (result(finding_low()), "Nothing to act on. Complete."),
        (
            replace(incomplete(), findings=(finding_low(),)),
            "Nothing to act on in what was read. INCOMPLETE: do not take this as clean.",
        ),
        (result(finding_in_stash()), "1 credential to act on."),
        (result(finding_in_stash(), finding_at_head()), "2 credentials to act on."),
        (
            replace(incomplete(), findings=(finding_in_stash(),)),
            "1 credential to act on. INCOMPLETE: there may be more.",
        ),
    ],
)
def test_last_line(made: ScanResult, said: str) -> None:
    assert last_line(made) == said


# -- harmless -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_plain_text_has_no_control_or_format_character_but_newlines(name: str) -> None:
    scenario = SCENARIOS[name]
    for char in text(scenario.make(), scenario.options):
        assert char == "\n" or unicodedata.category(char) not in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Zl",
            "Zp",
        )


def test_hostile_characters_are_visible_and_markup_stands_as_it_is() -> None:
    author = row(text(hostile()), "Introduced")
    for shown in (r"\x1b[31mred", r"\x07", "[bold]x[/bold]", r"\u202e\u2066", r"\xff", r"\r\n"):
        assert shown in author
    assert ":smile:" in author


def test_colours_change_nothing_but_styles() -> None:
    for scenario in SCENARIOS.values():
        plain = text(scenario.make(), scenario.options)
        styled = text(scenario.make(), replace(scenario.options, color=True))
        assert SGR.sub("", styled) == plain
        assert SGR.search(styled)


def test_a_very_long_name_is_cut_in_its_middle() -> None:
    long = place("long", Event.INTRODUCED, 0, path=b"a" * 2000 + b"/" + b"z" * 2000)
    report = text(result(finding(credential("long", pair("long")), (long,), Exposure())))
    assert max(map(len, report.splitlines())) < 300
    assert "aaa ... zzz" in report.replace("\n" + " " * 14, " ")


# -- fits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", SCENARIOS)
def test_only_a_long_word_or_command_exceeds_the_width(name: str, width: int) -> None:
    scenario = SCENARIOS[name]
    *lines, last = text(scenario.make(), replace(scenario.options, width=width)).splitlines()
    assert len(last) < 80
    for line in lines:
        assert line == line.rstrip()
        # The name of a command stays whole, and so does a value.
        if len(line) > width and not re.match(r" +(?:aws|git|leakscan) ", line):
            assert len(line.removesuffix(" \\")[14:].split()) == 1, line


def test_wrapped_commands_paste_as_one() -> None:
    made = finding_in_history()
    assert made.remediation is not None
    joined = text(result(made), replace(OPTIONS, width=50)).replace(" \\\n", " ")
    flat = " ".join(joined.split())
    shown = [step.split("`")[1] for step in made.remediation.steps[:2]]
    assert all(command in flat for command in shown)
    assert " \\\n" in text(result(made), replace(OPTIONS, width=50))


# -- says ---------------------------------------------------------------------------------------


def test_worst_comes_first_whatever_the_order_of_the_result() -> None:
    made = everything()
    turned = replace(made, findings=tuple(reversed(made.findings)))
    heads = [line.split()[1] for line in text(turned).splitlines() if re.match(r"\d+\. ", line)]
    assert heads == ["CRITICAL", "HIGH", "HIGH", "HIGH", "MEDIUM", "LOW"]


def test_findings_below_fail_on_come_last_and_say_so() -> None:
    options = replace(OPTIONS, fail_on=Level.CRITICAL)
    report = text(result(finding_in_stash(), finding_at_head()), options)
    assert report.index("1. CRITICAL") < report.index("2. HIGH")
    assert "(confidence high; below --fail-on)" in report
    assert last_line(result(finding_in_stash()), options) == "Nothing to act on. Complete."


def test_low_confidence_is_counted_and_listed_on_request() -> None:
    made = result(finding_low(), finding_low())
    assert "2 findings below medium confidence; see --confidence low" in text(made)
    assert "1. HIGH" not in text(made)
    shown = text(made, replace(OPTIONS, confidence=Level.LOW))
    assert "2. HIGH" in shown
    assert "Not listed" not in shown


def _at(one: Occurrence, exposure: Exposure) -> Finding:
    return finding(credential("now", pair("now")), (one,), exposure)


DANGLING = commitless(Place.DANGLING, object_id=object_id("d"))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (finding_at_head(), "at HEAD: config/prod.env:14"),
        (finding_in_history(), "only in history; every clone receives it"),
        (finding_in_stash(), "in no ref, only in stash@{1}, HEAD@{17}"),
        (
            _at(DANGLING, Exposure()),
            f"in no ref, only in dangling object {object_id('d').hex()[:12]}:3",
        ),
        (
            _at(DANGLING, Exposure(reachable=True, tips=(b"refs/heads/x", b"refs/remotes/o/y"))),
            "not at HEAD, but in the newest files of x, o/y",
        ),
        (
            _at(commitless(Place.GIT_FILE, name=b"config"), Exposure()),
            "in no ref, only in git file config:3",
        ),
        (_at(commitless(Place.TEXT, path=b"a.env"), Exposure()), "in text a.env:3"),
    ],
)
def test_where_it_is_now(made: Finding, said: str) -> None:
    assert row(text(result(made)), "Now") == said


def test_how_long_a_text_was_exposed_is_not_known() -> None:
    made = _at(commitless(Place.TEXT, path=b"a.env"), Exposure())
    assert row(text(result(made)), "Exposed") == "not known: only a text was looked at"
    assert row(text(result(_at(DANGLING, Exposure()))), "Exposed").startswith("since an unknown")


def test_places_that_trace_names_at_head_count_before_events() -> None:
    first = place("head", Event.INTRODUCED, 0, line=3)
    here = place("head", Event.PRESENT, 9, line=8, name=b"HEAD", author=b"", date=None)
    made = finding(credential("h", pair("h")), (first, here), Exposure(at_head=True))
    report = text(result(made))
    assert row(report, "Now") == "at HEAD: config/prod.env:8"
    assert row(report, "Introduced").startswith("config/prod.env:3 in commit ")
    assert "Elsewhere" not in report


def test_removed_places_are_marked_and_live_ones_are_not() -> None:
    gone = place("x", Event.REMOVED, 3, path=b"gone.env", line=None)
    places = (
        place("x", Event.INTRODUCED, 0, path=b"first.env"),
        place("x", Event.INTRODUCED, 1, path=b"gone.env"),
        place("x", Event.INTRODUCED, 2, path=b"other.env"),
        gone,
    )
    exposure = Exposure(reachable=True, refs=(b"refs/heads/x",), first_commit=places[0].commit)
    made = finding(credential("x", pair("x")), places, exposure)
    assert row(text(result(made)), "Elsewhere") == "gone.env:12 (removed), other.env:12"


def test_lines_of_one_place_stand_together() -> None:
    """One file with both parts is one place, at HEAD as in the commit that brought it in."""
    lines = [place("x", Event.INTRODUCED, 0, line=line) for line in (2, 1)]
    here = [place("x", Event.PRESENT, 9, line=line, path=b"new.env") for line in (9, 3, 9)]
    exposure = Exposure(at_head=True, first_commit=lines[0].commit)
    made = finding(credential("x", pair("x")), (*lines, *here), exposure)
    report = text(result(made))
    assert row(report, "Now") == "at HEAD: new.env:3,9"
    assert row(report, "Introduced").startswith("config/prod.env:1,2 in commit ")
    assert "Elsewhere" not in report


def test_the_title_says_what_is_known_beside_an_id() -> None:
    temporary = Identity(key_id("t", "ASIA"), secret("t"), token("t"))
    for identity, title in (
        (Identity(key_id("t")), "AWS access key ID (confidence high)"),
        (pair("t"), "AWS access key ID with its secret (confidence high)"),
        (temporary, "AWS access key ID with its secret and session token (confidence high)"),
    ):
        made = credential("t", identity, rule=ID_RULE)
        assert f"1. HIGH  {title}\n" in text(result(finding(made, (), Exposure())))


def test_an_empty_name_in_a_tree_is_still_a_place() -> None:
    first = place("x", Event.INTRODUCED, 0, path=b"")
    made = finding(credential("x", pair("x")), (first,), Exposure(first_commit=first.commit))
    assert row(text(result(made)), "Introduced").startswith('"":12 in commit ')


def test_a_shallow_boundary_is_named() -> None:
    assert "at the edge of a shallow history: it may be older" in text(result(finding_in_history()))
    assert "edge of a shallow" not in text(result(finding_in_stash()))


def test_a_canary_is_left_alone() -> None:
    report = text(result(finding_canary()))
    assert "do not try the key" in " ".join(report.split())
    assert "ask who planted it" in row(report, "What to do")
    assert "Ask your security team who planted it" in " ".join(report.split())
    assert "aws iam" not in report
    assert "\n  Instead" not in report


def test_a_remediation_is_told_once_and_then_only_where_it_differs() -> None:
    report = text(result(finding_at_head(), finding_in_history()))
    assert report.count("Find out who used it") == 1
    assert report.count("get-access-key-last-used") == 2
    assert "The other steps are those of finding 1." in report


def test_what_is_not_urgent_is_left_to_the_plan() -> None:
    made = finding_in_history()
    report = text(result(made))
    assert "Give the program an IAM role" not in report
    assert "Then replace, delete, prevent, in 3 steps:" in report
    assert f"leakscan remedy {made.credential.fingerprint}" in report


def test_steps_of_no_known_phase_are_all_told() -> None:
    made = finding_in_history()
    assert made.remediation is not None
    plain = replace(made, remediation=replace(made.remediation, phases=()))
    assert "Give the program an IAM role" in text(result(plain))


def test_the_place_is_named_with_its_reason() -> None:
    report = text(result(finding_in_history()), replace(OPTIONS, width=200))
    said = "a file .env (config/prod.env): it is a file of environment variables"
    assert row(report, "Stands in") == said
    assert row(report, "Instead") == "the role of whoever is signed in"


def test_doubt_about_the_place_is_said() -> None:
    report = text(result(finding_of_all_places()), replace(OPTIONS, width=200))
    assert "perhaps a file .env (link, named), or a task of Amazon ECS: it is a file" in report
    assert "or the role of the task" in report


def test_ten_skipped_are_listed_and_the_others_counted() -> None:
    report = text(incomplete())
    assert "12 items could not be read or followed:" in report
    assert sum(line.startswith(" " * 14 + "- ") for line in report.splitlines()) == 10
    assert "+2 more in the JSON report" in report


def test_missing_objects_without_a_reason_are_still_named() -> None:
    made = replace(incomplete(), skipped=())
    assert "12 objects expected and not scanned" in text(made)


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope(ScopeKind.RANGE, (b"topic",), (b"main",), 3), "range main..topic: 3 commits"),
        (Scope(ScopeKind.RANGE, (b"a", b"b"), (), 1), "range of a, b: 1 commit"),
        (
            Scope(ScopeKind.PUSH, (b"refs/heads/x",), (b"refs/remotes/origin/*",), 2),
            "push of x without origin/*: 2 commits",
        ),
        (Scope(ScopeKind.SINCE, (b"2026-01-01",), (), 0), "since 2026-01-01: 0 commits"),
        (
            Scope(ScopeKind.RECEIVE, (b"refs/heads/x", b"refs/tags/v1"), (), 2),
            "push to us of x, tag v1: 2 commits",
        ),
        (Scope(ScopeKind.STAGED, (b"index",), (b"HEAD",)), "what is staged"),
        (Scope(ScopeKind.TEXT), "a text, without its history"),
    ],
)
def test_the_heading_says_what_part_was_asked_for(scope: Scope, said: str) -> None:
    assert text(result(target=target(scope=scope))).splitlines()[2] == said


def test_remotes_are_named_with_since_when() -> None:
    said = row(text(pushed()), "On remote")
    assert said.startswith("origin since 2024-03-05 10:00 UTC (origin/main)")
    assert "On remote" not in text(result(finding_in_history()))


def test_what_is_known_is_counted_apart_and_is_nothing_to_act_on() -> None:
    known = replace(finding_at_head(), status=Status.KNOWN)
    assert "1 finding already known on the excluded side: not new" in text(pushed())
    assert last_line(result(known)) == "Nothing to act on. Complete."
    assert "Accepted" not in text(result(known))


def test_accepted_findings_are_told_with_their_reasons() -> None:
    said = row(text(triaged()), "Accepted")
    assert said.startswith("12 findings")
    assert "by comment: sample of the handbook" in said
    assert "by config: made up" in said
    assert said.count("by baseline: no reason given") == 8
    assert said.endswith("+2 more in the JSON report")


def test_notes_of_triage_are_told_up_to_twenty() -> None:
    said = row(text(triaged()), "Triage")
    assert said.startswith(".leakscan.yaml: allow 1 (paths tests/**): stale: text 1")
    assert said.count("paths tests/**") == 20
    assert said.endswith("+5 more in the JSON report")
    assert "Triage" not in text(everything())


def test_the_same_result_gives_the_same_text() -> None:
    assert text(everything()) == text(everything())


# -- liveness -----------------------------------------------------------------------------------

ON_LIVE = replace(OPTIONS, fail_on_live=True)
USER = live(Holder.USER, "iam::418892985061:user/ci")
ACCEPTED = replace(judged("accepted", USER), status=Status.BASELINED)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (nothing_live(), "Nothing live to act on. Complete."),
        (
            unsettled(),
            "Nothing live to act on, but 1 could not be settled: do not take this as clean.",
        ),
        (
            replace(incomplete(), findings=unsettled().findings),
            "Nothing live to act on, 1 not settled. INCOMPLETE: do not take this as clean.",
        ),
        (
            replace(incomplete(), findings=nothing_live().findings),
            "Nothing live to act on in what was read. INCOMPLETE: do not take this as clean.",
        ),
        (result(judged("x", USER)), "1 live credential to act on."),
        (
            result(judged("x", USER), *unsettled().findings),
            "1 live credential to act on, 1 not settled.",
        ),
        (
            replace(incomplete(), findings=(judged("x", USER),)),
            "1 live credential to act on. INCOMPLETE: there may be more.",
        ),
        (nothing_found(), "Nothing found. Complete."),
        (triaged(), "Nothing to act on. Complete."),
        (
            result(judged("x", USER), ACCEPTED),
            "1 live credential to act on; 1 live credential is accepted.",
        ),
        (
            result(*nothing_live().findings, ACCEPTED),
            "Nothing live to act on, but 1 live credential is accepted. Complete.",
        ),
        (
            result(*unsettled().findings, ACCEPTED),
            (
                "Nothing live to act on, but 1 live credential is accepted and 1 could not be"
                " settled: do not take this as clean."
            ),
        ),
        (
            replace(incomplete(), findings=(*unsettled().findings, ACCEPTED)),
            (
                "Nothing live to act on, but 1 live credential is accepted, 1 not settled."
                " INCOMPLETE: do not take this as clean."
            ),
        ),
        (
            replace(incomplete(), findings=(*nothing_live().findings, ACCEPTED)),
            (
                "Nothing live to act on in what was read, but 1 live credential is accepted."
                " INCOMPLETE: do not take this as clean."
            ),
        ),
        (
            result(ACCEPTED, replace(ACCEPTED, status=Status.ALLOWED)),
            "Nothing to act on, but 2 live credentials are accepted. Complete.",
        ),
    ],
)
def test_last_line_where_only_what_is_live_counts(made: ScanResult, said: str) -> None:
    assert last_line(made, ON_LIVE) == said


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (result(ACCEPTED), "Nothing to act on, but 1 live credential is accepted. Complete."),
        (
            result(finding_in_stash(), ACCEPTED),
            "1 credential to act on; 1 live credential is accepted.",
        ),
        (
            replace(incomplete(), findings=(ACCEPTED,)),
            (
                "Nothing to act on in what was read, but 1 live credential is accepted. INCOMPLETE:"
                " do not take this as clean."
            ),
        ),
    ],
)
def test_what_is_live_and_accepted_stands_on_the_last_line(made: ScanResult, said: str) -> None:
    assert last_line(made) == said


def test_what_is_live_and_accepted_is_not_green() -> None:
    made = text(result(ACCEPTED), replace(OPTIONS, color=True))
    assert made.splitlines()[-1].startswith("\x1b[1;33m")


def test_a_finding_that_does_not_count_says_why() -> None:
    lone = judged("id", verdict(VerdictState.NOT_CHECKED), identity=Identity(key_id("id")))
    report = text(result(judged("x", USER), *unsettled().findings, lone), ON_LIVE)
    asides = re.findall(r"\(confidence high(.*?)\)", report)
    assert asides == ["", "; not live", "; not live", "; not settled", "; not asked"]


def test_plain_not_checked_is_not_told() -> None:
    report = text(result(finding_at_head(), finding_low()))
    assert "Verdict" not in report
    assert "Liveness" not in report


def test_a_canary_is_told_though_nobody_asked_and_is_no_count() -> None:
    report = text(result(finding_canary()))
    assert row(report, "Verdict").startswith("CANARY Account 534261010715 has canary keys")
    assert "Liveness" not in report


def test_a_verdict_says_who_what_when_and_of_whom() -> None:
    said = row(text(result(judged("x", USER))), "Verdict")
    assert said == (
        f"LIVE: an IAM user {USER.text} arn:aws:iam::418892985061:user/ci "
        "asked sts.us-east-1.amazonaws.com; 2026-11-22 11:59 UTC"
    )


def test_a_refusal_has_the_code_of_aws_and_a_kept_one_its_time() -> None:
    no = verdict(VerdictState.NOT_ACCEPTED)
    assert row(text(result(judged("x", no))), "Verdict").endswith(
        "2026-11-22 11:59 UTC; AWS's code InvalidClientTokenId"
    )
    kept = row(text(result(judged("x", replace(no, is_kept=True)))), "Verdict")
    assert "; kept from 2026-11-22 11:59 UTC;" in kept


@pytest.mark.parametrize("cause", Cause)
def test_unknown_has_its_cause(cause: Cause) -> None:
    said = row(text(result(judged("x", unknown(cause)))), "Verdict")
    assert said.startswith(f"UNKNOWN ({cause.value})")


def test_root_is_loud_and_comes_first() -> None:
    root = live(Holder.ROOT, "iam::418892985061:root")
    made = result(judged("x", USER), judged("root", root, severity=Level.CRITICAL))
    report = text(made)
    assert row(report, "Verdict").startswith("LIVE: THE ROOT USER")
    assert "signed in as root" in row(report, "Do now")
    styled = text(made, replace(OPTIONS, color=True))
    assert "\x1b[1;31mLIVE: THE ROOT USER" in styled


@pytest.mark.parametrize(
    ("holder", "prefix", "said"),
    [
        (Holder.USER, "AKIA", "Deactivate the key"),
        (Holder.OTHER, "AKIA", "Deactivate the key"),
        (Holder.ROLE_SESSION, "ASIA", "Revoke the sessions of its role"),
        (Holder.USER, "ASIA", "Deny its user all sessions"),
        (Holder.ROOT, "ASIA", "Deactivate the keys of root, signed in as root, and change"),
        (Holder.FEDERATED, "ASIA", "Deny the IAM user that made it (GetFederationToken"),
    ],
)
def test_what_is_live_begins_with_taking_it_out_of_service(
    holder: Holder, prefix: str, said: str
) -> None:
    made = judged("x", live(holder, "iam::418892985061:x"), identity=pair("x", prefix))
    assert row(text(result(made)), "Do now").startswith(said)
    dead = replace(made, verdict=verdict(VerdictState.NOT_ACCEPTED))
    assert "Do now" not in text(result(dead))


def _now(holder: Holder, arn: str) -> str:
    """Return what to do now of a live key, as written on a wide page."""
    its = judged("x", live(holder, arn))
    report = text(result(its), replace(OPTIONS, width=300)).split("Do now")[1]
    return report.split("What to do")[0]


@pytest.mark.parametrize(
    ("holder", "arn", "user"),
    [
        (Holder.USER, "iam::418892985061:user/ci/deploy", " --user-name deploy"),
        (Holder.USER, "iam::418892985061:user/a+b=c,d.e@f-g_h", " --user-name a+b=c,d.e@f-g_h"),
        (Holder.ROOT, "iam::418892985061:root", ""),
    ],
)
def test_the_command_that_deactivates_a_key(holder: Holder, arn: str, user: str) -> None:
    command = f"aws iam update-access-key{user} --access-key-id {key_id('x')} --status Inactive\n"
    assert command in _now(holder, arn)


@pytest.mark.parametrize(
    "name", ["a;b", "$(x)", "a b", "-x", "--cli-input-json", "\u00e4", "a" * 65, "", "a\n", "`a`"]
)
def test_a_name_that_is_none_of_iams_is_in_no_command(name: str) -> None:
    assert "aws iam" not in _now(Holder.USER, f"iam::418892985061:user/{name}")
    said = _now(Holder.ROLE_SESSION, f"sts::418892985061:assumed-role/{name}/session")
    assert "Revoke the sessions of its role and" in said


def test_a_role_is_named() -> None:
    said = _now(Holder.ROLE_SESSION, "sts::418892985061:assumed-role/build/i-0abc")
    assert "Revoke the sessions of the role build and close their source." in said


def test_another_account_than_the_ids_is_named() -> None:
    other = live(Holder.USER, "iam::210987654321:user/x", "210987654321")
    said = row(text(result(judged("x", other))), "Verdict")
    assert "Act in account 210987654321, as AWS says: the id was made for 418892985061." in said
    assert "Act in account" not in text(result(judged("x", USER)))


def test_the_account_of_an_old_id_is_the_one_that_aws_named() -> None:
    old = Identity("AKIA" + "I" + key_id("old")[5:], secret("old"))
    other = live(Holder.USER, "iam::210987654321:user/x", "210987654321")
    said = row(text(result(judged("old", other, identity=old))), "Account")
    assert said == "210987654321, as AWS says (ids of the old form do not hold it)"
    unnamed = judged("old", unknown(Cause.CLOCK), identity=old)
    wanted = "not known (ids of the old form do not hold it)"
    assert row(text(result(unnamed)), "Account") == wanted


def test_what_is_live_is_listed_whatever_its_confidence_and_before_the_others() -> None:
    made = result(judged("x", verdict(VerdictState.NOT_ACCEPTED)), judged("y", USER))
    doubtful = result(
        judged("x", verdict(VerdictState.NOT_ACCEPTED)), judged("y", USER, confidence=Level.LOW)
    )
    for report in (text(made), text(doubtful)):
        assert report.index("LIVE: an IAM user") < report.index("NOT ACCEPTED")


def test_what_somebody_accepted_and_is_live_is_marked() -> None:
    accepted = replace(judged("x", USER), status=Status.BASELINED)
    assert "no reason given (LIVE)" in " ".join(text(result(accepted)).split())
    assert "(LIVE)" not in text(triaged())


def test_states_are_counted_before_the_last_line() -> None:
    report = " ".join(text(verified()).split())
    assert (
        "Liveness: 8 live, 2 not accepted, 1 wrong secret, 1 expired, 8 unknown (1 clock" in report
    )
    assert "4 not asked (1 foreign account, 1 token missing, 1 canary, 1 nothing to" in report
    throttled = result(
        judged("x", USER),
        judged("y", unknown(Cause.THROTTLED)),
        judged("z", verdict(VerdictState.FOREIGN_ACCOUNT)),
    )
    line = text(throttled).splitlines()[-2]
    assert line == "Liveness: 1 live, 1 unknown (throttled); 1 not asked (foreign account)"


def test_a_long_sentence_is_not_cut() -> None:
    long = replace(USER, text="word " * 100 + "end")
    assert row(text(result(judged("x", long))), "Verdict").count("word") == 100
