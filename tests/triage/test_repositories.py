"""Real repositories through the installed program: what is accepted stays so, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import CLEAN, CONFIG, FINDINGS, INCOMPLETE, USAGE, Cli, Run, Scan
from tests.support.damage import remove
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo

OBEY = "--obey-repository"
NAME = ".leakscan-baseline"
Baseline = Callable[..., Run]


@pytest.fixture
def baseline(cli: Cli, repo: Repo) -> Baseline:
    """Run `leakscan baseline` on the repository."""

    def run(verb: str, *options: str | Path) -> Run:
        return cli.run("baseline", verb, repo.path, *options)

    return run


def env(leak: Leak, comment: str = "") -> bytes:
    """The credential in two lines, the comment behind the secret."""
    first, second = leak.env().splitlines()
    return b"# settings\n%b\n%b %b\n" % (first, second, comment.encode())


def states(scan: Scan) -> dict[str, str]:
    return {one["access_key_id"]: one["status"] for one in scan.findings}


def notes(scan: Scan) -> list[str]:
    return [one["kind"] for one in scan.report["notes"]]


def lines(repo: Repo) -> list[str]:
    text = (repo.path / NAME).read_text()
    return [line for line in text.splitlines() if not line.startswith("#")]


# -- baseline -----------------------------------------------------------------------------------


def test_what_was_there_is_accepted_and_what_comes_is_new(
    cli: Cli, repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    old, new = keys.leak(), keys.leak()
    repo.commit({b"a.env": env(old)})
    assert baseline("create", "--reason", "before us").code == CLEAN
    scan = cli.scan(repo.path, "--baseline", repo.path / NAME)
    assert scan.code == CLEAN
    (finding,) = scan.findings
    assert finding["status"] == "baselined"
    assert finding["accepted"]["reason"] == "before us"
    assert finding["accepted"]["source"] == "baseline"
    repo.commit({b"b.env": env(new)})
    scan = cli.scan(repo.path, "--baseline", repo.path / NAME)
    assert scan.code == FINDINGS
    assert states(scan) == {old.key_id: "baselined", new.key_id: "new"}


def test_line_shift_rename_and_rebase_keep_it_valid(
    cli: Cli, repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    leak = keys.leak()
    first = repo.commit({b"a.env": env(leak)})
    assert baseline("create").code == CLEAN
    file = repo.path / NAME
    repo.commit({b"a.env": b"# one more line\n" * 40 + env(leak)})
    repo.commit({b"a.env": None, b"deep/b.txt": b"# and renamed\n" + env(leak)})
    assert cli.scan(repo.path, "--baseline", file).code == CLEAN
    # A rebase: the same changes on another root, in commits of other ids.
    root = repo.commit({b"other": b"root\n"}, branch="rebased", parents=[])
    moved = repo.commit({b"c.env": env(leak)}, branch="rebased", parents=[root], message=b"again\n")
    assert moved != first
    repo.git("update-ref", "refs/heads/main", moved)
    repo.git("gc", "-q", "--prune=now")
    scan = cli.scan(repo.path, "--baseline", file)
    assert scan.code == CLEAN
    assert states(scan) == {leak.key_id: "baselined"}
    assert notes(scan) == []


def test_a_lone_id_accepted_does_not_accept_its_pair(
    cli: Cli, repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    leak = keys.leak()
    repo.commit({b"id.txt": f"AWS_ACCESS_KEY_ID={leak.key_id}\n".encode()})
    assert baseline("create").code == CLEAN
    assert lines(repo)[0].startswith("lk1s.i.")
    assert cli.scan(repo.path, "--baseline", repo.path / NAME).code == CLEAN
    repo.commit({b"a.env": env(leak)})
    scan = cli.scan(repo.path, "--baseline", repo.path / NAME)
    assert scan.code == FINDINGS
    assert states(scan) == {leak.key_id: "new"}
    assert notes(scan) == ["stale"]


def test_nothing_is_overwritten_and_an_update_keeps_reasons(
    repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    old, gone, new = keys.leaks(3)
    repo.commit({b"a.env": env(old), b"b.env": env(gone)})
    assert baseline("create", "--reason", "first").code == CLEAN
    before = (repo.path / NAME).read_bytes()
    refused = baseline("create")
    assert refused.code == USAGE
    assert "--update" in refused.message
    assert (repo.path / NAME).read_bytes() == before
    # All of history counts, so what is to be gone must go from all of it.
    made = repo.commit({b"a.env": env(old), b"c.env": env(new)}, branch="other", parents=[])
    repo.git("update-ref", "refs/heads/main", made)
    repo.git("gc", "-q", "--prune=now")
    done = baseline("create", "--update", "--reason", "second")
    assert done.code == CLEAN
    assert "2 credentials, 1 removed" in done.message
    assert sorted(line.rpartition("  ")[2] for line in lines(repo)) == ["first", "second"]
    again = (repo.path / NAME).read_bytes()
    assert baseline("create", "--update", "--reason", "third").code == CLEAN
    assert (repo.path / NAME).read_bytes() == again


def test_branches_that_each_add_a_line_are_merged_line_by_line(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    old, ours, theirs = keys.leaks(3)
    repo.write(b"old.env", env(old))
    repo.commit_staged()
    assert cli.run("baseline", "create", repo.path).code == CLEAN
    repo.git("add", NAME)
    repo.commit_staged()
    clone = repo.clone(repo.path.parent / "clone")
    for side, leak, name in ((repo, ours, b"ours.env"), (clone, theirs, b"theirs.env")):
        side.write(name, env(leak))
        side.commit_staged()
        assert cli.run("baseline", "create", side.path, "--update").code == CLEAN
        side.git("add", NAME)
        side.commit_staged()
        assert len(lines(side)) == 2
    repo.write(b".gitattributes", b".leakscan-baseline merge=union\n")
    repo.commit_staged()
    repo.git("pull", "-q", "--no-rebase", "--no-edit", clone.path, "main")
    assert len(lines(repo)) == 3
    scan = cli.scan(repo.path, "--baseline", repo.path / NAME)
    assert scan.code == CLEAN
    assert set(states(scan)) == {old.key_id, ours.key_id, theirs.key_id}
    assert notes(scan) == []


def test_an_unreadable_baseline_is_an_error_and_never_an_empty_one(
    cli: Cli, repo: Repo, keys: KeyMaker, tmp_path: Path
) -> None:
    repo.commit({b"a.env": env(keys.leak())})
    broken = tmp_path / "broken"
    broken.write_text("<<<<<<< HEAD\n")
    for file in (broken, tmp_path / "absent", tmp_path):
        run = cli.run("scan", repo.path, "--baseline", file)
        assert run.code in (CONFIG, USAGE)
        assert run.out == b""
    assert "merge conflict" in cli.run("scan", repo.path, "--baseline", broken).message
    assert cli.run("scan", repo.path, "--baseline", tmp_path / "absent").code == CONFIG


# -- audit --------------------------------------------------------------------------------------


def test_audit_says_where_each_is_and_fails_for_stale_and_expired(
    repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    here, past = keys.leaks(2)
    repo.commit({b"here.env": env(here), b"past.env": env(past)})
    repo.commit({b"past.env": None})
    assert baseline("create", "--reason", "why").code == CLEAN
    run = baseline("audit")
    assert run.code == CLEAN
    out = run.out.decode()
    assert here.key_id in out
    assert "at HEAD: here.env" in out
    assert "only in history" in out
    assert "2 lines: 2 found" in run.message
    assert not any(value in out for leak in (here, past) for value in leak.values())
    file = repo.path / NAME
    file.write_text(file.read_text() + f"lk1.is.{'0' * 32}  aws-secret-access-key  gone\n")
    run = baseline("audit")
    assert run.code == FINDINGS
    assert "stale" in run.out.decode()
    assert "2 found, 1 stale" in run.message
    text = (
        file.read_text()
        .replace(f"lk1.is.{'0' * 32}", "#")
        .replace("  why", "  expires=2020-01-01 why")
    )
    file.write_text(text)
    run = baseline("audit")
    assert run.code == FINDINGS
    assert "2 lines: 2 expired" in run.message


def test_audit_without_a_baseline(repo: Repo, baseline: Baseline) -> None:
    repo.commit({b"a": b"a\n"})
    run = baseline("audit")
    assert run.code == USAGE
    assert "baseline create" in run.message


def test_what_could_not_be_read_makes_nothing_stale_and_is_said(
    cli: Cli, repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    leak = keys.leak()
    commit = repo.commit({b"a.env": env(leak), b"b": b"text\n"})
    assert baseline("create").code == CLEAN
    remove(repo.loose(repo.blob(commit, b"a.env")))
    run = baseline("audit")
    assert run.code == INCOMPLETE
    assert "unknown" in run.out.decode()
    assert "INCOMPLETE" in run.message
    assert notes(cli.scan(repo.path, "--baseline", repo.path / NAME)) == []
    again = repo.path / "again"
    assert baseline("create", "--output", again).code == INCOMPLETE
    assert again.is_file()


def test_a_folder_that_is_not_there(repo: Repo, tmp_path: Path, baseline: Baseline) -> None:
    repo.commit({b"a": b"a\n"})
    run = baseline("create", "--output", tmp_path / "no" / "folder")
    assert run.code == USAGE
    assert "no folder" in run.message


def test_the_configuration_names_the_baseline(
    cli: Cli, repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    repo.commit({b"a.env": env(keys.leak())})
    (repo.path / "security").mkdir()
    (repo.path / ".leakscan.yaml").write_text("version: 1\nbaseline: security/known\n")
    assert cli.run("scan", repo.path, OBEY).code == CONFIG
    assert baseline("create").code == CLEAN
    assert (repo.path / "security" / "known").is_file()
    assert baseline("audit").code == CLEAN
    assert cli.scan(repo.path, OBEY).code == CLEAN


# -- allowlist ----------------------------------------------------------------------------------

ALLOW_TESTS = b'version: 1\nallow:\n- paths: ["tests/**"]\n  reason: made up\n'


def test_a_repositorys_own_files_are_reported_and_not_obeyed(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak, marked = keys.leaks(2)
    files = {b"tests/a.env": env(leak), b"b.env": env(marked, "# leakscan:allow a sample")}
    repo.commit({**files, b".leakscan.yaml": ALLOW_TESTS})
    repo.checkout()
    scan = cli.scan(repo.path)
    assert scan.code == FINDINGS
    assert set(states(scan).values()) == {"new"}
    told = {one["where"]: one["text"] for one in scan.report["notes"]}
    assert set(notes(scan)) == {"not obeyed"}
    assert told.keys() == {".leakscan.yaml", "comments"}
    obeyed = cli.scan(repo.path, OBEY)
    assert obeyed.code == CLEAN
    assert set(states(obeyed).values()) == {"allowed"}
    by = {one["access_key_id"]: one["accepted"] for one in obeyed.findings}
    assert by[leak.key_id]["source"] == "config"
    assert (by[marked.key_id]["source"], by[marked.key_id]["reason"]) == ("comment", "a sample")


def test_the_repositorys_own_file_is_not_called_disobeyed_where_the_user_names_it(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    verify = b"verify: {rate: 1}\n"
    repo.commit({b"tests/a.env": env(keys.leak()), b".leakscan.yaml": ALLOW_TESTS + verify})
    repo.checkout()
    assert notes(cli.scan(repo.path)) == ["not obeyed"] * 2
    own = ("--config", repo.path / ".leakscan.yaml")
    for more in ((), (OBEY,)):
        scan = cli.scan(repo.path, *own, *more)
        assert (scan.code, notes(scan)) == (CLEAN, [])


def test_a_bare_repository_has_the_files_of_head(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    repo.commit({b"tests/a.env": env(keys.leak()), b".leakscan.yaml": ALLOW_TESTS})
    bare = repo.clone(repo.path.parent / "bare.git", bare=True)
    assert notes(cli.scan(bare.path)) == ["not obeyed"]
    assert cli.scan(bare.path, OBEY).code == CLEAN


def test_a_file_of_ones_own_is_obeyed(cli: Cli, repo: Repo, keys: KeyMaker, tmp_path: Path) -> None:
    repo.commit({b"tests/a.env": env(keys.leak())})
    config = tmp_path / "mine.yaml"
    config.write_bytes(ALLOW_TESTS + b"- {rules: [gone], reason: old}\n")
    scan = cli.scan(repo.path, "--config", config)
    assert scan.code == CLEAN
    assert [(one["kind"], one["where"]) for one in scan.report["notes"]] == [
        ("stale", f"{config}: allow 2")
    ]


def test_a_broken_file_of_ones_own_is_an_error_and_of_the_repository_a_note(
    cli: Cli, repo: Repo, keys: KeyMaker, tmp_path: Path
) -> None:
    repo.commit({b"a.env": env(keys.leak()), b".leakscan.yaml": b"version: 1\nallow: 7\n"})
    repo.checkout()
    scan = cli.scan(repo.path)
    assert scan.code == FINDINGS
    ((note),) = scan.report["notes"]
    assert "invalid" in note["text"]
    assert ".leakscan.yaml: allow: must be a list" in note["text"]
    for options in ([OBEY], ["--config", repo.path / ".leakscan.yaml"]):
        run = cli.run("scan", repo.path, *options)
        assert run.code == CONFIG
        assert "allow: must be a list" in run.message


def test_links_out_of_the_work_tree_are_not_followed(
    cli: Cli, repo: Repo, keys: KeyMaker, tmp_path: Path
) -> None:
    repo.commit({b"tests/a.env": env(keys.leak())})
    outside = tmp_path / "outside.yaml"
    outside.write_bytes(ALLOW_TESTS)
    (repo.path / ".leakscan.yaml").symlink_to(outside)
    assert notes(cli.scan(repo.path)) == []
    assert cli.scan(repo.path, OBEY).code == FINDINGS


@pytest.mark.parametrize("name", [".leakscan.yaml", "known"])
def test_a_link_to_itself_is_told_like_any_file_that_cannot_be_read(
    cli: Cli, repo: Repo, keys: KeyMaker, name: str
) -> None:
    repo.commit({b"a.env": env(keys.leak())})
    repo.checkout()
    (repo.path / ".leakscan.yaml").write_text("version: 1\nbaseline: known\n")
    (repo.path / name).unlink(missing_ok=True)
    (repo.path / name).symlink_to(name)
    scan = cli.scan(repo.path)
    assert scan.code == FINDINGS
    ((note),) = scan.report["notes"]
    assert f"invalid: {name}: cannot be read" in note["text"]
    for command in (["scan", repo.path, OBEY], ["pre-push", "origin", "url"]):
        run = cli.run(*command, cwd=repo.path)
        assert run.code == CONFIG
        assert f"{name}: cannot be read" in run.message


def test_a_path_that_no_file_can_have_is_told(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    files = {b"a.env": env(keys.leak()), b".leakscan.yaml": b'version: 1\nbaseline: "a\\0b"\n'}
    repo.commit(files)
    for path in (repo.clone(repo.path.parent / "bare.git", bare=True).path, repo.path):
        repo.checkout()
        scan = cli.scan(path)
        assert scan.code == FINDINGS
        ((note),) = scan.report["notes"]
        assert "invalid: .leakscan.yaml: baseline: must be a path" in note["text"]
        assert cli.run("scan", path, OBEY).code == CONFIG


# -- comments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_comment_allows_in_any_encoding(
    cli: Cli, repo: Repo, keys: KeyMaker, encoding: str
) -> None:
    leak, other = keys.leaks(2)
    text = env(leak, "# leakscan:allow a sample").decode()
    mark = "\ufeff" if encoding != "utf-8" else ""
    repo.commit({b"a.env": (mark + text).encode(encoding)})
    scan = cli.scan(repo.path, OBEY)
    assert scan.code == CLEAN
    (finding,) = scan.findings
    assert finding["accepted"]["reason"] == "a sample"
    assert {one["allowed_by"] for one in finding["occurrences"]} == {"leakscan:allow"}
    repo.commit({b"b.env": env(other, "# leakscan:allow")})
    scan = cli.scan(repo.path, OBEY)
    assert states(scan) == {leak.key_id: "allowed", other.key_id: "new"}
    assert notes(scan) == ["no reason"]


def test_a_comment_beside_the_id_allows_the_id_alone(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    pair, lone = keys.leaks(2)
    first, second = pair.env().splitlines()
    marked = b"%b # leakscan:allow an id is no secret\n%b\n" % (first, second)
    id_line = b"AWS_ACCESS_KEY_ID=%b # gitleaks:allow\n" % lone.key_id.encode()
    repo.commit({b"a.env": marked, b"b.txt": id_line})
    assert states(cli.scan(repo.path, OBEY)) == {pair.key_id: "new", lone.key_id: "allowed"}


def test_a_new_secret_on_an_allowed_line_is_new(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    comment = "# leakscan:allow a sample of the handbook"
    repo.commit({b"a.env": env(old, comment)})
    repo.commit({b"a.env": env(new, comment)})
    scan = cli.scan(repo.path, OBEY)
    assert states(scan) == {old.key_id: "allowed", new.key_id: "new"}
    assert notes(scan) == ["comment made for another value"]
    repo.commit({b"a.env": env(new, "# leakscan:allow a sample too, of the second edition")})
    scan = cli.scan(repo.path, OBEY)
    assert states(scan) == {old.key_id: "allowed", new.key_id: "allowed"}


def test_a_comment_at_one_path_does_not_allow_another(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    comment = "# leakscan:allow a sample"
    repo.commit({b"a.env": env(leak, comment)})
    assert cli.scan(repo.path, OBEY).code == CLEAN
    repo.commit({b"b.env": env(leak)})
    assert states(cli.scan(repo.path, OBEY)) == {leak.key_id: "new"}


def test_a_comment_in_a_file_does_not_allow_a_commit_message(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    repo.commit({b"a.env": env(leak, "# leakscan:allow a sample")}, message=leak.one_line())
    assert states(cli.scan(repo.path, OBEY)) == {leak.key_id: "new"}


def test_no_secret_is_in_what_is_told(
    cli: Cli, repo: Repo, keys: KeyMaker, baseline: Baseline
) -> None:
    leak, other = keys.leaks(2)
    entry: dict[str, Any] = {b"a.env": env(leak, f"# leakscan:allow not {leak.secret}")}
    repo.commit(entry | {b"b.env": env(other)})
    assert baseline("create", "--reason", f"it was {other.secret}").code == CLEAN
    scan = cli.scan(repo.path, OBEY)
    assert scan.code == CLEAN
    text = scan.run.out + scan.run.err + (repo.path / NAME).read_bytes() + baseline("audit").out
    for value in (*leak.values(), *other.values()):
        assert value.encode() not in text
