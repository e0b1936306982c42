"""A throw-away repository with a bare remote, in which a gate is tried.

In: the files of `main`. Out: pushes and what came of them. Both repositories are our own and
hold synthetic credentials only; they are deleted at the end.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from leakscan.gates.doctor_cases import base
from leakscan.gates.install_place import HookError
from leakscan.history.git import Answer, run_for_user

BYPASS: Final = "LEAKSCAN_BYPASS"
_TIMEOUT_S: Final = 600.0

_CONFIG: Final = """\
[user]
	name = leakscan doctor
	email = doctor@leakscan.invalid
[commit]
	gpgSign = false
[tag]
	gpgSign = false
[push]
	gpgSign = false
	followTags = false
	recurseSubmodules = no
[core]
	autocrlf = false
	fsmonitor = false
[gc]
	auto = 0
[remote "origin"]
	url = ../remote.git
	fetch = +refs/heads/*:refs/remotes/origin/*
[protocol "file"]
	allow = always
[receive]
	advertisePushOptions = true
"""


class Scratch:
    """A clone and its bare remote, without hooks at first. A context manager: it owns a folder."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {name: value for name, value in environment.items() if name != BYPASS}
        self._folder = tempfile.TemporaryDirectory(
            prefix="leakscan-doctor-", ignore_cleanup_errors=True
        )
        top = Path(self._folder.name).resolve()
        self.clone = top / "clone"
        self.remote = top / "remote.git"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def make(self, files: Mapping[bytes, bytes]) -> None:
        """Make both repositories, and in the clone `main` of these files. Raises HookError."""
        top = self.clone.parent
        none = top / "no-hooks"
        none.mkdir()
        for folder, options in ((self.remote, ["--bare"]), (self.clone, [])):
            self._must(top, "init", "-q", "--template=", *options, str(folder))
            self._must(folder, "symbolic-ref", "HEAD", "refs/heads/main")
            config = folder / "config" if options else folder / ".git" / "config"
            with config.open("a", encoding="utf-8", newline="\n") as file:
                file.write(_CONFIG)
            self.set(folder, "core.hooksPath", str(none))
        self.build(base(files))
        self._must(self.clone, "read-tree", "-u", "--reset", "main")

    def set(self, folder: Path, name: str, value: str) -> None:
        """Set a setting of one of the two repositories."""
        self._must(folder, "config", "--replace-all", name, value)

    def build(self, stream: bytes) -> None:
        """Add a fast-import stream to the clone."""
        answer = self._git(self.clone, "fast-import", "--quiet", "--force", feed=stream)
        if answer.status != 0:
            raise HookError(f"git could not build a history to try: {answer.complaint.strip()}")

    def push(self, ref: bytes, *options: str, bypass: str = "") -> Answer:
        """Push one ref to the remote, as a user does, hooks included."""
        name = os.fsdecode(ref)
        extra = {BYPASS: bypass} if bypass else {}
        return self._git(self.clone, "push", *options, "origin", f"{name}:{name}", extra=extra)

    def arrived(self, ref: bytes) -> bool:
        """Say whether the remote has the ref, or the object that the clone has there."""
        name = os.fsdecode(ref)
        tip = os.fsdecode(self._must(self.clone, "rev-parse", name).out).strip()
        has_ref = self._git(self.remote, "rev-parse", "--verify", "-q", name).status == 0
        return has_ref or self._git(self.remote, "cat-file", "-e", tip).status == 0

    def show(self, ref: bytes) -> None:
        """Check out a ref in the clone, without a branch."""
        self._must(self.clone, "checkout", "-q", "--force", "--detach", os.fsdecode(ref))

    def run(self, command: str) -> Answer:
        """Run a line of shell in the clone: as an alias, so by the shell that runs git's hooks."""
        return self._git(self.clone, "-c", f"alias.leakscan-doctor=!{command}", "leakscan-doctor")

    def _must(self, folder: Path, *arguments: str) -> Answer:
        answer = self._git(folder, *arguments)
        if answer.status != 0:
            raise HookError(f"git {arguments[0]} failed: {answer.complaint.strip()}")
        return answer

    def _git(
        self,
        folder: Path,
        *arguments: str,
        feed: bytes = b"",
        extra: Mapping[str, str] | None = None,
    ) -> Answer:
        environment = self._environment | dict(extra or {})
        return run_for_user(arguments, folder, environment, feed=feed, timeout_s=_TIMEOUT_S)
