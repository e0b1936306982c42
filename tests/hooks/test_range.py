"""`scan --range`, `--since`, `--staged` and `--stdin`: the part is what the whole says of it."""

from pathlib import Path

import pytest

from tests.support.cli import CLEAN, FINDINGS, INCOMPLETE, USAGE, Cli, Json, Scan, read_report
from tests.support.hooks import FILLER
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import START, Repo


class Story:
    """A history whose commits are known by name."""

    def __init__(self, repo: Repo, keys: KeyMaker) -> None:
        self.repo = repo
        self.old, self.new, self.gone, self.side, self.said = keys.leaks(5)
        at = self.commits = {}
        at["root"] = repo.commit({b"README": FILLER, b"old.env": self.old.env()})
        at["side"] = repo.commit({b"side.env": self.side.env()}, branch="side", parents=["main"])
        at["clean"] = repo.commit({b"a": b"1\n"})
        at["new"] = repo.commit({b"conf/new.env": FILLER + self.new.env()})
        at["gone"] = repo.commit({b"gone.env": self.gone.env()})
        at["without"] = repo.commit({b"gone.env": None})
        at["moved"] = repo.commit({b"old.env": None, b"kept.env": self.old.env()})
        at["said"] = repo.commit({b"a": b"2\n"}, message=b"With\n" + self.said.env())
        side = {b"side.env": self.side.env()}
        at["merge"] = repo.commit(side, parents=[at["said"], at["side"]])
        repo.tag("v1", at["new"], b"one\n")
        repo.tag("light", at["gone"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One for all tests that only look."""
    return Story(Repo.init(tmp_path_factory.mktemp("story") / "repo"), KeyMaker("story"))


@pytest.fixture(scope="module")
def whole(cli: Cli, story: Story) -> Scan:
    return cli.scan(story.repo.path)


@pytest.fixture
def own_story(repo: Repo, keys: KeyMaker) -> Story:
    return Story(repo, keys)


def new_ids(scan: Scan) -> set[str]:
    return {one["access_key_id"] for one in scan.findings if one["status"] == "new"}


def ids(*leaks: Leak) -> set[str]:
    return {leak.key_id for leak in leaks}


def events(finding: Json, commits: set[str]) -> set[tuple[object, ...]]:
    return {
        tuple(place[name] for name in ("commit", "event", "kind", "path", "from_path", "line"))
        for place in finding["occurrences"]
        if place["commit"] in commits and place["event"] != "present"
    }


@pytest.mark.parametrize(
    "text",
    [
        "{root}..main", "{clean}..{new}", "v1..main", "v1..light", "{new}..{moved}", "HEAD~3..HEAD",
        "main~1..main", "main", "v1", "side..main", "main..side", "main^2..main", "{clean}..side",
    ],
)  # fmt: skip
def test_a_range_says_what_the_whole_says_of_its_commits(
    cli: Cli, story: Story, whole: Scan, text: str
) -> None:
    text = text.format(**story.commits)
    inside = set(story.repo.git("rev-list", text).decode().split())
    if not inside:
        assert cli.run("scan", story.repo.path, "--range", text).code in (USAGE, INCOMPLETE)
        return
    part = cli.scan(story.repo.path, "--range", text)
    assert part.complete
    told = {one["fingerprint"]: events(one, inside) for one in part.findings}
    known = {one["fingerprint"]: events(one, inside) for one in whole.findings}
    assert {name: its for name, its in told.items() if its} == {
        name: its for name, its in known.items() if its
    }
    assert {one["status"] for one in part.findings if not told[one["fingerprint"]]} <= {"known"}
    scope = part.report["target"]["scope"]
    assert scope["kind"] == "range"
    assert scope["commits"] == len(inside)


def test_what_is_new(cli: Cli, story: Story) -> None:
    path, at = story.repo.path, story.commits
    cases = {
        f"{at['root']}..main": ids(story.new, story.gone, story.said, story.side),
        f"{at['new']}..{at['without']}": ids(story.gone),
        "main~1..main": ids(story.side),
        "side..main": ids(story.new, story.gone, story.said),
        f"{at['without']}..{at['moved']}": set(),
        f"{at['root']}..{at['clean']}": set(),
        at["root"]: ids(story.old),
    }
    for text, wanted in cases.items():
        scan = cli.scan(path, "--range", text)
        assert new_ids(scan) == wanted, text
        assert scan.code == (FINDINGS if wanted else CLEAN), text


def test_three_dots_are_what_the_right_side_brings(cli: Cli, story: Story) -> None:
    """As a pull request shows it: from the merge base to its head."""
    side, main = story.commits["side"], story.commits["said"]
    assert new_ids(cli.scan(story.repo.path, "--range", f"{main}...{side}")) == ids(story.side)
    wanted = ids(story.new, story.gone, story.said)
    assert new_ids(cli.scan(story.repo.path, "--range", f"{side}...{main}")) == wanted


def test_the_left_or_right_side_may_be_left_out(cli: Cli, own_story: Story) -> None:
    own_story.repo.git("checkout", "-q", "-f", "-b", "topic", own_story.commits["new"])
    leak = KeyMaker("topic").leak()
    own_story.repo.commit({b"topic.env": leak.env()}, branch="topic")
    assert new_ids(cli.scan(own_story.repo.path, "--range", "main..")) == ids(leak)
    assert new_ids(cli.scan(own_story.repo.path, "--range", "..main")) == ids(
        own_story.gone, own_story.said, own_story.side
    )


@pytest.mark.parametrize(
    "text",
    ["nowhere", "main..nowhere", "nowhere..main", "--all", "-1", "main..--all", "", "a b", "\n"],
)
def test_ranges_that_are_none(cli: Cli, story: Story, text: str) -> None:
    run = cli.run("scan", story.repo.path, f"--range={text}")
    assert run.code == USAGE, run.message
    assert run.message.startswith(("leakscan:", "Error", "error"))
    assert not run.out


def test_an_empty_range_is_not_clean(cli: Cli, story: Story) -> None:
    for text in ("main..main", "main..main~2"):
        run = cli.run("scan", story.repo.path, "--range", text)
        assert run.code not in (CLEAN, FINDINGS), text
        assert run.message


def test_a_range_in_a_bare_and_in_a_shallow_clone(cli: Cli, story: Story, tmp_path: Path) -> None:
    bare = story.repo.clone(tmp_path / "bare.git", bare=True)
    assert new_ids(cli.scan(bare.path, "--range", "v1..main~2")) == ids(story.gone)
    shallow = story.repo.clone(tmp_path / "shallow", "--depth=3")
    scan = cli.scan(shallow.path, "--range", "HEAD~1..HEAD")
    assert new_ids(scan) == ids(story.side)
    assert scan.complete
    assert cli.run("scan", shallow.path, "--range", "HEAD~6..HEAD").code == USAGE


def test_since(cli: Cli, story: Story) -> None:
    """The commits of the story are a minute apart, from START on."""
    import datetime

    def moment(commit: str) -> str:
        when = story.repo.git("show", "-s", "--format=%ct", story.commits[commit])
        return datetime.datetime.fromtimestamp(int(when), datetime.UTC).isoformat()

    assert int(story.repo.git("show", "-s", "--format=%ct", story.commits["root"])) >= START
    path = story.repo.path
    recent = cli.scan(path, "--since", moment("gone"))
    assert new_ids(recent) == ids(story.gone, story.said)
    assert recent.report["target"]["scope"]["kind"] == "since"
    everything = ids(story.old, story.new, story.gone, story.side, story.said)
    assert new_ids(cli.scan(path, "--since", "2020-01-01")) == everything
    for text in ("yesterdayish", "", "13", "2020-13-01"):
        assert cli.run("scan", path, f"--since={text}").code == USAGE, text


def test_nothing_since_is_not_clean(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    repo.commit({b"a": keys.leak().env()})
    for text in ("1h", "2w", "2026-01-01"):
        run = cli.run("scan", repo.path, "--since", text)
        assert run.code not in (CLEAN, FINDINGS), text
        assert run.message


def test_old_tags_are_not_since(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    repo.commit({b"a": b"1\n"})
    repo.tag("v1", "main", keys.leak().env())
    repo.commit({b"a": b"2\n"}, when=1_750_000_000)
    scan = cli.scan(repo.path, "--since", "2025-01-01")
    assert scan.code == CLEAN
    assert not new_ids(scan)


def test_staged(cli: Cli, own_story: Story, keys: KeyMaker) -> None:
    repo, staged = own_story.repo, keys.leak()
    repo.checkout()
    repo.write(b"d/staged.env", b"#\n" + staged.env())
    repo.write(b"work tree.env", keys.leak().env(), add=False)
    scan = cli.scan(repo.path, "--staged")
    assert new_ids(scan) == ids(staged)
    (place,) = scan.occurrences(staged.key_id)
    assert (place["path"], place["line"]) == ("d/staged.env", 2)
    assert place["kind"] in ("index", "file")
    assert place["commit"] is None
    assert scan.code == FINDINGS
    repo.git("rm", "-q", "-f", "--cached", "d/staged.env")
    repo.write(b"README", b"changed\n")
    assert cli.scan(repo.path, "--staged").code == CLEAN


def test_only_one_part_at_a_time(cli: Cli, story: Story) -> None:
    path = story.repo.path
    assert cli.run("scan", path, "--staged", "--range", "main").code == USAGE
    assert cli.run("scan", path, "--since", "1h", "--stdin").code == USAGE


# -- stdin ------------------------------------------------------------------------------------


def piped(cli: Cli, tmp_path: Path, data: bytes, *options: str) -> Scan:
    """Scan a text in a folder that is no repository."""
    folder = tmp_path / "nowhere"
    folder.mkdir(exist_ok=True)
    run = cli.run("scan", "--stdin", "--format", "json", *options, cwd=folder, stdin=data)
    assert run.out, run.message
    return Scan(run, read_report(run.out))


def test_stdin_takes_a_diff(cli: Cli, story: Story, tmp_path: Path) -> None:
    data = story.repo.git("diff", story.commits["clean"], story.commits["new"])
    scan = piped(cli, tmp_path, data)
    assert scan.code == FINDINGS
    assert new_ids(scan) == ids(story.new)
    (place,) = scan.occurrences(story.new.key_id)
    assert (place["kind"], place["path"], place["line"]) == ("text", "conf/new.env", 31)
    assert scan.report["target"]["scope"]["kind"] == "text"
    # In the other direction it is taken out.
    back = story.repo.git("diff", story.commits["new"], story.commits["clean"])
    assert piped(cli, tmp_path, back).code == CLEAN


def test_stdin_takes_a_log(cli: Cli, story: Story, tmp_path: Path) -> None:
    data = story.repo.git("log", "-p", "--cc", "main")
    wanted = ids(story.old, story.new, story.gone, story.side, story.said)
    assert new_ids(piped(cli, tmp_path, data)) == wanted


def test_stdin_takes_any_text(cli: Cli, tmp_path: Path, keys: KeyMaker) -> None:
    leak = keys.leak()
    scan = piped(cli, tmp_path, b"line\n" + leak.env())
    assert new_ids(scan) == ids(leak)
    (place,) = scan.occurrences(leak.key_id)
    assert place["line"] == 2
    assert leak.secret.encode() not in scan.run.out
    clean = piped(cli, tmp_path, b"nothing here\n")
    assert (clean.code, clean.complete) == (CLEAN, True)


def test_stdin_without_anything_is_not_clean(cli: Cli, tmp_path: Path) -> None:
    assert piped(cli, tmp_path, b"").code == INCOMPLETE


def test_a_diff_that_does_not_hold_all_is_incomplete(
    cli: Cli, repo: Repo, tmp_path: Path, keys: KeyMaker
) -> None:
    repo.commit({b"a": b"1\n"})
    repo.commit({b"a": b"2\n", b"b.bin": b"\0" + keys.leak().env()})
    data = repo.git("diff", "HEAD~1", "HEAD")
    scan = piped(cli, tmp_path, data)
    assert scan.code == INCOMPLETE
    assert [one["path"] for one in scan.skipped] == ["b.bin"]
    whole = piped(cli, tmp_path, repo.git("diff", "--binary", "HEAD~1", "HEAD"))
    assert whole.code == FINDINGS
    cut = piped(cli, tmp_path, repo.git("diff", "HEAD~1", "HEAD", "--", "a")[:-3])
    assert cut.code == INCOMPLETE


@pytest.mark.parametrize("name", ["text", "sarif", "jsonl", "gitlab"])
def test_every_format_can_tell_of_a_text(
    cli: Cli, tmp_path: Path, keys: KeyMaker, name: str
) -> None:
    leak = keys.leak()
    diff = b"--- a/x\n+++ b/x.env\n@@ -0,0 +1,2 @@\n+" + leak.env().replace(b"\n", b"\n+", 1)
    run = cli.run("scan", "--stdin", "--format", name, cwd=tmp_path, stdin=diff)
    assert run.code == FINDINGS, run.message
    assert b"x.env" in run.out
    assert leak.secret.encode() not in run.out
