"""A scanned repository can run nothing, fetch nothing, hide nothing and stop nothing.

Each trap leaves a canary file when it is sprung; where plain git springs it, the test shows
that first, so that a trap that has gone stale fails.
"""

import json
import os
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.support.cli import FINDINGS, INCOMPLETE, Cli, Scan
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Entry, Person, Repo, git_environment, link
from tests.support.traps import HOOKS, Trap, configure, git_shim, hooks, script, settings

PLAIN = b"nothing to see\n"
ATTRIBUTES = b"* diff=trap filter=trap merge=trap\n"

# The command of git that springs each trap; None where it takes a terminal or a server.
SPRINGS: dict[str, tuple[str, ...] | None] = {
    "fsmonitor": ("status",),
    "hooksPath": ("checkout", "-q", "-f", "HEAD"),
    "textconv": ("show", "HEAD"),
    "external-diff-driver": ("diff", "HEAD~1", "HEAD"),
    "external-diff": ("diff", "HEAD~1", "HEAD"),
    "filters": ("checkout", "-q", "-f", "HEAD", "--", "."),
    "process-filter": ("checkout", "-q", "-f", "HEAD", "--", "."),
    "merge-driver": None,
    "signature": ("log",),
    "ssh-signature": None,
    "pager": None,
    "aliases": ("scan",),
    "editor": ("commit", "--allow-empty"),
    "credential": None,
    "alternate-refs": None,
    "upload-pack": ("fetch", "origin"),
    "trace": None,
}


@pytest.fixture
def leak(keys: KeyMaker) -> Leak:
    return keys.leak()


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap.make(tmp_path / "trap")


@pytest.fixture
def baited(repo: Repo, leak: Leak) -> Repo:
    """A repository with a leak, attributes that name every driver, and a signed commit."""
    repo.commit({b"README": PLAIN})
    commit = repo.commit({b".gitattributes": ATTRIBUTES, b".env": leak.env()})
    signature = b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n"
    repo.rewrite(commit, b"\n\n", signature)
    repo.git("config", "remote.origin.url", f"file://{repo.git_dir}")
    repo.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    repo.checkout()
    (repo.path / "README").write_bytes(PLAIN + b"touched\n")
    return repo


def found(scan: Scan, leak: Leak, *, complete: bool = True) -> None:
    assert scan.of(leak.key_id)
    assert scan.code == FINDINGS
    assert scan.complete is complete, scan.skipped


def careless(repo: Repo, *args: str, env: dict[str, str] | None = None) -> None:
    """Run git as a careless program would; whether it works does not matter."""
    subprocess.run(
        ["git", *args],
        cwd=repo.path,
        env=git_environment(repo.path.parent) | (env or {}),
        capture_output=True,
        check=False,
        timeout=60,
    )


# -- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPRINGS)
def test_setting_that_runs_a_command(
    baited: Repo, cli: Cli, leak: Leak, trap: Trap, name: str
) -> None:
    configure(baited, settings(trap)[name])
    if springs := SPRINGS[name]:
        careless(baited, *springs)
        assert trap.sprung
    trap.canary.unlink(missing_ok=True)
    found(cli.scan(baited.path, cwd=baited.path), leak)
    assert not trap.sprung


def test_every_setting_at_once(baited: Repo, cli: Cli, leak: Leak, trap: Trap) -> None:
    for group in settings(trap).values():
        configure(baited, group)
    trap.canary.unlink(missing_ok=True)
    found(cli.scan(baited.path, cwd=baited.path), leak)
    assert not trap.sprung


def test_settings_in_a_bare_repository(tmp_path: Path, cli: Cli, leak: Leak, trap: Trap) -> None:
    bare = Repo.init(tmp_path / "bare.git", bare=True)
    bare.commit({b".env": leak.env()})
    for group in settings(trap).values():
        configure(bare, group)
    trap.canary.unlink(missing_ok=True)
    found(cli.scan(bare.path, cwd=bare.path), leak)
    assert not trap.sprung


@pytest.mark.parametrize("key", ["include.path", "includeIf.gitdir:/**.path"])
def test_included_settings(
    baited: Repo, cli: Cli, leak: Leak, trap: Trap, tmp_path: Path, key: str
) -> None:
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {trap.command}\n")
    baited.git("config", key, str(included))
    careless(baited, "status")
    trap.reset()
    found(cli.scan(baited.path, cwd=baited.path), leak)
    assert not trap.sprung


def test_settings_of_a_worktree(
    baited: Repo, cli: Cli, leak: Leak, trap: Trap, tmp_path: Path
) -> None:
    linked = baited.worktree(tmp_path / "linked", "topic")
    baited.git("config", "extensions.worktreeConfig", "true")
    linked.git("config", "--worktree", "core.fsmonitor", str(trap.command))
    careless(linked, "status")
    trap.reset()
    found(cli.scan(linked.path, cwd=linked.path), leak)
    assert not trap.sprung


def test_hooks_of_the_repository(baited: Repo, cli: Cli, leak: Leak, trap: Trap) -> None:
    hooks(trap, baited.git_dir / "hooks")
    careless(baited, "checkout", "-q", "-f", "HEAD")
    trap.reset()
    found(cli.scan(baited.path, cwd=baited.path), leak)
    assert not trap.sprung
    assert "update" in HOOKS


def test_work_tree_elsewhere(baited: Repo, cli: Cli, leak: Leak, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    baited.git("config", "core.worktree", str(elsewhere))
    found(cli.scan(baited.path), leak)
    assert list(elsewhere.iterdir()) == []


def test_rules_in_the_repository_change_nothing(baited: Repo, cli: Cli, leak: Leak) -> None:
    quiet = b"rules: []\nallow: ['.*']\nexclude: ['**']\nignore: ['**']\n"
    for name in (".leakscan.yaml", ".leakscanignore", "patterns/aws.yaml", "leakscan.yaml"):
        baited.write(name.encode(), quiet)
    baited.commit_staged()
    found(cli.scan(baited.path, cwd=baited.path), leak)
    found(cli.scan(Path(), cwd=baited.path), leak)


def test_modules_in_the_repository_are_not_imported(
    baited: Repo, cli: Cli, leak: Leak, trap: Trap
) -> None:
    body = f"import pathlib\npathlib.Path({str(trap.canary)!r}).touch()\n"
    for name in ("click", "regex", "yaml", "json", "hyperscan", "rich", "sitecustomize"):
        (baited.path / f"{name}.py").write_text(body)
    found(cli.scan(Path(), cwd=baited.path), leak)
    assert not trap.sprung


# -- fetching -------------------------------------------------------------------------------------


@pytest.fixture
def promised(repo: Repo, leak: Leak, tmp_path: Path) -> tuple[Repo, str]:
    """A blobless clone with a leak in a message, and the id of a blob it does not have."""
    repo.commit({b"a": PLAIN}, message=leak.env())
    partial = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    return partial, repo.blob("main", b"a")


def absent(repo: Repo, blob: str) -> bool:
    return blob not in repo.objects()


def test_missing_promised_object_is_not_fetched(
    promised: tuple[Repo, str], cli: Cli, leak: Leak
) -> None:
    partial, blob = promised
    assert absent(partial, blob)
    found(cli.scan(partial.path), leak, complete=False)
    assert absent(partial, blob)
    careless(partial, "cat-file", "blob", blob)
    assert not absent(partial, blob)


@pytest.mark.parametrize("url", ["ssh://host.invalid/x", "ext::sh -c %S", "file:///nonexistent"])
def test_promisor_that_runs_a_command(
    promised: tuple[Repo, str], cli: Cli, leak: Leak, trap: Trap, url: str
) -> None:
    partial, blob = promised
    run = str(trap.command)
    wanted = {
        "remote.origin.url": url.replace("sh -c %S", run),
        "core.sshCommand": run,
        "ssh.variant": "ssh",
        "protocol.allow": "always",
        "remote.origin.uploadpack": run,
    }
    configure(partial, wanted)
    careless(partial, "cat-file", "blob", blob)
    if not url.startswith("file"):
        assert trap.sprung
    trap.canary.unlink(missing_ok=True)
    found(cli.scan(partial.path), leak, complete=False)
    assert not trap.sprung


def test_rewritten_url_of_a_promisor(
    promised: tuple[Repo, str], cli: Cli, leak: Leak, trap: Trap
) -> None:
    partial, blob = promised
    partial.git("config", f"url.ext::{trap.command} .insteadOf", "file://")
    partial.git("config", "protocol.allow", "always")
    careless(partial, "cat-file", "blob", blob)
    trap.reset()
    found(cli.scan(partial.path), leak, complete=False)
    assert not trap.sprung


def test_git_is_never_told_to_fetch(
    promised: tuple[Repo, str], cli: Cli, leak: Leak, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    env = git_shim(tmp_path / "shim", log)
    found(cli.scan(promised[0].path, env=env), leak, complete=False)
    words = log.read_text().split()
    assert "cat-file" in words
    assert not {"fetch", "fetch-pack", "clone", "pull", "log", "show", "status"} & set(words)
    assert "safe.directory=*" not in log.read_text()


# -- hiding ------------------------------------------------------------------------------------


def test_replace_ref_over_a_blob(repo: Repo, cli: Cli, leak: Leak) -> None:
    commit = repo.commit({b".env": leak.env()})
    repo.git("replace", repo.blob(commit, b".env"), repo.write_object("blob", PLAIN))
    assert repo.git("show", "HEAD:.env") == PLAIN
    scan = cli.scan(repo.path)
    found(scan, leak)
    assert scan.report["target"]["replace_refs"] == 1
    assert scan.occurrences(leak.key_id, commit=commit, path=".env", event="introduced")


def test_replace_ref_over_a_commit(repo: Repo, cli: Cli, leak: Leak) -> None:
    commit = repo.commit({b".env": leak.env()})
    clean = repo.commit({b".env": PLAIN}, branch="clean", parents=[])
    repo.git("replace", commit, clean)
    scan = cli.scan(repo.path)
    found(scan, leak)
    assert scan.occurrences(leak.key_id, commit=commit, path=".env", event="introduced")


def test_graft_that_cuts_off_the_leak(repo: Repo, cli: Cli, leak: Leak) -> None:
    first = repo.commit({b".env": leak.env()})
    tip = repo.commit({b".env": PLAIN})
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info/grafts").write_text(f"{tip}\n")
    scan = cli.scan(repo.path)
    found(scan, leak)
    assert scan.report["target"]["grafts"] is True
    assert scan.occurrences(leak.key_id, commit=tip, event="removed", path=".env")
    assert scan.occurrences(leak.key_id, commit=first, event="introduced", path=".env")
    assert scan.of(leak.key_id)[0]["exposure"]["refs"] == ["refs/heads/main"]


def test_shallow_file_that_lies(repo: Repo, cli: Cli, leak: Leak) -> None:
    first = repo.commit({b".env": leak.env()})
    tip = repo.commit({b".env": PLAIN})
    (repo.git_dir / "shallow").write_text(f"{tip}\n")
    scan = cli.scan(repo.path)
    assert scan.occurrences(leak.key_id, commit=first, event="introduced", path=".env")


def test_alternates_elsewhere_are_scanned_and_named(
    repo: Repo, cli: Cli, leak: Leak, tmp_path: Path
) -> None:
    other = Repo.init(tmp_path / "other")
    other.commit({b".env": leak.env()})
    repo.commit({b"README": PLAIN})
    alternates = repo.git_dir / "objects/info/alternates"
    alternates.write_text(f"# a comment\n{other.git_dir}/objects\n")
    scan = cli.scan(repo.path)
    found(scan, leak)
    assert str(other.git_dir / "objects") in scan.report["target"]["alternates"]


def test_circle_of_alternates(repo: Repo, cli: Cli, leak: Leak, tmp_path: Path) -> None:
    other = Repo.init(tmp_path / "other")
    other.commit({b".env": leak.env()})
    repo.commit({b"README": PLAIN})
    for one, two in ((repo, other), (other, repo)):
        (one.git_dir / "objects/info/alternates").write_text(f"{two.git_dir}/objects\n")
    found(cli.scan(repo.path), leak)


def test_alternates_without_end(repo: Repo, cli: Cli, leak: Leak, tmp_path: Path) -> None:
    """A chain deeper than git follows: what lies behind is read, or the scan is incomplete."""
    repo.commit({b".env": leak.env()})
    last = repo
    for number in range(9):
        new = Repo.init(tmp_path / f"link{number}")
        (new.git_dir / "objects/info/alternates").write_text(f"{last.git_dir}/objects\n")
        last = new
    scan = cli.scan(last.path)
    assert scan.of(leak.key_id) or scan.code == INCOMPLETE


# -- environment of the caller --------------------------------------------------------------------


def test_environment_that_points_elsewhere(
    baited: Repo, cli: Cli, leak: Leak, tmp_path: Path
) -> None:
    clean = Repo.init(tmp_path / "clean")
    clean.commit({b"README": PLAIN})
    env = {
        "GIT_DIR": str(clean.git_dir),
        "GIT_COMMON_DIR": str(clean.git_dir),
        "GIT_WORK_TREE": str(clean.path),
        "GIT_OBJECT_DIRECTORY": str(clean.git_dir / "objects"),
        "GIT_INDEX_FILE": str(clean.git_dir / "index"),
        "GIT_NAMESPACE": "other",
        "GIT_SHALLOW_FILE": str(clean.git_dir / "nothing"),
        "GIT_GRAFT_FILE": str(clean.git_dir / "nothing"),
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_REPLACE_REF_BASE": "refs/heads/",
    }
    scan = cli.scan(baited.path, env=env)
    found(scan, leak)
    distinct = len(baited.objects())
    assert scan.report["coverage"]["objects"] == {"expected": distinct, "scanned": distinct}


def test_environment_that_adds_objects(baited: Repo, cli: Cli, keys: KeyMaker) -> None:
    other = Repo.init(baited.path.parent / "other")
    foreign = keys.leak()
    other.commit({b".env": foreign.env()})
    env = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(other.git_dir / "objects")}
    scan = cli.scan(baited.path, env=env)
    assert scan.complete
    assert not scan.of(foreign.key_id)


def test_environment_that_runs_a_command(baited: Repo, cli: Cli, leak: Leak, trap: Trap) -> None:
    run = str(trap.command)
    env = {
        "GIT_EXTERNAL_DIFF": run,
        "GIT_SSH_COMMAND": run,
        "GIT_SSH": run,
        "GIT_PAGER": run,
        "PAGER": run,
        "GIT_EDITOR": run,
        "GIT_ASKPASS": run,
        "GIT_PROXY_COMMAND": run,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": run,
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor'='{run}'",
        "GIT_TRACE": str(trap.canary),
        "GIT_TRACE2_EVENT": str(trap.canary),
    }
    careless(baited, "status", env=env)
    trap.reset()
    found(cli.scan(baited.path, env=env, cwd=baited.path), leak)
    assert not trap.sprung


def test_settings_of_the_user(baited: Repo, own_cli: Cli, leak: Leak, trap: Trap) -> None:
    for group in settings(trap).values():
        for name, value in group.items():
            config = str(own_cli.home / ".gitconfig")
            baited.git("config", "--file", config, "--add", name, value)
    trap.canary.unlink(missing_ok=True)
    found(own_cli.scan(baited.path, cwd=baited.path), leak)
    assert not trap.sprung


def test_git_in_the_repository_is_not_run(baited: Repo, cli: Cli, leak: Leak, trap: Trap) -> None:
    script(baited.path / "git", f"exec {trap.command}\n")
    found(cli.scan(Path(), cwd=baited.path), leak)
    assert not trap.sprung


# -- names -------------------------------------------------------------------------------------

NAMES = {
    "newline": b"two\nlines",
    "carriage-return": b"one\rtwo",
    "escape": b"\x1b]0;title\x07\x1b[2J\x1b[31mred",
    "option": b"--output=owned",
    "short-option": b"-rf",
    "quotes": b"\"'`$(touch owned)`",
    "backslash": b"a\\tb\\x00\\",
    "not-utf-8": b"\xff\xfe\x80",
    "surrogate": b"\xed\xa0\x80",
    "bidi": "a\u202etxt.exe\u2066".encode(),
    "nul-like": b"a\\0b%00c",
    "spaces": b"  a  ",
    "tab": b"a\tb",
    "colon": b":(glob)**",
    "markup": b"[bold red]x[/bold red][link=file:///x]y[/link]",
    "brace": b"{0.__class__}%s%n",
    "long": b"l" * 250,
    "dot-git": b".git",
    "dot-dot": b"..",
    "dot": b".",
    "empty": b"",
    "slash": b"/etc/passwd",
    "drive": b"C:\\x",
}


def plant_name(repo: Repo, name: bytes, leak: Leak) -> str:
    """Commit a leak under a name that git itself may refuse, and return the commit."""
    blob = bytes.fromhex(repo.write_object("blob", leak.env()))
    tree = repo.write_object("tree", b"100644 " + name + b"\0" + blob)
    raw = b"tree %b\nauthor A <a@b> 1600000000 +0000\ncommitter A <a@b> 1600000000 +0000\n\nx\n"
    commit = repo.write_object("commit", raw % tree.encode())
    repo.ref("refs/heads/main", commit)
    return commit


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_name_of_a_file(repo: Repo, cli: Cli, leak: Leak, name: bytes) -> None:
    commit = plant_name(repo, name, leak)
    scan = cli.scan(repo.path)
    assert scan.code == FINDINGS
    assert scan.occurrences(leak.key_id, commit=commit, line=1, event="introduced")
    assert not (cli.home / "owned").exists()


@pytest.mark.parametrize("name", ["escape", "newline", "carriage-return", "bidi", "markup"])
def test_name_in_the_text_report(repo: Repo, cli: Cli, leak: Leak, name: str) -> None:
    plant_name(repo, NAMES[name], leak)
    run = cli.run("scan", repo.path, "--format", "text")
    text = run.out.decode()
    assert run.code == FINDINGS
    assert leak.key_id in text
    harmful = {"\x1b", "\x07", "\r", "\u202e", "\u2066", "\x00"}
    assert not harmful & set(text)
    assert not [line for line in text.splitlines() if line.strip() == "lines"]
    if name == "markup":
        assert "[bold red]x[/bold red]" in text


@pytest.mark.parametrize("name", ["escape", "not-utf-8", "option", "bidi", "markup", "long"])
def test_name_of_a_person(repo: Repo, cli: Cli, leak: Leak, name: str) -> None:
    person = Person(NAMES[name], NAMES[name])
    commit = repo.commit({b".env": leak.env()}, author=person, committer=person)
    found(cli.scan(repo.path), leak)
    run = cli.run("scan", repo.path)
    assert commit[:7] in run.out.decode()
    assert not {"\x1b", "\x07", "\u202e"} & set(run.out.decode())


@pytest.mark.parametrize(
    "line",
    [b"author", b"author ", b"author <> 0", b"author A <a@b>", b"author A a@b 1 +0", b"", b"\xff"],
)
def test_commit_without_a_proper_author(repo: Repo, cli: Cli, leak: Leak, line: bytes) -> None:
    blob = repo.commit({b".env": leak.env()}, branch="build")
    raw = repo.git("cat-file", "commit", blob)
    author = next(one for one in raw.split(b"\n") if one.startswith(b"author"))
    commit = repo.write_object("commit", raw.replace(author, line))
    repo.ref("refs/heads/main", commit)
    scan = cli.scan(repo.path)
    assert scan.occurrences(leak.key_id, commit=commit, path=".env", event="introduced")


@pytest.mark.parametrize("name", ["--all", "-x", "a`b", "$(touch owned)", "ä", "a'b", 'a"b', "@"])
def test_name_of_a_ref(repo: Repo, cli: Cli, leak: Leak, name: str) -> None:
    commit = repo.commit({b".env": leak.env()})
    folder = repo.git_dir / "refs/heads"
    (folder / name).write_text(f"{commit}\n")
    scan = cli.scan(repo.path)
    found(scan, leak)
    assert f"refs/heads/{name}" in scan.of(leak.key_id)[0]["exposure"]["refs"]


@pytest.mark.parametrize("name", ["a b", "a..b", "x.lock", "esc\x1b[2J", "new\nline", "a~1", "a:b"])
def test_name_that_no_ref_may_have(repo: Repo, cli: Cli, leak: Leak, name: str) -> None:
    """Git ignores or refuses such a ref; the scan must survive it and still find the leak."""
    commit = repo.commit({b".env": leak.env()})
    (repo.git_dir / "refs/heads" / name).write_text(f"{commit}\n")
    assert cli.scan(repo.path).of(leak.key_id)
    assert b"\x1b" not in cli.run("scan", repo.path).out


def test_name_of_the_repository(cli: Cli, leak: Leak, tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "--output=x \x1b[31m\n[bold]'\"")
    repo.commit({b".env": leak.env()})
    found(cli.scan(repo.path), leak)
    run = cli.run("scan", repo.path)
    assert leak.key_id.encode() in run.out
    assert b"\x1b" not in run.out


def test_repository_that_looks_like_an_option(cli: Cli, leak: Leak, tmp_path: Path) -> None:
    Repo.init(tmp_path / "--reveal").commit({b".env": leak.env()})
    run = cli.run("scan", "--format", "json", "--", "--reveal", cwd=tmp_path)
    assert run.code == FINDINGS
    assert json.loads(run.out)["findings"][0]["access_key_id"] == leak.key_id


# -- files that are none --------------------------------------------------------------------------

FILES = (
    "refs/heads/fifo", "refs/tags/deep/fifo", "packed-refs", "objects/info/alternates", "index",
    "HEAD", "config", "shallow", "info/grafts", "logs/HEAD", "logs/refs/heads/main", "ORIG_HEAD",
    "COMMIT_EDITMSG", "FETCH_HEAD", "commondir", "objects/ab/" + "c" * 38,
    "objects/pack/pack-1.pack",
    "objects/pack/pack-" + "1" * 40 + ".idx", "worktrees/w/HEAD", "worktrees/w/index",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_fifo_does_not_stop_the_scan(repo: Repo, cli: Cli, leak: Leak, name: str) -> None:
    repo.commit({b".env": leak.env()})
    path = repo.git_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    scan = cli.scan(repo.path)
    assert scan.of(leak.key_id)
    assert scan.code == FINDINGS


@pytest.mark.parametrize("name", ["refs/heads/zero", "HEAD", "index", "packed-refs", "logs/HEAD"])
def test_link_to_an_endless_file(repo: Repo, cli: Cli, leak: Leak, name: str) -> None:
    repo.commit({b".env": leak.env()})
    path = repo.git_dir / name
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")
    scan = cli.scan(repo.path)
    assert scan.of(leak.key_id)
    assert scan.code == FINDINGS


def test_git_file_that_is_a_fifo(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    os.mkfifo(tmp_path / "work/.git")
    assert cli.run("scan", tmp_path / "work").code not in (0, FINDINGS)


@pytest.mark.parametrize("name", ["logs/HEAD", "COMMIT_EDITMSG", "refs/heads/out", "packed-refs"])
def test_link_out_of_the_repository_tells_nothing(
    repo: Repo, cli: Cli, keys: KeyMaker, tmp_path: Path, name: str
) -> None:
    """A repository must not make a scan report what lies elsewhere on the machine."""
    foreign, own = keys.leaks(2)
    secret_file = tmp_path / "credentials"
    secret_file.write_bytes(foreign.env())
    repo.commit({b".env": own.env()})
    path = repo.git_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(secret_file)
    scan = cli.scan(repo.path)
    assert scan.of(own.key_id)
    assert not scan.of(foreign.key_id)


def test_symbolic_link_as_head(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    (repo.git_dir / "HEAD").unlink()
    (repo.git_dir / "HEAD").symlink_to("refs/heads/main")
    scan = cli.scan(repo.path)
    found(scan, leak)
    assert scan.of(leak.key_id)[0]["exposure"]["at_head"] is True


def test_circle_of_symbolic_refs(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    for one, two in (("x", "y"), ("y", "x")):
        (repo.git_dir / "refs/heads" / one).write_text(f"ref: refs/heads/{two}\n")
    assert cli.scan(repo.path).of(leak.key_id)


def test_circle_of_folders(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    (repo.git_dir / "refs/heads/loop").symlink_to("..")
    (repo.git_dir / "logs").mkdir(exist_ok=True)
    (repo.git_dir / "logs/loop").symlink_to(".")
    assert cli.scan(repo.path).of(leak.key_id)


# -- objects that are bombs --------------------------------------------------------------------


def test_tree_that_holds_one_tree_many_times(repo: Repo, cli: Cli, leak: Leak) -> None:
    """Ten folders of ten folders of …: ten objects, but 10^10 paths."""
    blob = repo.write_object("blob", leak.env())
    tree, mode = repo.git("mktree", stdin=b"100644 blob %b\tx\n" % blob.encode()), b"40000"
    for _ in range(10):
        one = bytes.fromhex(tree.decode().strip())
        entries = b"".join(b"%b d%d\0%b" % (mode, n, one) for n in range(10))
        tree = repo.write_object("tree", entries).encode()
    raw = b"tree %b\nauthor A <a@b> 1600000000 +0000\ncommitter A <a@b> 1600000000 +0000\n\nx\n"
    repo.ref("refs/heads/main", repo.write_object("commit", raw % tree))
    scan = cli.scan(repo.path)
    assert scan.of(leak.key_id)
    assert scan.code == FINDINGS


def test_loose_object_that_lies_about_its_size(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    for size in (b"1", b"99999999999999999999", b"1099511627776", b"-1", b"x"):
        path = repo.loose(f"{len(size):02x}" + "0" * 38)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(b"blob %b\0" % size + PLAIN))
    found(cli.scan(repo.path), leak, complete=False)


def test_tag_that_points_at_itself_or_nothing(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    target = "1234567890" * 4
    tag = f"object {target}\ntype commit\ntag x\ntagger A <a@b> 1 +0000\n\nx\n"
    repo.ref("refs/tags/x", repo.write_object("tag", tag.encode()))
    found(cli.scan(repo.path), leak, complete=False)


def test_many_parents(repo: Repo, cli: Cli, leak: Leak) -> None:
    base = repo.commit({b"README": PLAIN})
    first = repo.commit({b".env": leak.env()})
    raw = repo.git("cat-file", "commit", first)
    line = b"parent %b\n" % base.encode()
    commit = repo.write_object("commit", raw.replace(line, line * 500))
    repo.ref("refs/heads/main", commit)
    scan = cli.scan(repo.path)
    assert scan.occurrences(leak.key_id, commit=commit, path=".env", event="introduced")


def test_tree_with_a_name_twice(repo: Repo, cli: Cli, leak: Leak) -> None:
    bad = bytes.fromhex(repo.write_object("blob", leak.env()))
    good = bytes.fromhex(repo.write_object("blob", PLAIN))
    tree = repo.write_object("tree", b"100644 a\0" + good + b"100644 a\0" + bad)
    raw = b"tree %b\nauthor A <a@b> 1600000000 +0000\ncommitter A <a@b> 1600000000 +0000\n\nx\n"
    commit = repo.write_object("commit", raw % tree.encode())
    repo.ref("refs/heads/main", commit)
    assert cli.scan(repo.path).occurrences(leak.key_id, blob=repo.blob_id(leak.env()))


def test_link_in_a_tree_is_not_followed(
    repo: Repo, cli: Cli, keys: KeyMaker, tmp_path: Path
) -> None:
    foreign, own = keys.leaks(2)
    outside = tmp_path / "credentials"
    outside.write_bytes(foreign.env())
    target: Entry = link(str(outside).encode())
    repo.commit({b"a": target, b".env": own.env()})
    repo.checkout()
    scan = cli.scan(repo.path)
    found(scan, own)
    assert not scan.of(foreign.key_id)
