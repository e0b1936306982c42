"""What somebody has accepted, and what is wrong with that: the triage stage.

In: findings, and the baselines, allowlists and comments to go by. Out: the findings with their
status and the entry that decided, and notes on entries. Two kinds of sources: those that are
obeyed, and those of a scanned repository, which are told of only: a repository must not be able to
silence its own audit.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from leakscan.config import Allow, Config
from leakscan.model import (
    Acceptance,
    Finding,
    NoteKind,
    Status,
    TriageNote,
)
from leakscan.record import Record
from leakscan.triage import marked
from leakscan.triage.allowlist import Allowlist
from leakscan.triage.baseline import Baseline, Entry

_MAX_TESTS: Final = 200_000
"""Globs compared with paths for an allowlist that is not obeyed."""


class Acceptances(Record, frozen=True):
    """What one party accepts: its baseline, its allowlist, its comments."""

    baseline: Baseline | None = None
    config: Config | None = None
    comments: bool = False


class Triage:
    """Judges findings.

    `whole` says that the scan is of the whole history: only then can an entry be called stale.
    `notes` are handed on: what is known of the sources before any finding is.
    """

    def __init__(
        self,
        obeyed: Sequence[Acceptances],
        today: date,
        *,
        reported: Acceptances | None = None,
        whole: bool = False,
        notes: Sequence[TriageNote] = (),
    ) -> None:
        self._obeyed = [_Judge(one, today) for one in obeyed]
        self._reported = _Judge(reported, today, _MAX_TESTS) if reported else None
        self._whole = whole
        self._notes = tuple(notes)

    def judge(
        self, findings: Sequence[Finding], *, complete: bool = True
    ) -> tuple[list[Finding], list[TriageNote]]:
        """Return the findings with their status, in the same order, and what is to be told.

        `complete` says whether all was read: else nothing is called stale.
        """
        judged = [self._judged(finding) for finding in findings]
        notes = [*self._notes]
        for judge in self._obeyed:
            notes += judge.notes(findings, stale=self._whole and complete)
        if any(judge.comments for judge in self._obeyed):
            notes += _about_comments(judged)
        if self._reported:
            new = [finding for finding in judged if finding.status is Status.NEW]
            notes += self._reported.not_obeyed(new)
        return judged, list(dict.fromkeys(notes))

    def _judged(self, finding: Finding) -> Finding:
        if finding.status is not Status.NEW:
            return finding
        for judge in self._obeyed:
            accepted = judge.acceptance(finding)
            if accepted is not None:
                status = Status.BASELINED if accepted.source == "baseline" else Status.ALLOWED
                return replace(finding, status=status, accepted=accepted)
        return finding


class _Judge:
    """One party's acceptances, and which of them were of use."""

    def __init__(self, source: Acceptances, today: date, max_tests: int | None = None) -> None:
        self._source = source
        self._today = today
        self._allowlist = Allowlist(source.config.allow if source.config else (), max_tests)

    @property
    def comments(self) -> bool:
        return self._source.comments

    def acceptance(self, finding: Finding) -> Acceptance | None:
        """Return what accepts a finding; the baseline counts first, then the allowlist."""
        for entry in self._baseline_entries(finding):
            if not self._expired(entry):
                return Acceptance("baseline", f"{entry.mark} {entry.rule}", entry.reason)
        for allow in self._allowlist.entries_of(finding):
            if not self._expired(allow):
                return Acceptance("config", f"{allow.where}: {allow.summary}", allow.reason)
        beside = marked.allowing(finding) if self._source.comments else None
        if beside is None or beside.marker is None:
            return None
        reason = beside.marker.reason.decode("utf-8", "backslashreplace")
        return Acceptance("comment", f"{marked.place(beside)}: {beside.marker.word}", reason)

    def notes(self, findings: Sequence[Finding], *, stale: bool) -> Iterator[TriageNote]:
        """Yield the entries that have expired and, if asked for, those that fit nothing."""
        used = {id(entry) for finding in findings for entry in self._entries(finding)}
        for entry in self._all():
            where, what = self._name(entry)
            if self._expired(entry):
                text = f"not obeyed: it expired on {entry.expires}"
                yield TriageNote(NoteKind.EXPIRED, where, what, text)
            elif stale and id(entry) not in used:
                text = "nothing in the whole history fits it; it can go"
                yield TriageNote(NoteKind.STALE, where, what, text)

    def not_obeyed(self, findings: Sequence[Finding]) -> Iterator[TriageNote]:
        """Yield how many findings each of the sources would accept if it were obeyed."""
        counted: dict[str, int] = {}
        for finding in findings:
            accepted = self.acceptance(finding)
            if accepted is not None:
                counted[accepted.source] = counted.get(accepted.source, 0) + 1
        names = {
            "baseline": self._source.baseline.name if self._source.baseline else "",
            "config": self._source.config.name if self._source.config else "",
            "comment": "comments",
        }
        for source, number in counted.items():
            findings_ = "1 finding" if number == 1 else f"{number} findings"
            text = f"would accept {findings_}; obeyed only with --obey-repository"
            yield TriageNote(NoteKind.NOT_OBEYED, names[source], source, text)

    def _entries(self, finding: Finding) -> Iterator[Entry | Allow]:
        yield from self._baseline_entries(finding)
        yield from self._allowlist.entries_of(finding)

    def _baseline_entries(self, finding: Finding) -> Sequence[Entry]:
        known = self._source.baseline
        return known.entries_of(finding.credential.fingerprint) if known else ()

    def _all(self) -> Iterator[Entry | Allow]:
        if self._source.baseline:
            yield from self._source.baseline.entries
        if self._source.config:
            yield from self._source.config.allow

    def _name(self, entry: Entry | Allow) -> tuple[str, str]:
        if isinstance(entry, Allow):
            return entry.where, entry.summary
        name = self._source.baseline.name if self._source.baseline else ""
        return f"{name}:{entry.line}", f"{entry.mark} {entry.rule}"

    def _expired(self, entry: Entry | Allow) -> bool:
        return entry.expires is not None and entry.expires < self._today


def _about_comments(judged: Sequence[Finding]) -> Iterator[TriageNote]:
    """Yield what is wrong with the comments beside findings that are still new."""
    for finding in judged:
        if finding.status is Status.NEW:
            yield from marked.notes(finding)
