"""How to take a credential out of commits that have not left the machine: exact git commands.

In: a place of the JSON contract, masked already, and what HEAD is. Out: lines of text;
commands are indented. `git -c sequence.editor=:` works in every shell, a variable before the
command does not.
"""

import re
import shlex
from typing import Final

from leakscan.gates.wording import Situation
from leakscan.report.contract import FindingDoc, OccurrenceDoc
from leakscan.report.words import short, visible

_PLAIN: Final = re.compile(r"[\w./@+-]+")
_COMMAND: Final = "    "
_HEADS: Final = "refs/heads/"


def rewriting(place: OccurrenceDoc, its: FindingDoc, situation: Situation) -> list[str]:
    """Return what to do where no remote has the credential."""
    return [*_switch(place, its, situation), *_rewrite(place, its, situation)]


def _switch(place: OccurrenceDoc, its: FindingDoc, situation: Situation) -> list[str]:
    """Return how to get to the branch that has the commit, if that is another one."""
    branches = [ref for ref in its["exposure"]["refs"] if ref.startswith(_HEADS)]
    if place["commit"] is None or not branches or situation.branch in branches:
        return []
    name = branches[0].removeprefix(_HEADS)
    return [_COMMAND + f"git switch {name if _PLAIN.fullmatch(name) else 'BRANCH'}"]


def _rewrite(place: OccurrenceDoc, its: FindingDoc, situation: Situation) -> list[str]:
    file, commit = _file(place), short(place["commit"])
    is_newest = place["commit"] == situation.head
    # Without the option a rebase would take the merges above out of history.
    merges = " --rebase-merges" if situation.merges else ""
    rebase = _COMMAND + f"git {{}}rebase --interactive{merges}{{}} "
    rebase += "--root" if place["commit"] in situation.roots else f"{commit}^"
    amend = f"git commit --amend --no-edit -- {file}"
    match place["kind"]:
        case "index":
            return [f"Take it out of {file}, then:", _COMMAND + f"git add -- {file}"]
        case "tag":
            return ["Make the tag again without it:", _COMMAND + f"git tag --delete {_name(place)}"]
        case "ref":
            return ["Give the ref another name when you push it: git push REMOTE LOCAL:NEW-NAME"]
        case "commit" if is_newest:
            return ["Write the message again:", _COMMAND + "git commit --amend"]
        case "commit":
            return [
                f"Mark {commit} with reword and write its message again:",
                rebase.format("", ""),
            ]
        case "path":
            return [
                f"Give {file} another name (git mv) in {commit}, which is to be marked with edit:",
                rebase.format("", ""),
            ]
    if is_newest and place["commit"] not in situation.merges:
        return [f"Take it out of {file}, then:", _COMMAND + amend]
    if place["commit"] in situation.merges:
        return [
            f"It came with a merge: put a line `break` behind that of {commit}, and there take it",
            f"out of {file}, `git add -- {file}`, `git commit --amend --no-edit`,",
            "`git rebase --continue`:",
            rebase.format("", ""),
        ]
    if not its["exposure"]["at_head"] and _is_gone(place, its):
        return [
            f"It was taken out again later; mark {commit} with edit, and there take it out of",
            f"{file}, `{amend}`, `git rebase --continue`:",
            rebase.format("", " --empty=drop"),
        ]
    return [
        f"Take it out of {file}, then:",
        _COMMAND + f"git commit --fixup={commit} -- {file}",
        rebase.format("-c sequence.editor=: ", " --autosquash"),
    ]


def _is_gone(place: OccurrenceDoc, its: FindingDoc) -> bool:
    return any(
        one["event"] == "removed" and one["path"] == place["path"] for one in its["occurrences"]
    )


def _file(place: OccurrenceDoc) -> str:
    """Return the path as a shell takes it; FILE where it cannot be written plainly."""
    path = place["path"] or ""
    if _PLAIN.fullmatch(path):
        return path
    return shlex.quote(path) if path and visible(path, len(path)) == path else "FILE"


def _name(place: OccurrenceDoc) -> str:
    name = place["name"] or ""
    return name if _PLAIN.fullmatch(name) else "NAME"
