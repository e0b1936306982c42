"""What is accepted, by whom and why; and what is told of entries, comments and foreign files."""

import json
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from leakscan.config import Config, load_config
from leakscan.model import (
    Event,
    Finding,
    NoteKind,
    Part,
    Place,
    Status,
    TriageNote,
)
from leakscan.triage.baseline import Baseline, baseline, updated
from leakscan.triage.triage import Acceptances, Triage
from tests.triage.made import OWN, at, blob, commit, found

TODAY = date(2026, 11, 22)
SALT = bytes(16)


def config(*entries: dict[str, Any]) -> Config:
    allow = [{"reason": "made up", **entry} for entry in entries]
    return load_config(json.dumps({"version": 1, "allow": allow}).encode())


def base(*findings: Finding, **changes: Any) -> Baseline:
    made = updated(findings, None, SALT, "before", "known.txt")
    entries = [replace(entry, line=n, **changes) for n, entry in enumerate(made.entries, 3)]
    return baseline("known.txt", made.salts, entries)


def judge(
    *findings: Finding, whole: bool = False, **source: Any
) -> tuple[list[Finding], list[TriageNote]]:
    return Triage([Acceptances(**source)], TODAY, whole=whole).judge(findings)


def status(finding: Finding, *others: Finding, **source: Any) -> Status:
    return judge(finding, *others, **source)[0][0].status


def comments(*findings: Finding) -> list[Status]:
    return [one.status for one in judge(*findings, comments=True)[0]]


# -- baseline -----------------------------------------------------------------------------------


def test_a_baseline_accepts_its_findings_with_entry_and_reason() -> None:
    one, two = found("one"), found("two")
    (judged, other), notes = judge(one, two, baseline=base(one))
    assert (judged.status, other.status) == (Status.BASELINED, Status.NEW)
    assert judged.accepted is not None
    assert (judged.accepted.source, judged.accepted.reason) == ("baseline", "before")
    assert judged.accepted.entry.startswith(one.credential.fingerprint)
    assert other.accepted is None
    assert notes == []


def test_a_scan_minus_its_own_baseline_is_empty() -> None:
    findings = [found(str(n), secret=n % 2 == 0) for n in range(8)]
    judged, notes = judge(*findings, baseline=base(*findings), whole=True)
    assert {one.status for one in judged} == {Status.BASELINED}
    assert notes == []


def test_a_line_expires_after_its_day() -> None:
    one = found("one")
    last = base(one, expires=TODAY)
    assert status(one, baseline=last) is Status.BASELINED
    over = base(one, expires=date(2026, 11, 21))
    (judged,), (note,) = judge(one, baseline=over)
    assert judged.status is Status.NEW
    assert (note.kind, note.where) == (NoteKind.EXPIRED, "known.txt:3")
    assert "2026-11-21" in note.text


def test_of_two_lines_the_one_that_has_not_expired_counts() -> None:
    one = found("one")
    over = base(one, expires=date(2020, 1, 1)).entries
    both = baseline("known.txt", [SALT], [*over, *base(one).entries])
    assert status(one, baseline=both) is Status.BASELINED


def test_stale_lines_are_told_of_whole_and_complete_scans_alone() -> None:
    gone = base(found("gone"))
    _, notes = judge(found("one"), baseline=gone, whole=True)
    assert [(note.kind, note.where) for note in notes] == [(NoteKind.STALE, "known.txt:3")]
    assert judge(found("one"), baseline=gone)[1] == []
    triage = Triage([Acceptances(gone)], TODAY, whole=True)
    assert triage.judge([found("one")], complete=False)[1] == []


def test_what_is_known_already_stays_so_and_keeps_its_line_from_being_stale() -> None:
    known = replace(found("one"), status=Status.KNOWN)
    (judged,), notes = judge(known, baseline=base(known), whole=True)
    assert (judged, notes) == (known, [])


# -- allowlist ----------------------------------------------------------------------------------


def test_all_kinds_of_an_entry_must_fit() -> None:
    one = found("one", at(b"tests/a.py"))
    rule, prints = str(one.credential.rule.id), [str(one.credential.fingerprint)]
    fitting = {"paths": ["tests/**"], "rules": [rule], "fingerprints": prints}
    assert status(one, config=config(fitting)) is Status.ALLOWED
    for kind, other in (
        ("paths", ["src/**"]),
        ("rules", ["other"]),
        ("fingerprints", ["lk1.is." + "0" * 32]),
    ):
        assert status(one, config=config({**fitting, kind: other})) is Status.NEW
        assert status(one, config=config({kind: fitting[kind]})) is Status.ALLOWED


def test_the_entry_and_its_reason_are_told() -> None:
    ((judged,), _) = judge(found("one"), config=config({"paths": ["a"]}, {"paths": ["src/"]}))
    assert judged.accepted is not None
    assert judged.accepted.source == "config"
    assert judged.accepted.entry == ".leakscan.yaml: allow 2: paths src/"
    assert judged.accepted.reason == "made up"


@pytest.mark.parametrize(
    ("other", "accepted"),
    [
        (at(b"tests/b.py"), True),
        (at(b"tests/b.py", place=Place.SYMLINK), True),
        (at(b"tests/b.py", place=Place.PATH), True),
        (at(b"tests/b.py", place=Place.INDEX), True),
        (at(None, place=Place.DANGLING, commit=None), True),
        (at(b"src/b.py"), False),
        (at(b"src/b.py", event=Event.REMOVED, line=None), False),
        (at(b"tests/b.py", event=Event.MOVED, from_path=b"src/b.py"), False),
        (at(b"", event=Event.PRESENT), False),
        (at(None, place=Place.COMMIT), False),
        (at(None, place=Place.TAG, name=b"v1"), False),
        (at(None, place=Place.REF, name=b"refs/heads/tests/x"), False),
        (at(None, place=Place.GIT_FILE, name=b"tests/x"), False),
        (at(None, place=Place.TEXT, name=b"stdin"), False),
    ],
)
def test_paths_must_be_all_the_places_there_are(other: Any, accepted: bool) -> None:
    one = found("one", at(b"tests/a.py"), other)
    wanted = Status.ALLOWED if accepted else Status.NEW
    assert status(one, config=config({"paths": ["tests/**"]})) is wanted


def test_an_object_that_no_commit_holds_is_at_no_path() -> None:
    one = found("one", at(None, place=Place.DANGLING, commit=None))
    assert status(one, config=config({"paths": ["*"]})) is Status.NEW


def test_expired_and_stale_entries() -> None:
    entries = config(
        {"paths": ["src/"], "expires": "2026-11-21"},
        {"paths": ["gone/"]},
        {"rules": ["aws-secret-access-key"], "expires": "2026-11-22"},
        {"paths": ["other/"], "expires": "2026-01-01"},
    )
    (judged,), notes = judge(found("one"), config=entries, whole=True)
    assert judged.accepted is not None
    assert judged.accepted.entry.startswith(".leakscan.yaml: allow 3")
    assert [(note.kind, note.where[-1]) for note in notes] == [
        (NoteKind.EXPIRED, "1"),
        (NoteKind.STALE, "2"),
        (NoteKind.EXPIRED, "4"),
    ]


# -- comments -----------------------------------------------------------------------------------


def test_a_comment_allows_with_its_reason() -> None:
    one = found("one", at(word=OWN, reason=b"sample of the handbook"))
    (judged,), notes = judge(one, comments=True)
    assert judged.status is Status.ALLOWED
    assert judged.accepted is not None
    assert judged.accepted.source == "comment"
    assert judged.accepted.entry == "src/app.env:7: leakscan:allow"
    assert judged.accepted.reason == "sample of the handbook"
    assert notes == []
    assert status(one) is Status.NEW


def test_ours_without_a_reason_does_not_count_and_says_so() -> None:
    (judged,), (note,) = judge(found("one", at(word=OWN)), comments=True)
    assert judged.status is Status.NEW
    assert (note.kind, note.where, note.entry) == (NoteKind.NO_REASON, "src/app.env:7", OWN)
    assert "leakscan:allow REASON" in note.text


@pytest.mark.parametrize("word", ["gitleaks:allow", "pragma: allowlist secret"])
def test_the_words_of_others_count_without_one(word: str) -> None:
    assert comments(found("one", at(word=word))) == [Status.ALLOWED]


GOOD = {"word": OWN, "reason": b"sample"}


@pytest.mark.parametrize(
    ("others", "allowed"),
    [
        ([], True),
        ([at(event=Event.REMOVED, line=None)], True),
        ([at(event=Event.PRESENT, line=9)], True),
        ([at(None, place=Place.DANGLING, commit=None, object_id=blob("old"))], True),
        ([at(b"other.env")], False),
        ([at(b"other.env", **GOOD)], True),
        ([at(b"other.env", event=Event.MOVED, from_path=b"src/app.env")], False),
        ([at(b"other.env", event=Event.REMOVED)], True),
        ([at(None, place=Place.COMMIT)], False),
        ([at(None, place=Place.COMMIT, **GOOD)], True),
        ([at(None, place=Place.COMMIT, commit=commit(2), object_id=commit(2))], False),
        ([at(None, place=Place.TAG, name=b"v1")], False),
        ([at(None, place=Place.REF, name=b"refs/heads/x")], False),
        ([at(place=Place.PATH)], False),
        ([at(None, place=Place.GIT_FILE, name=b"config")], False),
        ([at(place=Place.INDEX, event=Event.PRESENT)], True),
        ([at(place=Place.INDEX, event=Event.PRESENT, object_id=None)], False),
    ],
)
def test_every_holder_needs_one(others: list[Any], allowed: bool) -> None:
    wanted = Status.ALLOWED if allowed else Status.NEW
    assert comments(found("one", at(**GOOD), *others)) == [wanted]
    assert comments(found("one", *others, at(**GOOD))) == [wanted]


def test_one_in_a_commit_message_is_not_one_for_another_message() -> None:
    messages = [
        at(None, place=Place.COMMIT, commit=commit(n), object_id=commit(n), **changes)
        for n, changes in ((1, GOOD), (2, {}))
    ]
    assert comments(found("one", *messages)) == [Status.NEW]


def test_a_comment_that_came_later_counts_for_the_path() -> None:
    later = at(event=Event.PRESENT, commit=commit(2), **GOOD)
    assert comments(found("one", at(), later)) == [Status.ALLOWED]


def test_one_beside_the_id_does_not_allow_the_secret() -> None:
    lone = at(parts=(Part.KEY_ID,), **GOOD)
    assert comments(found("one", lone, at(parts=(Part.SECRET,), line=50))) == [Status.NEW]
    assert comments(found("one", lone, secret=False)) == [Status.ALLOWED]


def test_what_only_was_there_before_is_not_allowed() -> None:
    assert comments(found("one", at(event=Event.REMOVED, **GOOD))) == [Status.NEW]


def test_a_comment_that_stood_there_before_does_not_count() -> None:
    ((judged,), (note,)) = judge(found("new", at(marker_is_old=True, **GOOD)), comments=True)
    assert judged.status is Status.NEW
    assert (note.kind, note.where) == (NoteKind.OLD_COMMENT, "src/app.env:7")
    assert "leakscan:allow REASON" in note.text


OLD = {"marker_is_old": True, **GOOD}
AT_TIP = {"event": Event.PRESENT, "commit": commit(3)}


@pytest.mark.parametrize(
    ("others", "allowed"),
    [
        ([], False),
        ([at(**AT_TIP, **GOOD)], False),
        ([at(**AT_TIP, word="gitleaks:allow")], True),
        ([at(**AT_TIP, word=OWN, reason=b"a sample too")], True),
        ([at(**AT_TIP, word=OWN)], False),
        ([at(commit=commit(2), **GOOD)], True),
        ([at(event=Event.MOVED, commit=commit(2), from_path=b"x", **GOOD)], True),
        ([at(commit=commit(2), parts=(Part.KEY_ID,), **GOOD)], False),
        ([at(b"other.env", **GOOD)], False),
        ([at(event=Event.REMOVED, commit=commit(2), **GOOD)], False),
    ],
)
def test_an_old_comment_needs_one_of_its_own_beside_it(others: list[Any], allowed: bool) -> None:
    wanted = Status.ALLOWED if allowed else Status.NEW
    assert comments(found("one", at(**OLD), *others)) == [wanted]
    assert comments(found("one", *others, at(**OLD))) == [wanted]


def test_an_old_comment_at_a_tip_does_not_count_either() -> None:
    assert comments(found("one", at(), at(**AT_TIP, **OLD))) == [Status.NEW]


# -- order, and several parties -----------------------------------------------------------------


def test_baseline_before_allowlist_before_comment() -> None:
    one = found("one", at(**GOOD))
    everything: dict[str, Any] = {
        "baseline": base(one),
        "config": config({"paths": ["src/"]}),
        "comments": True,
    }
    for source in ("baseline", "config", "comment"):
        ((judged,), _) = judge(one, **everything)
        assert judged.accepted is not None
        assert judged.accepted.source == source
        everything.pop(source, None)


def test_two_parties_are_obeyed_together() -> None:
    one, two, three = found("one"), found("two"), found("three")
    triage = Triage([Acceptances(base(one)), Acceptances(base(two))], TODAY, whole=True)
    judged, notes = triage.judge([one, two, three])
    assert [each.status for each in judged] == [Status.BASELINED, Status.BASELINED, Status.NEW]
    assert notes == []


def test_a_foreign_repository_is_told_of_and_not_obeyed() -> None:
    one = found("one", at(b"tests/a.py"))
    two = found("two", at(**GOOD))
    three, mine = found("three"), found("mine")
    foreign = Acceptances(
        base(three, mine), config({"paths": ["tests/"]}, {"paths": ["gone/"]}), comments=True
    )
    triage = Triage([Acceptances(base(mine))], TODAY, reported=foreign, whole=True)
    judged, notes = triage.judge([one, two, three, mine, found("new")])
    assert [each.status.value for each in judged] == ["new", "new", "new", "baselined", "new"]
    assert {note.kind for note in notes} == {NoteKind.NOT_OBEYED}
    told = {note.where: note.text for note in notes}
    assert told.keys() == {".leakscan.yaml", "known.txt", "comments"}
    assert all("would accept 1 finding;" in text for text in told.values())
    assert all("--obey-repository" in text for text in told.values())


def test_a_foreign_repository_without_such_files_has_nothing_to_tell() -> None:
    triage = Triage([], TODAY, reported=Acceptances(comments=True), whole=True)
    assert triage.judge([found("one")])[1] == []


def test_the_work_on_a_foreign_allowlist_has_a_bound() -> None:
    """500 globs for each of 2 000 paths would be a million comparisons."""
    globs = [f"x{n}" for n in range(499)] + ["tests/**"]
    many = found("one", *(at(b"tests/%d" % n) for n in range(2000)))
    few = found("two", at(b"tests/1"))
    foreign = Acceptances(config=config({"paths": globs}))
    triage = Triage([], TODAY, reported=foreign)
    assert "would accept 1 finding;" in triage.judge([few, many])[1][0].text
    assert status(many, config=config({"paths": globs})) is Status.ALLOWED


def test_notes_of_the_sources_are_handed_on_first() -> None:
    note = TriageNote(NoteKind.NOT_OBEYED, "x", "", "invalid")
    triage = Triage([Acceptances(base(found("gone")))], TODAY, whole=True, notes=[note])
    assert triage.judge([])[1][0] is note


def test_the_same_note_is_told_once() -> None:
    one = found("one", at(word=OWN), at(word=OWN, event=Event.PRESENT))
    assert len(judge(one, comments=True)[1]) == 1


def test_findings_keep_their_order_and_all_else() -> None:
    findings = [found(str(n)) for n in range(5)]
    judged, _ = judge(*findings, baseline=base(findings[3]))
    assert [replace(one, status=Status.NEW, accepted=None) for one in judged] == findings
