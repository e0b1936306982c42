"""Every way in and out of the program: messages, exit codes, files, start-up."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import (
    CLEAN,
    CONFIG,
    FINDINGS,
    INCOMPLETE,
    INTERRUPTED,
    USAGE,
    Cli,
    Run,
    program,
    read_report,
)
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo
from tests.support.traps import git_shim, script

PLAIN = b"nothing to see\n"
FORMATS = ("text", "json", "jsonl", "sarif")


@pytest.fixture
def leak(keys: KeyMaker) -> Leak:
    return keys.leak()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.init(tmp_path_factory.mktemp("clean") / "repo")
    repo.commit({b"README": PLAIN})
    return repo


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.init(tmp_path_factory.mktemp("leaky") / "repo")
    repo.commit({b".env": KeyMaker("leaky").leak().env()})
    return repo


def refused(run: Run, code: int) -> str:
    """The program said one clear thing on stderr, nothing on stdout; return what it said."""
    assert run.code == code, run.message
    assert run.out == b""
    first = run.message.splitlines()[0]
    assert first.startswith("leakscan: ")
    assert len(run.message.splitlines()) <= 3
    return run.message


# -- targets -------------------------------------------------------------------------------------


def test_clean_repository(cli: Cli, clean: Repo) -> None:
    scan = cli.scan(clean.path)
    assert scan.code == CLEAN
    assert scan.complete
    assert scan.findings == []


def test_folder_without_a_repository(cli: Cli, tmp_path: Path) -> None:
    assert str(tmp_path) in refused(cli.run("scan", tmp_path), USAGE)


def test_path_that_does_not_exist(cli: Cli, tmp_path: Path) -> None:
    assert "nothing-here" in refused(cli.run("scan", tmp_path / "nothing-here"), USAGE)


def test_file_instead_of_a_folder(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(PLAIN)
    assert "file.txt" in refused(cli.run("scan", path), USAGE)


@pytest.mark.parametrize("bare", [False, True], ids=["work-tree", "bare"])
def test_empty_repository_is_not_clean(cli: Cli, tmp_path: Path, bare: bool) -> None:
    repo = Repo.init(tmp_path / "empty", bare=bare)
    run = cli.run("scan", repo.path, "--format", "json")
    assert run.code == INCOMPLETE
    assert "Traceback" not in run.message
    text = cli.run("scan", repo.path)
    assert text.code == INCOMPLETE
    assert text.out + text.err


def test_git_file_to_nowhere(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nonexistent\n")
    refused(cli.run("scan", tmp_path), USAGE)


def test_current_folder_by_default(cli: Cli, leaky: Repo) -> None:
    assert cli.run("scan", cwd=leaky.path).code == FINDINGS


@pytest.mark.parametrize("below", ["objects", "refs/heads"])
def test_inside_the_git_directory(cli: Cli, leaky: Repo, below: str) -> None:
    assert cli.run("scan", leaky.git_dir).code == FINDINGS
    assert cli.run("scan", cwd=leaky.git_dir / below).code in (FINDINGS, USAGE)


def test_trailing_slash_and_links(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(leaky.path)
    assert cli.run("scan", f"{leaky.path}/").code == FINDINGS
    assert cli.run("scan", tmp_path / "link").code == FINDINGS


# -- wrong use --------------------------------------------------------------------------------


def test_unknown_format(cli: Cli, clean: Repo) -> None:
    said = refused(cli.run("scan", clean.path, "--format", "tea"), USAGE)
    assert "tea" in said
    assert "sarif" in said


@pytest.mark.parametrize("words", [("scann",), ("scan", "--no-such"), ("scan", "a", "b")])
def test_unknown_words(cli: Cli, words: tuple[str, ...]) -> None:
    assert words[-1] in refused(cli.run(*words), USAGE)


def test_no_arguments_show_the_help(cli: Cli) -> None:
    run = cli.run()
    assert run.code in (CLEAN, USAGE)
    assert b"Usage" in run.out + run.err


def test_more_formats_than_files(cli: Cli, clean: Repo) -> None:
    refused(cli.run("scan", clean.path, "--format", "json", "--format", "text"), USAGE)


def test_output_in_a_folder_that_does_not_exist(cli: Cli, clean: Repo, tmp_path: Path) -> None:
    refused(cli.run("scan", clean.path, "--output", tmp_path / "no/x.json"), USAGE)


def test_output_with_an_unknown_suffix(cli: Cli, clean: Repo, tmp_path: Path) -> None:
    refused(cli.run("scan", clean.path, "--output", tmp_path / "x.doc"), USAGE)


# -- rules ------------------------------------------------------------------------------------

BAD_RULES = {
    "no-yaml": "rules: [",
    "no-rules": "[]",
    "empty": "",
    "unknown-field": "rules:\n  - {id: x, colour: red}\n",
    "bad-pattern": "rules:\n  - {id: x, pattern: '('}\n",
    "object": "!!python/object/apply:os.system ['touch owned']\n",
    "aliases": "a: &a [1]\nb: &b [*a, *a]\nrules: *b\n",
}


@pytest.mark.parametrize("text", BAD_RULES.values(), ids=BAD_RULES)
def test_bad_rule_file(cli: Cli, clean: Repo, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "mine.yaml").write_text(text)
    said = refused(cli.run("scan", clean.path, "--rules", folder, cwd=tmp_path), CONFIG)
    assert "mine.yaml" in said
    assert not (tmp_path / "owned").exists()


def test_folder_without_rules(cli: Cli, clean: Repo, tmp_path: Path) -> None:
    """A scan without rules finds nothing, and nothing must never look clean."""
    refused(cli.run("scan", clean.path, "--rules", tmp_path), CONFIG)


@pytest.mark.parametrize("data", [b"\xff\xfe\0", b"rules:\n\t- x\n", b"\0"])
def test_rule_file_that_is_no_text(cli: Cli, clean: Repo, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "mine.yaml").write_bytes(data)
    refused(cli.run("scan", clean.path, "--rules", tmp_path), CONFIG)


def test_rules_are_listed_shown_and_tested(cli: Cli) -> None:
    listed = cli.run("rules", "list")
    assert listed.code == CLEAN
    assert b"aws-access-key-id" in listed.out
    shown = cli.run("rules", "show", "aws-access-key-id")
    assert shown.code == CLEAN
    assert b"AKIA" in shown.out
    assert cli.run("rules", "test").code == CLEAN


def test_rule_that_does_not_exist(cli: Cli) -> None:
    assert "no-such-rule" in refused(cli.run("rules", "show", "no-such-rule"), USAGE)


# -- surroundings -----------------------------------------------------------------------------


def test_no_git(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    said = refused(cli.run("scan", leaky.path, env={"PATH": str(tmp_path)}), USAGE)
    assert "git" in said


def test_git_that_fails(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    script(tmp_path / "git", "echo broken >&2\nexit 3\n")
    run = cli.run("scan", leaky.path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert run.code not in (CLEAN, 70)
    assert run.message


def test_git_that_answers_nonsense(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    script(tmp_path / "git", "echo what; cat >/dev/null\n")
    run = cli.run("scan", leaky.path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert run.code not in (CLEAN, 70)


def test_home_that_is_not_writable(cli: Cli, leaky: Repo) -> None:
    env = {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/dev/null/x"}
    assert cli.run("scan", leaky.path, env=env).code == FINDINGS


def test_almost_empty_environment(cli: Cli, leaky: Repo) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "-i", f"PATH={cli.environment()['PATH']}", *program(), "scan", leaky.path],
        capture_output=True,
        check=False,
    )
    assert done.returncode == FINDINGS, done.stderr


def test_locale_without_unicode(cli: Cli, repo: Repo, leak: Leak) -> None:
    repo.commit({"schlüssel/→.env".encode(): leak.env()})
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    for name in FORMATS:
        run = cli.run("scan", repo.path, "--format", name, env=env)
        assert run.code == FINDINGS
        assert leak.key_id.encode() in run.out


def test_the_repository_is_not_changed(cli: Cli, repo: Repo, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    repo.checkout()

    def state() -> dict[str, tuple[int, bytes]]:
        files = [one for one in repo.path.rglob("*") if one.is_file()]
        return {str(one): (one.stat().st_mtime_ns, one.read_bytes()) for one in files}

    before = state()
    cli.run("scan", repo.path)
    assert state() == before


def test_nothing_is_left_behind(own_cli: Cli, leaky: Repo) -> None:
    own_cli.run("scan", leaky.path)
    assert list(own_cli.tmp.iterdir()) == []


def test_two_scans_say_the_same(cli: Cli, leaky: Repo) -> None:
    one, two = (cli.scan(leaky.path).report for _ in range(2))
    one["coverage"]["seconds"] = two["coverage"]["seconds"] = 0
    assert one == two


# -- outputs ----------------------------------------------------------------------------------


def test_output_file(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    run = cli.run("scan", leaky.path, "--output", file)
    assert run.code == FINDINGS
    assert run.out == b""
    assert read_report(file.read_bytes())["findings"]
    assert file.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_file_and_stdout(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    file = tmp_path / "x"
    options = ("--format", "sarif", "--output", file, "--format", "json")
    run = cli.run("scan", leaky.path, *options)
    assert read_report(run.out)["findings"]
    assert json.loads(file.read_bytes())["version"] == "2.1.0"


def test_a_report_in_a_file_has_a_next_step(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    """Only where it can be taken: with findings, in a format that verify reads."""
    file = tmp_path / "a b.json"
    run = cli.run("scan", leaky.path, "--output", file)
    step = f"Which of them work: leakscan verify '{file}' --account ID"
    assert run.message.splitlines()[-1] == step
    for more in (("--quiet",), ("--fail-on", "critical"), ("--format", "text")):
        assert "Which of them" not in cli.run("scan", leaky.path, "--output", file, *more).message


def test_help_of_scan_has_the_exit_codes_and_an_account_alone_is_told_to_verify(
    cli: Cli, leaky: Repo
) -> None:
    assert "Exit codes\n    0    complete" in cli.run("scan", "--help").out.decode()
    run = cli.run("scan", leaky.path, "--account", "123456789012")
    assert run.code == USAGE
    assert "add --verify" in run.message


@pytest.mark.parametrize("name", FORMATS)
def test_stdout_holds_the_report_and_nothing_else(cli: Cli, leaky: Repo, name: str) -> None:
    run = cli.run("scan", leaky.path, "--format", name)
    assert run.err == b""
    if name == "jsonl":
        assert [json.loads(line)["type"] for line in run.out.splitlines()][-1] == "summary"
    elif name != "text":
        json.loads(run.out)


def test_quiet(cli: Cli, leaky: Repo, tmp_path: Path) -> None:
    run = cli.run("scan", leaky.path, "--quiet", "--output", tmp_path / "x.json")
    assert (run.code, run.out, run.err) == (FINDINGS, b"", b"")


def test_without_authors(cli: Cli, leaky: Repo) -> None:
    for name in FORMATS:
        run = cli.run("scan", leaky.path, "--format", name, "--no-authors")
        assert b"ada@example.com" not in run.out
        assert b"Ada Test" not in run.out


def test_reader_who_leaves(cli: Cli, leaky: Repo) -> None:
    with subprocess.Popen(
        [*program(), "scan", leaky.path, "--format", "json"],
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == FINDINGS
    assert err == b""


@pytest.mark.parametrize("name", FORMATS)
def test_full_disk(cli: Cli, leaky: Repo, name: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*program(), "scan", leaky.path, "--format", name],
            env=cli.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == USAGE
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"leakscan: ")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupted(cli: Cli, leaky: Repo, tmp_path: Path, name: str) -> None:
    """The git that the program starts interrupts it in the middle of the scan."""
    shim = tmp_path / "shim"
    env = git_shim(shim, tmp_path / "log")
    script(shim / "git", f"kill -{signal.Signals[name].value} $PPID\nsleep 30\n")
    run = cli.run("scan", leaky.path, env=env)
    assert run.code == INTERRUPTED
    assert run.out == b""
    assert len(run.message.splitlines()) == 1


def test_severity_and_confidence(cli: Cli, repo: Repo, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    assert cli.scan(repo.path, "--fail-on", "low").code == FINDINGS
    (finding,) = cli.scan(repo.path).findings
    assert finding["severity"] in ("high", "critical")
    assert finding["confidence"] == "high"
    assert finding["account_id"] is not None


# -- help and start-up ---------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("scan",), ("rules",), ("rules", "list")])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(cli: Cli, words: tuple[str, ...], option: str) -> None:
    run = cli.run(*words, option)
    assert (run.code, run.err) == (CLEAN, b"")
    assert run.out.startswith(b"Usage: leakscan")


def test_help_names_every_exit_code(cli: Cli) -> None:
    text = cli.run("--help").out.decode()
    for code in ("0", "1", "2", "3", "4", "70", "130"):
        assert f"  {code} " in text


def test_version(cli: Cli) -> None:
    run = cli.run("--version")
    assert (run.code, run.err) == (CLEAN, b"")
    text = run.out.decode().lower()
    assert text.startswith("leakscan 0.1.0")
    assert "rules" in text
    assert "hyperscan" in text


@pytest.mark.parametrize("words", [("--version",), ("--help",)])
def test_start_up_imports_nothing_heavy(cli: Cli, words: tuple[str, ...]) -> None:
    heavy = {"hyperscan", "regex", "rich", "yaml", "git", "botocore", "jsonschema", "asyncio"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "leakscan", *words],
        env=cli.environment(),
        capture_output=True,
        check=True,
    )
    lines = done.stderr.decode().splitlines()
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines if "|" in line}
    assert "click" in imported
    assert not heavy & imported
