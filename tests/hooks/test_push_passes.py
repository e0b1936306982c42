"""What must not be refused: nothing new leaves, however the old leak is carried along."""

from tests.support.hooks import FILLER, Work
from tests.support.keys import Leak
from tests.support.repo import Repo


def old_leak(work: Work, path: bytes = b"app/.env") -> Leak:
    """Have a leak that the remote has already."""
    leak, _ = work.leak(path, above=FILLER)
    work.unchecked("push", "-q", "origin", "main")
    return leak


def passes(work: Work, *refs: str) -> None:
    pushed = work.push("origin", *(refs or ("main",)))
    assert not pushed.refused, pushed.said
    for ref in refs or ("main",):
        assert work.at(f"refs/heads/{ref}") == work.repo.id(ref)


def test_main_merged_into_a_branch(work: Work) -> None:
    base = work.repo.id("main")
    leak = old_leak(work)
    ours = work.repo.commit({b"a": b"1\n"}, branch="topic", parents=[base])
    work.unchecked("push", "-q", "origin", "topic")
    work.repo.commit(
        {b"app/.env": FILLER + leak.env()}, branch="topic", parents=[ours, work.repo.id("main")]
    )
    passes(work, "topic")


def test_main_merged_by_somebody_else(work: Work) -> None:
    base = work.repo.id("main")
    other = work.remote.clone(work.folder / "other")
    leak = work.keys.leak()
    theirs = other.commit({b"their.env": leak.env()})
    other.git("push", "-q", "origin", "main")
    work.unchecked("fetch", "-q", "origin")
    ours = work.repo.commit({b"a": b"1\n"}, branch="topic", parents=[base])
    work.repo.commit({b"their.env": leak.env()}, branch="topic", parents=[ours, theirs])
    passes(work, "topic")


def test_rename_of_a_leaking_file(work: Work) -> None:
    leak = old_leak(work)
    work.repo.commit({b"app/.env": None, b"conf/.env": FILLER + leak.env()})
    passes(work)
    work.repo.commit({b"conf/.env": None, b"conf/prod.env": FILLER + b"x\n" + leak.env()})
    passes(work)


def test_edit_beside_a_leak_and_line_shifts(work: Work) -> None:
    leak = old_leak(work)
    for text in (
        FILLER + leak.env() + b"OTHER=1\n",
        b"# shifted\n" + FILLER + leak.env(),
        leak.env() + FILLER,
        leak.one_line() + b"\n" + FILLER,
    ):
        work.repo.commit({b"app/.env": text})
    passes(work)


def test_copy_of_a_leaking_file(work: Work) -> None:
    leak = old_leak(work)
    work.repo.commit({b"copy/.env": FILLER + leak.env()})
    passes(work)


def test_revert_of_a_removal(work: Work) -> None:
    leak = old_leak(work)
    work.repo.commit({b"app/.env": FILLER})
    passes(work)
    work.repo.commit({b"app/.env": FILLER + leak.env()})
    passes(work)


def test_removal_of_a_leak(work: Work) -> None:
    old_leak(work)
    work.repo.commit({b"app/.env": None})
    passes(work)


def test_cherry_pick_of_what_the_remote_has(work: Work) -> None:
    base = work.repo.id("main")
    leak = old_leak(work)
    work.repo.commit({b"app/.env": FILLER + leak.env()}, branch="topic", parents=[base])
    passes(work, "topic")


def test_new_branch_of_old_commits(work: Work) -> None:
    old_leak(work)
    work.repo.git("branch", "topic", "main")
    work.repo.git("branch", "older", "main~1")
    passes(work, "topic", "older")


def test_old_leak_in_a_message(work: Work) -> None:
    leak = old_leak(work)
    work.repo.commit({b"app/.env": FILLER}, message=b"Remove " + leak.key_id.encode() + b"\n")
    passes(work)


def test_a_leak_that_another_branch_of_the_remote_has(work: Work) -> None:
    base = work.repo.id("main")
    leak, _ = work.leak(branch="theirs")
    work.unchecked("push", "-q", "origin", "theirs")
    work.repo.commit({b"elsewhere.env": leak.env()}, branch="ours", parents=[base])
    passes(work, "ours")


def test_a_hundred_harmless_commits(work: Work) -> None:
    tip, stream = work.repo.id("main"), []
    for number in range(100):
        stream.append(b"commit refs/heads/main\nmark :%d\n" % (number + 1))
        stream.append(b"committer A <a@example.com> %d +0000\ndata 0\n" % (1_600_001_000 + number))
        stream.append(b"from %b\n" % (tip.encode() if not number else b":%d" % number))
        stream.append(b"M 100644 inline d/a%d\ndata 8\nnumber%02d\n" % (number % 5, number))
    work.repo.fast_import(b"".join(stream))
    passes(work)


def test_published_examples_and_placeholders(work: Work) -> None:
    example = b"AKIA%%IOSFODNN7EXAMPLE".replace(b"%%", b"")
    work.repo.commit(
        {b"doc.md": b"AWS_ACCESS_KEY_ID=" + example + b"\nAWS_SECRET_ACCESS_KEY=...\n"}
    )
    passes(work)


def test_an_edit_beside_a_leak_and_a_new_leak(work: Work) -> None:
    """The old one is not spoken of as new."""
    leak = old_leak(work)
    new = work.keys.leak()
    work.repo.commit({b"app/.env": FILLER + leak.env() + new.env()})
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert new.key_id in pushed.said
    assert leak.key_id not in pushed.said


def test_a_quiet_push_says_nothing(work: Work) -> None:
    work.repo.commit({b"a": b"1\n"})
    pushed = work.push("-q", "origin", "main")
    assert (pushed.code, pushed.said) == (0, "")


def test_a_second_remote_gets_the_same_harmless_history(work: Work) -> None:
    work.repo.commit({b"a": b"1\n"})
    second: Repo = work.add_remote("second")
    pushed = work.push("second", "main")
    assert not pushed.refused, pushed.said
    assert work.at("refs/heads/main", second) == work.repo.id("main")
