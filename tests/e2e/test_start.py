"""How the program starts and ends: stopped before it has begun, and with nothing to do."""

import os
import signal
from pathlib import Path
from typing import Final

import pytest

from tests.support.cli import CLEAN, INTERRUPTED, Cli
from tests.support.repo import Repo

NOT_FOR_A_PUSH: Final = {
    "what reads and checks rules": ("yaml", "leakscan.rules.files", "leakscan.rules.schema"),
    "what decides on a hit": ("regex", "leakscan.score.scorer", "leakscan.remedy.catalog"),
    "what reads packs": (
        *("dulwich", "isal", "multiprocessing"),
        *("leakscan.history.family", "leakscan.history.workers", "leakscan.history.source"),
    ),
    "what follows a find": (
        *("leakscan.trace.tracer", "leakscan.trace.findings", "leakscan.triage.triage"),
        *("leakscan.report.document", "leakscan.gates.message", "leakscan.config"),
    ),
    "what parses arguments": ("click",),
    "what asks AWS": (
        *("botocore", "urllib3", "urllib.request", "http.client"),
        *("leakscan.verify", "leakscan.verify_config", "leakscan.inspection"),
    ),
    "what others need": ("git", "rich", "jsonschema", "importlib.metadata", "_hashlib", "ssl"),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_is_imported(cli: Cli, tmp_path: Path, number: signal.Signals) -> None:
    """The signal comes where the first module from outside is imported."""
    (tmp_path / "click.py").write_text(f"import os\nos.kill(os.getpid(), {int(number)})\n")
    run = cli.run("scan", tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert run.code == INTERRUPTED
    assert run.message == "leakscan: Interrupted; nothing was concluded.\n"
    assert run.out == b""


def test_what_was_said_is_written_before_it_ends(cli: Cli, tmp_path: Path) -> None:
    """Also to a pipe, where Python keeps it back."""
    run = cli.run("rules", "show", "aws-access-key-id", cwd=tmp_path)
    assert run.code == CLEAN
    assert run.out.startswith(b"aws-access-key-id\n")
    assert run.out.endswith(b"\n")


def test_what_others_do_at_exit_is_done(cli: Cli, tmp_path: Path) -> None:
    """What a debugger or a coverage tool has registered is called."""
    mark = tmp_path / "mark"
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, pathlib\n"
        f"atexit.register(lambda: pathlib.Path({os.fspath(mark)!r}).write_text('done'))\n"
    )
    assert cli.run("rules", "list", env={"PYTHONPATH": str(tmp_path)}).code == CLEAN
    assert mark.read_text() == "done"


def loaded(cli: Cli, repo: Repo, folder: Path) -> set[str]:
    """Push a commit of the repository to nowhere, and return the modules that were loaded."""
    said = folder / "modules"
    (folder / "sitecustomize.py").write_text(
        "import atexit, pathlib, sys\n"
        f"told = pathlib.Path({os.fspath(said)!r})\n"
        "atexit.register(lambda: told.write_text(' '.join(sys.modules)))\n"
    )
    line = f"refs/heads/main {repo.id('HEAD')} refs/heads/main {'0' * 40}\n"
    env = {"PYTHONPATH": str(folder), "GIT_DIR": ".git"}
    url = str(folder / "nowhere.git")
    words = ("pre-push", "--from-git", "--", "origin", url)  # As the hook writes it.
    run = cli.run(*words, cwd=repo.path, stdin=line.encode(), env=env)
    assert (run.code, run.err) == (CLEAN, b"")
    return set(said.read_text().split())


@pytest.mark.parametrize("what", NOT_FOR_A_PUSH)
def test_a_push_of_nothing_loads_only_what_it_needs(
    cli: Cli, repo: Repo, tmp_path: Path, what: str
) -> None:
    repo.commit({b"a.txt": b"nothing to be found\n"})
    loaded(cli, repo, tmp_path)  # From now on the rules are in the cache.
    modules = loaded(cli, repo, tmp_path)
    assert "leakscan.match.matcher" in modules
    assert not modules.intersection(NOT_FOR_A_PUSH[what])
