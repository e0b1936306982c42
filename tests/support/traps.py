"""Traps for a program that lets a scanned repository decide what runs.

In: a folder outside the repository. Out: a `Trap`, a command that leaves a canary file when
anything runs it, and the settings that make a careless git run it.
"""

import os
import shlex
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.repo import Repo

HOOKS: Final = (
    "applypatch-msg", "fsmonitor-watchman", "post-checkout", "post-commit", "post-index-change",
    "post-merge", "post-rewrite", "pre-auto-gc", "pre-commit", "pre-push", "reference-transaction",
    "sendemail-validate", "update",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trap:
    """An executable that creates `canary`, whatever its arguments and its input."""

    command: Path
    canary: Path

    @classmethod
    def make(cls, folder: Path) -> "Trap":
        """Write the executable and return the trap."""
        folder.mkdir(parents=True)
        trap = cls(folder / "spring", folder / "canary")
        script(trap.command, f"touch {shlex.quote(str(trap.canary))}\nexit 1\n")
        return trap

    @property
    def sprung(self) -> bool:
        """Whether anything ran it."""
        return self.canary.exists()

    def reset(self) -> None:
        """Make the trap ready again; it must have been sprung."""
        self.canary.unlink()


def script(path: Path, body: str) -> None:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def hooks(trap: Trap, folder: Path) -> Path:
    """Fill a folder with a hook of every name and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        shutil.copy(trap.command, folder / name)
    return folder


def settings(trap: Trap) -> dict[str, dict[str, str]]:
    """Return named groups of config settings, each of which makes some git command run the trap."""
    run = str(trap.command)
    return {
        "fsmonitor": {"core.fsmonitor": run, "core.fsmonitorHookVersion": "1"},
        "hooksPath": {"core.hooksPath": str(hooks(trap, trap.command.parent / "hooks"))},
        "textconv": {"diff.trap.textconv": run, "diff.trap.cachetextconv": "true"},
        "external-diff-driver": {"diff.trap.command": run},
        "external-diff": {"diff.external": run},
        "filters": {"filter.trap.clean": run, "filter.trap.smudge": run},
        "process-filter": {"filter.trap.process": run, "filter.trap.required": "true"},
        "merge-driver": {"merge.trap.driver": run},
        "signature": {"gpg.program": run, "log.showSignature": "true"},
        "ssh-signature": {"gpg.ssh.program": run, "gpg.format": "ssh", "log.showSignature": "true"},
        "pager": {"core.pager": run, "pager.cat-file": run, "pager.log": run, "color.pager": "1"},
        "aliases": {
            f"alias.{name}": f"!{run}"
            for name in ("cat-file", "rev-list", "for-each-ref", "scan", "diff-tree")
        },
        "editor": {"core.editor": run, "sequence.editor": run},
        "credential": {"credential.helper": run, "core.askPass": run},
        "alternate-refs": {"core.alternateRefsCommand": run},
        "upload-pack": {"uploadpack.packObjectsHook": run, "remote.origin.uploadpack": run},
        "trace": {"trace2.eventTarget": str(trap.canary), "trace2.normalTarget": str(trap.canary)},
    }


def configure(repo: Repo, wanted: dict[str, str]) -> None:
    """Put settings into the config of the repository."""
    for name, value in wanted.items():
        repo.git("config", name, value)


def git_shim(folder: Path, log: Path) -> dict[str, str]:
    """Return an environment in which each start of git writes its arguments and GIT_* to a log."""
    real = shutil.which("git")
    assert real
    folder.mkdir(parents=True)
    quoted = shlex.quote(str(log))
    script(
        folder / "git",
        f'printf "%s\\n" "$@" >>{quoted}\nenv | grep ^GIT_ >>{quoted}\nexec {real} "$@"\n',
    )
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
