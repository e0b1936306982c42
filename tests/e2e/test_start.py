"""How the program starts and ends: stopped before it has begun, and with nothing to do."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.cli import CLEAN, INTERRUPTED, Cli


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
