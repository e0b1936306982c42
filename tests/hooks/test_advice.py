"""What a refused push tells to do is done to the letter, and then the push passes."""

import re

from tests.support.hooks import Outcome, Work
from tests.support.keys import Leak

# An editor that does what the message says to do with the first commit of the list.
_MARK = "sed -i -e '1s/^pick/{}/'"


def commands(outcome: Outcome) -> list[list[str]]:
    """Return the git commands that a message shows, as words."""
    lines = re.findall(r"^ {8}git (.+)$", outcome.said, re.MULTILINE)
    assert lines, outcome.said
    return [line.split() for line in lines]


def follow(work: Work, outcome: Outcome, **env: str) -> None:
    """Run the commands of a message."""
    for words in commands(outcome):
        done = work.git(*words, env={"GIT_EDITOR": "true", **env})
        assert not done.refused, (words, done.said)


def take_out(work: Work, path: str, leak: Leak) -> None:
    """Take a credential out of a file of the work tree, and leave the rest."""
    file = work.repo.path / path
    file.write_bytes(file.read_bytes().replace(leak.env(), b""))


def pushed(work: Work, leak: Leak) -> None:
    """Assert that a push passes now, and brings nothing of the credential."""
    after = work.push("origin", "HEAD:main")
    assert not after.refused, after.said
    for line in work.remote.git("rev-list", "--objects", "--all").splitlines():
        data = work.remote.git("cat-file", "-p", line.split()[0].decode())
        assert leak.key_id.encode() not in data


def test_the_newest_commit_is_amended(work: Work) -> None:
    leak, _ = work.leak(above=b"A=1\n")
    work.repo.checkout("main")
    refused = work.push("origin", "main")
    assert "never left this machine" in refused.words
    take_out(work, "app/.env", leak)
    follow(work, refused)
    pushed(work, leak)


def test_an_older_commit_gets_a_fixup(work: Work) -> None:
    leak, _ = work.leak(above=b"A=1\n")
    work.repo.commit({b"b": b"1\n"})
    work.repo.commit({b"c": b"1\n"})
    work.repo.checkout("main")
    refused = work.push("origin", "main")
    take_out(work, "app/.env", leak)
    work.repo.git("add", "app/.env")
    follow(work, refused)
    pushed(work, leak)
    assert len(work.repo.git("rev-list", "main").split()) == 4


def test_the_first_commit_of_all_gets_a_fixup(work: Work) -> None:
    leak = work.keys.leak()
    first = work.repo.commit({b"a": leak.env(), b"x": b"1\n"}, branch="new", parents=[])
    work.repo.commit({b"b": b"1\n"}, branch="new", parents=[first])
    work.repo.git("checkout", "-q", "new")
    refused = work.push("origin", "new")
    assert "--root" in refused.said
    take_out(work, "a", leak)
    work.repo.git("add", "a")
    follow(work, refused)
    assert not work.push("origin", "new").refused


def test_what_was_taken_out_again_is_edited(work: Work) -> None:
    leak, commit = work.leak(above=b"A=1\n")
    work.repo.commit({b"app/.env": b"A=1\n"})
    work.repo.checkout("main")
    refused = work.push("origin", "main")
    assert commit[:12] in refused.said
    follow(work, refused, GIT_SEQUENCE_EDITOR=_MARK.format("edit"))
    take_out(work, "app/.env", leak)
    amended = work.git("commit", "--all", "--amend", "--no-edit")
    assert not amended.refused, amended.said
    # The commit that took it out has nothing left to do; git drops it.
    done = work.git("rebase", "--continue", env={"GIT_EDITOR": "true"})
    assert not done.refused, done.said
    pushed(work, leak)


def test_a_message_is_reworded(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.commit({b"b": b"1\n"}, message=b"Use " + leak.env())
    work.repo.commit({b"c": b"1\n"})
    work.repo.checkout("main")
    refused = work.push("origin", "main")
    follow(
        work,
        refused,
        GIT_SEQUENCE_EDITOR=_MARK.format("reword"),
        GIT_EDITOR="sed -i -e 's/.*/Use it/'",
    )
    pushed(work, leak)


def test_the_newest_message_is_amended(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.commit({b"b": b"1\n"}, message=b"Use " + leak.env())
    work.repo.checkout("main")
    refused = work.push("origin", "main")
    follow(work, refused, GIT_EDITOR="sed -i -e 's/.*/Use it/'")
    pushed(work, leak)


def test_a_commit_is_made_without_it(work: Work) -> None:
    work.hook("pre-commit")
    leak = work.keys.leak()
    work.repo.checkout("main")
    work.repo.write(b"app/.env", b"A=1\n" + leak.env())
    refused = work.commit()
    assert refused.refused
    take_out(work, "app/.env", leak)
    follow(work, refused)
    assert not work.commit().refused


def test_a_tag_is_made_again(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.checkout("main")
    work.repo.tag("v1", "main", leak.env())
    refused = work.push("origin", "v1")
    follow(work, refused)
    assert b"v1" not in work.repo.git("tag")


def test_another_branch_is_switched_to(work: Work) -> None:
    leak, _ = work.leak(branch="topic")
    work.repo.commit({b"c": b"1\n"}, branch="topic")
    work.repo.checkout("main")
    refused = work.push("origin", "topic")
    assert commands(refused)[0] == ["switch", "topic"]
    assert leak.key_id in refused.said
