"""Proof that a gate stops leaks: pushes with synthetic credentials, to a remote of our own.

In: the `Place` of the hooks, or a command of a CI. Out: one `Trial` for each case, in order. A
harmless push must pass: a gate that refuses everything proves nothing.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from leakscan.config import CONFIG_NAME, load_config
from leakscan.fields import ConfigError
from leakscan.gates.doctor_cases import BASE, CASES, Case, harmless, plain
from leakscan.gates.doctor_keys import synthetic_key
from leakscan.gates.doctor_scratch import Scratch
from leakscan.gates.install import inspect
from leakscan.gates.install_place import PROGRAM_SETTING, Place, User
from leakscan.history.files import read_optional
from leakscan.history.git import Answer
from leakscan.record import Record

_LIMIT: Final = 8 << 20
_CONFIGURING: Final = (
    CONFIG_NAME,
    ".leakscan-baseline",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    "lefthook.yaml",
    ".lefthook.yml",
    ".lefthook.yaml",
)
"""Files of the top folder that hooks read; without them they would do something else."""

_MOST_LINES: Final = 8
_GITS_OWN: Final = re.compile(r"To |error: failed to push| \* \[new |\s*\Z")
_ALLOWING: Final = "--allow-bypass"
_REASON: Final = "leakscan doctor tries the bypass"
_HARMLESS: Final = b"refs/heads/harmless"
_BYPASSED: Final = b"refs/heads/bypassed"


class Trial(Record, frozen=True):
    """One case: what happened, whether that is right, and what was said where it is not."""

    name: str
    right: bool
    happened: str
    said: str = ""

    def beside(self, *harmless: "Trial") -> "Trial":
        """Return what this proves beside harmless trials: nothing where those were refused too."""
        if all(trial.right for trial in harmless):
            return self
        return Trial(self.name, False, f"{self.happened}, which proves nothing here", self.said)


def try_hook(place: Place, user: User) -> Iterator[Trial]:
    """Push every case through the hook that git runs at a place: pre-receive where it is bare."""
    with Scratch(user.environment) as scratch:
        scratch.make({**BASE, **configuring_files(place, user)})
        guarded = scratch.remote if place.bare else scratch.clone
        scratch.set(guarded, "core.hooksPath", str(place.folder))
        program = user.setting(place.layout.top, PROGRAM_SETTING)
        if program:
            scratch.set(guarded, PROGRAM_SETTING, program)
        first = _passes(scratch, "first push, harmless", b"refs/heads/main")
        scratch.build(harmless(_HARMLESS))
        second = _passes(scratch, "new branch, harmless", _HARMLESS)
        yield from (first, second)
        for case in CASES:
            scratch.build(case.build(case.ref, synthetic_key()))
            yield _stopped(scratch, case).beside(first, second)
        if not place.bare:
            yield _bypass(scratch, scratch.clone / ".git")
        elif _ALLOWING in inspect(place.file("pre-receive"), "pre-receive").values.options:
            option = f"--push-option=leakscan.bypass={_REASON}"
            yield _bypass(scratch, scratch.remote, option)


def try_command(command: str, folder: Path, user: User) -> Iterator[Trial]:
    """Run a command of a CI where each case is checked out; it must fail, and only then.

    `folder` has the configuration. Every case has a repository to itself, whose `origin/main` is
    what was there before.
    """
    files = {**BASE, **_from_folder(folder)}
    harmless_change = Case("harmless change", _HARMLESS, harmless)
    passing = _let_pass(harmless_change.name, _run(harmless_change, command, files, user))
    yield passing
    for case in CASES:
        if case.on_a_branch:
            answer = _run(case, command, files, user)
            stopped = answer.status != 0
            happened = f"stopped, exit code {answer.status}" if stopped else "NOT STOPPED"
            trial = Trial(case.name, stopped, happened, "" if stopped else _words(answer))
            yield trial.beside(passing)


def configuring_files(place: Place, user: User) -> dict[bytes, bytes]:
    """Return the files that tell hooks what to do: of the work tree, or of a bare one's HEAD."""
    if not place.bare:
        return _from_folder(place.layout.top)
    files = {}
    for name in _CONFIGURING[:2]:
        answer = user.git(place.layout.top, "cat-file", "blob", f"HEAD:{name}")
        if answer.status == 0:
            files[name.encode()] = answer.out
    return files


def _from_folder(folder: Path) -> dict[bytes, bytes]:
    files = {name: read_optional(folder / name, _LIMIT) for name in _CONFIGURING}
    baseline = _baseline(files[CONFIG_NAME] or b"")
    if baseline:
        files[baseline] = read_optional(folder / baseline, _LIMIT)
    return {os.fsencode(name): data for name, data in files.items() if data is not None}


def _baseline(config: bytes) -> str:
    try:
        return load_config(config).baseline or "" if config else ""
    except ConfigError:
        return ""  # The gate itself will say so.


def _passes(scratch: Scratch, name: str, ref: bytes) -> Trial:
    answer = scratch.push(ref)
    passed = answer.status == 0 and scratch.arrived(ref)
    return Trial(name, passed, "passes" if passed else "REFUSED", "" if passed else _words(answer))


def _stopped(scratch: Scratch, case: Case) -> Trial:
    answer = scratch.push(case.ref)
    stopped = answer.status != 0 and not scratch.arrived(case.ref)
    happened = "stopped" if stopped else "NOT STOPPED"
    return Trial(case.name, stopped, happened, "" if stopped else _words(answer))


def _bypass(scratch: Scratch, recording: Path, *options: str) -> Trial:
    """Push on purpose what the hook stops; the git directory that records it must have the why."""
    scratch.build(plain(_BYPASSED, synthetic_key()))
    answer = scratch.push(_BYPASSED, *options, bypass="" if options else _REASON)
    passed = answer.status == 0 and scratch.arrived(_BYPASSED)
    record = read_optional(recording / "leakscan" / "bypasses.jsonl", _LIMIT) or b""
    recorded = _REASON.encode() in record
    happened = "passes" if passed else "REFUSED"
    happened += ", recorded" if recorded else ", NOT RECORDED"
    right = passed and recorded
    return Trial("bypass with a reason", right, happened, "" if right else _words(answer))


def _run(case: Case, command: str, files: Mapping[bytes, bytes], user: User) -> Answer:
    with Scratch(user.environment) as scratch:
        scratch.make(files)
        scratch.push(b"refs/heads/main")
        scratch.build(case.build(case.ref, synthetic_key()))
        scratch.show(case.ref)
        return scratch.run(command)


def _let_pass(name: str, answer: Answer) -> Trial:
    passed = answer.status == 0
    happened = "passes" if passed else f"REFUSED, exit code {answer.status}"
    return Trial(name, passed, happened, "" if passed else _words(answer))


def _words(answer: Answer) -> str:
    """Return the last lines that were said, without git's own."""
    said = [line for line in answer.complaint.splitlines() if not _GITS_OWN.match(line)]
    return "\n".join(said[-_MOST_LINES:])
