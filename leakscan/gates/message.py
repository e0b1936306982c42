"""What a developer reads when a gate closes: where it is, how to get it out, what to use instead.

In: a ScanResult. Out: text for stderr, masked and harmless, made from the JSON contract like every
report. Nothing at all where there is nothing to say.
"""

from collections.abc import Mapping
from textwrap import wrap
from typing import Final

from leakscan.gates.advice import rewriting
from leakscan.gates.wording import Situation, Wording
from leakscan.model import ScanResult, SkipReason
from leakscan.report.base import ReportOptions, acts, is_complete
from leakscan.report.contract import FindingDoc, OccurrenceDoc, ReportDoc, SkippedDoc
from leakscan.report.document import document
from leakscan.report.words import count, moment, ref, short, visible, where

_SHOWN: Final = 5
_PLACES: Final = 3
_WIDTH: Final = 92
_NEVER_LEFT: Final = "It never left this machine, as far as git knows: rewriting is enough."
_KEPT_BACK: Final = "Nobody can fetch it from here. If it is nowhere else, rewriting is enough."


def message(
    result: ScanResult,
    options: ReportOptions,
    wording: Wording,
    situation: Situation,
    instead: Mapping[str, str],
) -> str:
    """Return what to say, empty for nothing; `instead` has a sentence for each kind of place."""
    doc = document(result, options)
    pairs = zip(result.findings, doc["findings"], strict=True)
    found = [its for finding, its in pairs if acts(finding, options)]
    lines = _refusal(found, wording, situation, instead) if found else []
    if not is_complete(result):
        lines += _incomplete(doc, wording)
    if lines:
        lines += _notes(doc) + _ways_on(found, wording)
    elif known := sum(its["status"] == "known" and not _is_canary(its) for its in doc["findings"]):
        lines.append(
            f"leakscan: {count(known, 'credential')} here was known before and is not stopped; "
            "it still has to be revoked (leakscan scan)."
        )
    return "".join(f"{line}\n" for line in lines)


def _refusal(
    found: list[FindingDoc], wording: Wording, situation: Situation, instead: Mapping[str, str]
) -> list[str]:
    lines = [
        f"leakscan: {wording.what} {wording.verdict}: {count(len(found), 'AWS credential')} in it."
    ]
    for its in found[:_SHOWN]:
        lines += ["", *_finding(its, wording, situation), *_ending(its, instead)]
    if len(found) > _SHOWN:
        lines += ["", f"  +{len(found) - _SHOWN} more; see all of them with `leakscan scan`."]
    return lines


def _finding(its: FindingDoc, wording: Wording, situation: Situation) -> list[str]:
    starts = [one for one in its["occurrences"] if _is_start(one)]
    key_id = f" {visible(its['access_key_id'])}" if its["access_key_id"] else ""
    lines = [f"  {its['severity'].upper()}  {visible(its['title'])}{key_id}"]
    lines += [f"    {_place(one)}" for one in starts[:_PLACES]]
    if len(starts) > _PLACES:
        lines.append(f"    +{len(starts) - _PLACES} more places")
    if its["exposure"]["remotes"] or _is_canary(its):
        lines += [*_exposed(its), *_first_steps(its)]
    elif starts:
        lines.append(f"    {_KEPT_BACK if wording.is_server else _NEVER_LEFT}")
        lines += [f"    {line}" for line in rewriting(starts[0], its, situation)]
    return lines


def _ending(its: FindingDoc, instead: Mapping[str, str]) -> list[str]:
    """Say what to use where it stands, and what it is called."""
    places = its["remediation"]["places"] if its["remediation"] else []
    replaced = [one["id"] for one in places if one["mechanism"]]
    said = next((instead[name] for name in replaced if instead.get(name)), "")
    lines = _prose("    ", f"Instead of a key: {said}") if said else []
    return [*lines, f"    Fingerprint: {its['fingerprint']}"]


def _is_canary(its: FindingDoc) -> bool:
    """Say whether it is a tripwire, which nobody revokes and nothing replaces."""
    return its["verdict"]["state"] == "canary"


def _is_start(one: OccurrenceDoc) -> bool:
    return one["event"] == "introduced" or (one["event"] == "present" and one["commit"] is None)


def _place(one: OccurrenceDoc) -> str:
    commit = f"commit {short(one['commit'])}  " if one["commit"] and one["kind"] != "commit" else ""
    return commit + where(one)


def _exposed(its: FindingDoc) -> list[str]:
    lines: list[str] = []
    ending = "" if _is_canary(its) else ": revoke it; rewriting is not enough"
    for remote in its["exposure"]["remotes"]:
        since = f"since {moment(remote['since'])}" if remote["since"] else "at an unknown time"
        commit = f", commit {short(remote['commit'])}" if remote["commit"] else ""
        held = f"{since} ({ref(remote['ref'])}{commit})"
        lines += _prose("    ", f"Already on {visible(remote['remote'])} {held}{ending}.")
    return lines


def _first_steps(its: FindingDoc) -> list[str]:
    lines: list[str] = []
    steps = its["remediation"]["steps"][:2] if its["remediation"] else []
    for number, step in enumerate(steps, 1):
        lines += _step(f"    {number}. ", visible(step, 1000))
    return lines


def _step(lead: str, step: str) -> list[str]:
    """Return one step: prose wrapped, each command between backticks on a line of its own."""
    lines: list[str] = []
    for part in step.split("`"):
        if part.startswith(("aws ", "git ")):
            lines.append(f"         {part}")
        elif words := part.strip(" .,;:"):
            lines += _prose(lead if not lines else "       ", words)
    return lines


def _prose(lead: str, text: str) -> list[str]:
    """Return text wrapped below its lead; a word too long for a line stays whole."""
    room = _WIDTH - len(lead)
    lines = wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return [(" " * len(lead) if at else lead) + line for at, line in enumerate(lines)]


def _incomplete(doc: ReportDoc, wording: Wording) -> list[str]:
    lines = [f"leakscan: {wording.what} {wording.verdict}: it could not be read completely."]
    lines += [f"  {_skip(one)}" for one in doc["skipped"][:_SHOWN]]
    if len(doc["skipped"]) > _SHOWN:
        lines.append(f"  +{len(doc['skipped']) - _SHOWN} more")
    return [*lines, *(f"  {way}" for way in _repairs(doc, wording))]


def _repairs(doc: ReportDoc, wording: Wording) -> list[str]:
    """Return what can be done about what was not read."""
    reasons = {one["reason"] for one in doc["skipped"]}
    ways = []
    if SkipReason.OUT_OF_TIME.value in reasons:
        ways.append("Push fewer commits at once, or have the time budget raised.")
    if SkipReason.PROMISED.value in reasons:
        ways += [
            "A partial clone left these out. If the remote has them, `git fetch` from it;",
            "else bring them here first: git rev-list --objects --quiet REF",
        ]
    if reasons - {SkipReason.OUT_OF_TIME.value, SkipReason.PROMISED.value}:
        ways.append("`git fsck` names what is damaged; `git fetch` brings what is missing.")
    return ways


def _skip(one: SkippedDoc) -> str:
    name = " ".join(part for part in (one["object"], visible(one["path"] or "")) if part)
    detail = f" ({visible(one['detail'])})" if one["detail"] else ""
    return f"{one['kind']} {name}: {one['reason']}{detail}"


def _notes(doc: ReportDoc) -> list[str]:
    """Return what is wrong with comments and entries, which may be why something was refused."""
    notes = doc["notes"]
    lines = [
        f"  {visible(one['where'])}: {one['kind']}: {visible(one['text'])}"
        for one in notes[:_SHOWN]
    ]
    if len(notes) > _SHOWN:
        lines.append(f"  +{len(notes) - _SHOWN} more, see `leakscan scan`")
    return ["", *lines] if lines else []


def _ways_on(found: list[FindingDoc], wording: Wording) -> list[str]:
    lines = [""]
    if found and wording.is_server:
        lines += [
            "  No secret at all? Have its fingerprint accepted, with a reason, in .leakscan.yaml",
            "  on the main branch.",
        ]
    elif found:
        lines += [
            "  No secret at all? Say so for good, with a reason: a comment `leakscan:allow REASON`",
            "  on the line of the secret, or its fingerprint in .leakscan.yaml.",
        ]
    if wording.bypass:
        lines.append(f"  To let this one pass and have that recorded: {wording.bypass}")
    if wording.skip:
        lines.append(f"  To skip the check altogether, unrecorded: {wording.skip}")
    return lines
