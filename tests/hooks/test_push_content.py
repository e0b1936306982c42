"""Whatever shape the content has in which a key is pushed, and whatever happens to it after."""

import pytest

from tests.support.cli import Cli
from tests.support.hooks import FILLER, Recorder, Work, names
from tests.support.repo import gitlink, link


def test_added_and_removed_inside_the_push(work: Work) -> None:
    leak, commit = work.leak(above=FILLER)
    work.repo.commit({b"app/.env": FILLER})
    work.repo.commit({b"a": b"1\n"})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "app/.env", 31)
    assert leak.key_id in pushed.said
    assert "rebase" in pushed.words
    assert work.at("refs/heads/main") == work.repo.id("main~3")


def test_key_in_a_commit_message(work: Work) -> None:
    leak = work.keys.leak()
    commit = work.repo.commit({b"a": b"1\n"}, message=b"Fix\n\nwith " + leak.one_line() + b"\n")
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert commit[:7] in pushed.said
    assert leak.key_id in pushed.said
    assert "message" in pushed.words
    assert "git commit --amend" in pushed.words


def test_key_in_an_author(work: Work) -> None:
    leak = work.keys.leak()
    commit = work.repo.commit({b"a": b"1\n"})
    work.repo.rewrite(commit, b"Ada Test", b"Ada " + leak.key_id.encode())
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert leak.key_id in pushed.said
    assert work.repo.id("main")[:7] in pushed.said


def test_key_in_a_path(work: Work) -> None:
    file, folder = work.keys.leaks(2)
    commit = work.repo.commit(
        {f"x/{file.key_id}.txt".encode(): b"1\n", f"{folder.key_id}/y".encode(): b"2\n"}
    )
    pushed = work.push("origin", "main")
    assert names(pushed, commit, f"path name x/{file.key_id}.txt")
    assert names(pushed, commit, f"path name {folder.key_id}")


def test_key_in_a_branch_name(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.git("branch", f"fix/{leak.key_id}")
    pushed = work.push("origin", f"fix/{leak.key_id}")
    assert pushed.refused
    assert leak.key_id in pushed.said
    assert work.at(f"refs/heads/fix/{leak.key_id}") == ""
    # Under another name it may leave.
    assert not work.push("origin", f"fix/{leak.key_id}:refs/heads/fix/it").refused
    # The name that the remote gets counts, not the one here.
    assert work.push("origin", f"main:refs/heads/{leak.key_id}").refused


def test_evil_merge(work: Work) -> None:
    base = work.repo.id("main")
    one = work.repo.commit({b"a": FILLER}, branch="one", parents=[base])
    two = work.repo.commit({b"b": FILLER}, branch="two", parents=[base])
    leak = work.keys.leak()
    merge = work.repo.commit({b"a": FILLER + leak.env(), b"b": FILLER}, parents=[one, two])
    pushed = work.push("origin", "main")
    assert names(pushed, merge, "a", 31)
    assert work.at("refs/heads/main") == base


def test_octopus_merge(work: Work) -> None:
    base = work.repo.id("main")
    sides = [
        work.repo.commit({f"f{n}".encode(): b"1\n"}, branch=f"s{n}", parents=[base])
        for n in range(4)
    ]
    leak = work.keys.leak()
    merge = work.repo.commit({b"f0": b"1\n" + leak.env()}, branch="octopus", parents=sides)
    assert names(work.push("origin", "octopus"), merge, "f0", 2)


@pytest.mark.parametrize("parents", [None, []])
def test_merge_of_a_bad_branch_names_where_it_came_from(
    work: Work, parents: list[str] | None
) -> None:
    base = work.repo.id("main")
    leak = work.keys.leak()
    work.repo.git("branch", "topic") if parents is None else None
    commit = work.repo.commit({b"app/.env": leak.env()}, branch="topic", parents=parents)
    ours = work.repo.commit({b"a": b"1\n"}, parents=[base])
    merge = work.repo.commit({b"app/.env": leak.env()}, parents=[ours, commit])
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert merge[:7] not in pushed.said


@pytest.mark.parametrize(
    ("path", "make", "line"),
    [
        ("link", lambda text: link(b"/srv/" + text.split()[0].partition(b"=")[2]), 1),
        ("wide.txt", lambda text: b"\xff\xfe" + (b"x\n" + text).decode().encode("utf-16-le"), 2),
        ("big.txt", lambda text: b"\xfe\xff" + (b"x\n" + text).decode().encode("utf-16-be"), 2),
        ("nul.bin", lambda text: b"\0\0\1\n" + text + b"\0", 2),
        ("crlf.env", lambda text: b"x\r\n" + text.replace(b"\n", b"\r\n"), 2),
        ("latin.txt", lambda text: b"caf\xe9\n" + text.rstrip(), 2),
    ],
)  # fmt: skip
def test_content_of_any_kind(work: Work, path: str, make, line: int) -> None:  # type: ignore[no-untyped-def]
    leak = work.keys.leak()
    commit = work.repo.commit({path.encode(): make(leak.env())})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, path, line)
    assert leak.key_id in pushed.said


def test_files_without_a_diff(work: Work) -> None:
    leak = work.keys.leak()
    commit = work.repo.commit(
        {b".gitattributes": b"*.env -diff -text binary\n", b"app/x.env": leak.env()}
    )
    assert names(work.push("origin", "main"), commit, "app/x.env", 1)


def test_rename_with_an_edit(work: Work) -> None:
    work.repo.commit({b"old.txt": FILLER})
    work.unchecked("push", "-q", "origin", "main")
    leak = work.keys.leak()
    commit = work.repo.commit({b"old.txt": None, b"new.txt": FILLER + leak.env()})
    assert names(work.push("origin", "main"), commit, "new.txt", 31)


def test_type_changes(work: Work) -> None:
    work.repo.commit({b"a": b"1\n", b"b/c": b"2\n", b"d": link(b"a"), b"e": gitlink("1" * 40)})
    work.unchecked("push", "-q", "origin", "main")
    leaks = work.keys.leaks(4)
    commit = work.repo.commit(
        {
            b"a": link(leaks[0].key_id.encode()),
            b"b/c": None,
            b"b": leaks[1].env(),
            b"d": leaks[2].env(),
            b"e": leaks[3].env(),
        }
    )
    pushed = work.push("origin", "main")
    for leak, path in zip(leaks, "abde", strict=True):
        assert leak.key_id in pushed.said
        assert names(pushed, commit, path, 1)


def test_orphan_branch(work: Work) -> None:
    leak = work.keys.leak()
    root = work.repo.commit({b"x.env": leak.env()}, branch="orphan", parents=[])
    assert names(work.push("origin", "orphan"), root, "x.env", 1)
    assert work.at("refs/heads/orphan") == ""


def test_submodule_added(work: Work) -> None:
    text = b'[submodule "lib"]\n\tpath = lib\n\turl = https://git.example/lib\n'
    work.repo.commit({b".gitmodules": text, b"lib": gitlink("1" * 40)})
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said
    leak, commit = work.leak(b"lib2/x")
    work.repo.commit({b"lib": gitlink("2" * 40)})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "lib2/x", 1)
    assert leak.key_id in pushed.said


def test_sha256_repository(tmp_path, cli: Cli, made: Recorder) -> None:  # type: ignore[no-untyped-def]
    work = Work(tmp_path, cli, made, object_format="sha256")
    base = work.base()
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)
    assert work.at("refs/heads/main") == base
    assert not work.push("origin", "main~1:refs/heads/x").refused


def test_a_session_token_and_a_lone_id(work: Work) -> None:
    leak, lone = work.keys.leak(token=True), work.keys.leak()
    commit = work.repo.commit({b"a.env": leak.env(), b"b.txt": lone.key_id.encode() + b"\n"})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "a.env", 1)
    assert names(pushed, commit, "b.txt", 1)


def test_many_commits_and_only_the_middle_is_bad(work: Work) -> None:
    stream, tip = [], work.repo.id("main")
    leak = work.keys.leak()
    for number in range(300):
        text = leak.env() if number == 150 else b"%d\n" % number
        stream.append(b"commit refs/heads/main\nmark :%d\n" % (number + 1))
        stream.append(b"committer A <a@example.com> %d +0000\ndata 0\n" % (1_600_001_000 + number))
        stream.append(b"from %b\n" % (tip.encode() if not number else b":%d" % number))
        stream.append(b"M 100644 inline a%d\ndata %d\n%b\n" % (number % 7, len(text), text))
    stream.append(b"get-mark :151\n")
    bad = work.repo.fast_import(b"".join(stream)).decode().strip()
    pushed = work.push("origin", "main")
    assert names(pushed, bad, f"a{150 % 7}", 1)


def test_a_key_that_the_message_cannot_name_by_its_path(work: Work) -> None:
    leak = work.keys.leak()
    path = b"new\nline \x1b[31m \xff " + leak.secret.replace("/", "_").encode()
    commit = work.repo.commit({path: leak.env()})
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert commit[:7] in pushed.said
    assert "\x1b" not in pushed.said
    assert leak.key_id in pushed.said


def test_the_message_names_the_way_to_a_role(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.commit({b".github/workflows/deploy.yml": b"env:\n  " + leak.env()})
    words = work.push("origin", "main").words
    assert "role" in words.lower()


@pytest.mark.parametrize(
    ("path", "mechanism"),
    [
        (b".github/workflows/ci.yml", "OpenID Connect"),
        (b"ops/prod.yaml", "Pod Identity"),
    ],
)
def test_what_to_use_instead_is_that_of_its_place(work: Work, path: bytes, mechanism: str) -> None:
    """Of the second one only its neighbour says what it is."""
    leak = work.keys.leak()
    work.repo.commit({b"ops/Chart.yaml": b"name: shop\n", path: leak.env()})
    pushed = work.push("origin", "main")
    assert pushed.refused
    _, _, instead = " ".join(pushed.said.split()).partition("Instead of a key: ")
    assert mechanism in instead
