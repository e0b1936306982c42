"""`scan --stdin`: a diff counts for what it brings, everything else is the text it is.

The diffs are git's own; the stages are the real ones.
"""

import io
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from leakscan.cli.wiring import MakeStages, stages
from leakscan.history.survey import Harvest
from leakscan.history.textsource import TextSource
from leakscan.model import Kind, Sighting, Skipped, SkipReason
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo, gitlink, link

FILLER = b"".join(b"line %d\n" % number for number in range(1, 41))


@dataclass
class Told:
    """What a source said."""

    sightings: list[Sighting] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    read: int = 0
    bytes_scanned: int = 0

    def places(self, leak: Leak) -> set[tuple[bytes, int]]:
        """Names and lines of a key id."""
        return {
            (one.name, position.line)
            for one in self.sightings
            if one.identity.access_key_id == leak.key_id
            for position in one.positions
            if position.part.value == "access_key_id"
        }

    def names(self) -> set[bytes]:
        return {one.name for one in self.sightings}


@pytest.fixture(scope="module")
def make_stages() -> MakeStages:
    return stages(None, deep=False)


@pytest.fixture
def tell(make_stages: MakeStages):  # type: ignore[no-untyped-def]
    def tell(data: bytes) -> Told:
        source = TextSource(io.BytesIO(data))
        told = Told()
        for item in source.contents(make_stages):
            if isinstance(item, Harvest):
                told.read += len(list(item.ids()))
                told.bytes_scanned += item.bytes_scanned
                for found in item.found:
                    (told.sightings if isinstance(found, Sighting) else told.skipped).append(found)
            else:
                assert isinstance(item, Skipped)
                told.skipped.append(item)
        assert source.expected == told.read
        assert all(one.kind is Kind.TEXT and one.object_id is None for one in told.sightings)
        return told

    return tell


def diff(repo: Repo, *options: str) -> bytes:
    return repo.git("diff", *options, "HEAD~1", "HEAD")


# -- plain text -----------------------------------------------------------------------------------


def test_plain_text_is_matched_whole(tell, keys: KeyMaker) -> None:
    leak = keys.leak()
    told = tell(FILLER + leak.env())
    assert told.places(leak) == {(b"stdin", 41)}
    assert not told.skipped
    assert told.read == 1
    assert told.bytes_scanned == len(FILLER + leak.env())


def test_nothing_is_not_something_that_was_read(tell) -> None:
    told = tell(b"")
    assert told.read == 0
    assert [one.kind for one in told.skipped] == [Kind.TEXT]


@pytest.mark.parametrize("text", [b"\n", b"no newline", b"\0\xff", b"+++ b/x\n", b"@@ -1 +1 @@\n"])
def test_odd_text_is_read(tell, text: bytes) -> None:
    told = tell(text)
    assert (told.read, told.bytes_scanned, told.skipped) == (1, len(text), [])


def test_what_only_looks_like_a_diff_hides_nothing(tell, keys: KeyMaker) -> None:
    ruler, minus, hunk, name, tail = keys.leaks(5)
    text = b"--- " + ruler.one_line() + b"\nmore\n"
    text += b"-" + minus.one_line() + b"\n"
    text += b"@@ -1,3 +1,3 @@\n-" + hunk.one_line() + b"\n"
    text += b"rename from " + name.one_line() + b"\n"
    text += b"+++ b/x\n " + tail.one_line() + b"\n"
    told = tell(text)
    lines = {leak.key_id: told.places(leak) for leak in (ruler, minus, hunk, name, tail)}
    assert list(lines.values()) == [
        {(b"stdin", 1)}, {(b"stdin", 3)}, {(b"stdin", 5)}, {(b"stdin", 6)}, {(b"stdin", 8)},
    ]  # fmt: skip


def test_a_long_text_comes_in_pieces_that_keep_their_lines(tell, keys: KeyMaker) -> None:
    first, last = keys.leaks(2)
    filler = (b"y" * 99 + b"\n") * 400_000
    told = tell(first.env() + filler + last.env())
    assert told.places(first) == {(b"stdin", 1)}
    assert told.places(last) == {(b"stdin", 400_003)}


def test_the_middle_of_a_long_line_is_no_header(tell) -> None:
    told = tell(b"x" * (1 << 20) + b"Binary files a and b differ\n")
    assert (told.read, told.skipped) == (1, [])


def test_one_endless_line_is_read(tell, keys: KeyMaker) -> None:
    leak = keys.leak()
    filler = b"x " * (3 << 20)
    told = tell(b"first\n" + filler + leak.one_line() + filler)
    assert {name for name, _ in told.places(leak)} == {b"stdin"}
    assert {line for _, line in told.places(leak)} == {2}


# -- a diff of git ------------------------------------------------------------------------------


def test_added_lines_are_placed_in_the_new_file(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    lines = FILLER.splitlines(keepends=True)
    repo.commit({b"conf/app.env": FILLER})
    repo.commit({b"conf/app.env": b"".join([*lines[:30], leak.env(), *lines[31:]])})
    for options in ((), ("-U0",), ("-U100",), ("--no-prefix",), ("--src-prefix=i/",), ("-R",)):
        told = tell(diff(repo, *options))
        wanted = set() if options == ("-R",) else {(b"conf/app.env", 31)}
        assert told.places(leak) == wanted, options
        assert not told.skipped


def test_context_and_removed_lines_are_not_new(tell, repo: Repo, keys: KeyMaker) -> None:
    stays, goes, comes = keys.leaks(3)
    repo.commit({b"a": stays.env() + b"x\n" + goes.env() + b"\n" * 9})
    repo.commit({b"a": stays.env() + b"y\n" + b"\n" * 9 + comes.env()})
    told = tell(diff(repo))
    assert not told.places(stays)
    assert not told.places(goes)
    assert told.places(comes) == {(b"a", 13)}


def test_pairs_over_context_and_added_lines(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    id_line, secret_line = leak.env().splitlines(keepends=True)
    repo.commit({b"a": id_line})
    repo.commit({b"a": id_line + secret_line})
    (sighting,) = tell(diff(repo)).sightings
    assert sighting.identity.access_key_id == leak.key_id
    assert sighting.identity.secret is not None
    assert sighting.identity.secret.reveal() == leak.secret.encode()
    assert {position.line for position in sighting.positions} == {1, 2}


def test_a_value_that_moves_inside_a_file_is_not_new(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"a": leak.env() + FILLER})
    repo.commit({b"a": FILLER + leak.env()})
    assert not tell(diff(repo)).sightings
    assert not tell(diff(repo, "-U0")).sightings


def test_a_secret_that_gets_a_name_is_not_new(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"a": b"x = '%b'\n" % leak.secret.encode()})
    repo.commit({b"a": b"aws_secret_access_key = '%b'\n" % leak.secret.encode()})
    assert not tell(diff(repo)).sightings


@pytest.mark.parametrize("options", [("-M",), ("--no-renames",), ("-C", "-C")])
def test_a_renamed_file_brings_only_what_was_added(
    tell, repo: Repo, keys: KeyMaker, options: tuple[str, ...]
) -> None:
    old, new = keys.leaks(2)
    repo.commit({b"old name.env": old.env() + FILLER})
    repo.commit({b"old name.env": None, b"new name.env": old.env() + FILLER + new.env()})
    told = tell(diff(repo, *options))
    assert not told.places(old)
    assert told.places(new) == {(b"new name.env", 43)}


def test_single_letters_are_folders_too(tell, repo: Repo, keys: KeyMaker) -> None:
    """Where git writes no `a/` and `b/`, the first folder of a path is not taken for one."""
    edited, renamed = keys.leaks(2)
    repo.commit({b"d/x.env": b"1\n", b"d/old.env": FILLER})
    moved = {b"d/old.env": None, b"d/new.env": FILLER + renamed.env()}
    repo.commit({b"d/x.env": b"1\n" + edited.env(), **moved})
    for options in (("-M",), ("-M", "--no-prefix"), ("-M", "--src-prefix=x/", "--dst-prefix=y/")):
        told = tell(diff(repo, *options))
        assert told.places(edited) == {(b"d/x.env", 2)}, options
        assert told.places(renamed) == {(b"d/new.env", 31 + 10)}, options


def test_context_counts_as_old_however_it_is_written(tell, repo: Repo, keys: KeyMaker) -> None:
    """Also between added lines, and in a spelling that the old side is not searched for."""
    leak = keys.leak(slash=True)
    text = leak.json().replace(rb"\/", rb"\u002f")
    repo.commit({b"a.json": text})
    repo.commit({b"a.json": b"// 1\n" + text + b"// 2\n"})
    assert tell(text).sightings
    assert not tell(diff(repo)).sightings


def test_old_values_in_the_spelling_of_json(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak(slash=True)
    repo.commit({b"a.json": leak.json() + FILLER})
    repo.commit({b"a.json": FILLER + leak.json()})
    assert not tell(diff(repo, "-U0")).sightings


def test_a_new_secret_beside_an_id_that_moved_is_new(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    id_line, secret_line = leak.env().splitlines(keepends=True)
    repo.commit({b"a": id_line + FILLER})
    repo.commit({b"a": FILLER + id_line + secret_line})
    (sighting,) = tell(diff(repo)).sightings
    assert sighting.identity.secret is not None


def test_paths(tell, repo: Repo, keys: KeyMaker) -> None:
    leaks = keys.leaks(4)
    odd = [b'q"uote', b"tab\there", b"caf\xc3\xa9", b"new\nline \\ \x01"]
    repo.commit({b"x": b""})
    repo.commit(dict(zip(odd, (leak.env() for leak in leaks), strict=True)))
    for options in ((), ("--no-prefix",), ("--dst-prefix=w/",)):
        told = tell(diff(repo, *options))
        for name, leak in zip(odd, leaks, strict=True):
            assert told.places(leak) == {(name, 1)}, (options, name)


def test_a_secret_in_a_new_path_is_found(tell, repo: Repo, keys: KeyMaker) -> None:
    made, empty, renamed, old = keys.leaks(4)
    repo.commit({b"r": FILLER, old.key_id.encode(): FILLER + b"old", b"gone/" + b"x": b"1"})
    repo.commit(
        {
            made.key_id.encode(): b"text\n",
            empty.key_id.encode(): b"",
            b"r": None,
            renamed.key_id.encode(): FILLER,
            old.key_id.encode(): FILLER + b"new",
        }
    )
    told = tell(diff(repo, "-M"))
    for leak in (made, empty, renamed):
        ((name, line),) = told.places(leak)
        assert name == b"stdin"
        assert leak.key_id.encode() in diff(repo, "-M").splitlines()[line - 1]
    assert not told.places(old)
    # Taken away, or with its file in another folder, it is not new.
    moved = {empty.key_id.encode(): None, b"kept/" + empty.key_id.encode(): b""}
    repo.commit({made.key_id.encode(): None, **moved})
    for options in (("-M",), ("--no-renames",)):
        told = tell(diff(repo, *options))
        assert not told.places(made)
        assert not told.places(empty)


def test_a_deleted_file_brings_nothing(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"a": leak.env(), b"b": b"1"})
    repo.commit({b"a": None})
    told = tell(diff(repo))
    assert not told.sightings
    assert not told.skipped


def test_shapes_without_hunks_are_read(tell, repo: Repo) -> None:
    repo.commit({b"a": FILLER, b"b": b"1\n"})
    repo.git("update-index", "--add", "--cacheinfo", f"100755,{repo.blob('HEAD', b'a')},a")
    repo.commit({b"b": None, b"c": b"1\n", b"sub": gitlink("1" * 40)})
    told = tell(diff(repo, "-M"))
    assert (told.sightings, told.skipped) == ([], [])
    repo.git("checkout", "-q", "-f", "HEAD")
    repo.git("update-index", "--chmod=+x", "a")
    told = tell(repo.git("diff", "--cached"))
    assert (told.sightings, told.skipped, told.read) == ([], [], 1)


def test_no_newline_at_the_end_and_crlf(tell, repo: Repo, keys: KeyMaker) -> None:
    one, two = keys.leaks(2)
    repo.commit({b"a": b"x", b"b": b"1\r\n"})
    repo.commit({b"a": b"y\n" + one.one_line(), b"b": two.env().replace(b"\n", b"\r\n")})
    told = tell(diff(repo))
    assert told.places(one) == {(b"a", 2)}
    assert told.places(two) == {(b"b", 1)}
    assert not told.skipped


def test_a_whole_diff_with_crlf(tell, repo: Repo, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    repo.commit({b"a": old.env()})
    repo.commit({b"a": old.env() + new.env()})
    told = tell(diff(repo).replace(b"\n", b"\r\n"))
    assert not told.places(old)
    assert told.places(new) == {(b"a", 3)}
    assert not told.skipped


def test_symlink_targets(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"x": b""})
    repo.commit({b"a": link(b"/dir/" + leak.key_id.encode())})
    assert tell(diff(repo)).places(leak) == {(b"a", 1)}


def test_lines_that_look_like_headers_are_content(tell, repo: Repo, keys: KeyMaker) -> None:
    leak, old = keys.leaks(2)
    tricky = b"-- a/x\n++ b/x\n@@ -1,9 +1,9 @@\ndiff --git a/y b/y\nrename from z\n"
    repo.commit({b"a": b"-- /dev/null\n-- a/b\n" + old.env() + FILLER})
    repo.commit({b"a": tricky + leak.env() + FILLER})
    told = tell(diff(repo))
    assert told.places(leak) == {(b"a", 6)}
    assert not told.places(old)
    assert not told.skipped


# -- more than one diff -----------------------------------------------------------------------


def test_log_finds_what_came_and_went(tell, repo: Repo, keys: KeyMaker) -> None:
    leak, kept = keys.leaks(2)
    repo.commit({b"a": kept.env()})
    repo.commit({b"a": kept.env() + FILLER + leak.env()})
    repo.commit({b"a": kept.env() + FILLER})
    for options in ((), ("--reverse",), ("--format=",), ("--format=", "--reverse")):
        told = tell(repo.git("log", "-p", *options, "HEAD~2..HEAD"))
        assert told.places(leak) == {(b"a", 43)}, options
        assert not told.places(kept), options
        assert not told.skipped


def test_log_finds_what_came_and_went_in_a_rename(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"z": b"1"})
    repo.commit({b"b": leak.env() + FILLER})
    repo.commit({b"b": None, b"a": FILLER, b"c": FILLER})
    for options in ((), ("--reverse",)):
        told = tell(repo.git("log", "-p", "-M", "--format=", *options, "HEAD~2..HEAD"))
        assert told.places(leak) == {(b"b", 1)}


def test_messages_and_mail_headers_are_text(tell, repo: Repo, keys: KeyMaker) -> None:
    message, subject, added, removed = keys.leaks(4)
    repo.commit({b"a": removed.env()})
    text = b"Use " + subject.key_id.encode() + b"\n\nWith\n" + message.env()
    repo.commit({b"a": added.env()}, message=text)
    for command in (("log", "-p", "-1"), ("format-patch", "-1", "--stdout"), ("show", "HEAD")):
        told = tell(repo.git(*command))
        assert {name for name, _ in told.places(subject)} == {b"stdin"}, command
        assert {name for name, _ in told.places(message)} == {b"stdin"}, command
        assert told.places(added) == {(b"a", 1)}, command
        assert not told.places(removed), command


def test_a_message_that_pretends_to_be_a_diff_makes_nothing_old(
    tell, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    fake = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +0,0 @@\n"
    fake += b"".join(b"-" + line for line in leak.env().splitlines(keepends=True))
    repo.commit({b"a": b"1\n"})
    repo.commit({b"a": b"1\n" + leak.env()}, message=fake)
    for form in ("%B", "%b%B", "raw", "email"):
        data = repo.git("log", "-p", "-1", f"--format={form}")
        assert (b"a", 2) in tell(data).places(leak), form
    unending = fake.replace(b"-1,2", b"-1,200")
    repo.commit({b"b": leak.env()}, message=unending)
    told = tell(repo.git("log", "-p", "-1", "--format=%B"))
    assert (b"b", 1) in told.places(leak)
    assert told.skipped


def test_headers_behind_a_hunk_are_text(tell, repo: Repo, keys: KeyMaker) -> None:
    """Only before the first hunk does git write them."""
    leaks = keys.leaks(4)
    repo.commit({b"x": b"1\n"})
    repo.commit({b"a": b"2\n"})
    words = (b"rename from ", b"--- ", b"+++ ", b"index ")
    for word, leak in zip(words, leaks, strict=True):
        data = diff(repo) + word + leak.one_line() + b"\n"
        assert tell(data).places(leak) == {(b"stdin", data.count(b"\n"))}, word


def test_text_behind_a_diff_is_text(tell, repo: Repo, keys: KeyMaker) -> None:
    leak, other = keys.leaks(2)
    repo.commit({b"a": b"1\n"})
    repo.commit({b"a": b"2\n"})
    data = diff(repo) + b"-- \n" + leak.env() + b"--- " + other.one_line() + b"\n"
    told = tell(data)
    count = data.count(b"\n")
    assert told.places(leak) == {(b"stdin", count - 2)}
    assert told.places(other) == {(b"stdin", count)}


@pytest.mark.parametrize("kind", ["--cc", "-c"])
def test_merges(tell, repo: Repo, keys: KeyMaker, kind: str) -> None:
    evil, ours, theirs = keys.leaks(3)
    base = repo.commit({b"a": FILLER})
    one = repo.commit({b"a": ours.env() + FILLER}, branch="one", parents=[base])
    two = repo.commit({b"a": FILLER + theirs.env()}, branch="two", parents=[base])
    repo.commit(
        {b"a": ours.env() + FILLER + evil.env() + theirs.env()}, branch="m", parents=[one, two]
    )
    told = tell(repo.git("show", kind, "--format=", "m"))
    assert told.places(evil) == {(b"a", 43)}
    assert not told.places(ours)
    assert not told.places(theirs)
    assert not told.skipped


def test_octopus_merges(tell, repo: Repo, keys: KeyMaker) -> None:
    leaks = keys.leaks(4)
    base = repo.commit({b"a": FILLER})
    sides = [
        repo.commit({b"a": FILLER + leak.env()}, branch=f"s{n}", parents=[base])
        for n, leak in enumerate(leaks[:3])
    ]
    text = FILLER + b"".join(leak.env() for leak in leaks)
    repo.commit({b"a": text}, branch="m", parents=sides)
    told = tell(repo.git("show", "--cc", "--format=", "m"))
    assert [bool(told.places(leak)) for leak in leaks] == [False, False, False, True]
    assert not told.skipped


# -- what cannot be read ------------------------------------------------------------------------


def test_binary_files_are_skipped(tell, repo: Repo, keys: KeyMaker) -> None:
    gone, leak = keys.leaks(2)
    repo.commit({b"gone": b"\0" + gone.env(), b"old": b"\0"})
    repo.commit({b"gone": None, b"d/new": b"\0" + leak.env(), b"old": b"\0" + leak.env()})
    told = tell(diff(repo))
    assert {(one.path, one.reason) for one in told.skipped} == {
        (b"d/new", SkipReason.UNREADABLE),
        (b"old", SkipReason.UNREADABLE),
    }


def test_binary_patches_are_read_where_they_are_whole(tell, repo: Repo, keys: KeyMaker) -> None:
    leak, old = keys.leaks(2)
    repo.commit({b"x": b"", b"old": b"\0" + old.env() * 99})
    wide = (b"x\n" + leak.env()).decode().encode("utf-16-le")
    repo.commit({b"new": b"\xff\xfe" + wide, b"old": b"\0" + old.env() * 98})
    told = tell(diff(repo, "--binary"))
    assert told.places(leak) == {(b"new", 2)}
    assert not told.places(old)
    # Of a delta the base is needed.
    assert {one.path for one in told.skipped} <= {b"old"}


def test_a_literal_that_keeps_a_value_brings_nothing(tell, repo: Repo, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    repo.commit({b"b": b"\0" + old.env()})
    repo.commit({b"b": (old.env() + new.env()).decode().encode("utf-16-le")})
    data = diff(repo, "--binary")
    assert data.count(b"literal") == 2
    told = tell(data)
    assert not told.places(old)
    assert told.places(new) == {(b"b", 3)}


def test_a_huge_binary_file_is_skipped(tell, repo: Repo) -> None:
    repo.commit({b"x": b""})
    repo.commit({b"big": bytes(33 << 20)})
    (skipped,) = tell(diff(repo, "--binary")).skipped
    assert (skipped.path, skipped.reason) == (b"big", SkipReason.UNREADABLE)


@pytest.mark.parametrize("cut", ["size", "body", "letter", "line"])
def test_a_damaged_binary_patch_is_skipped(tell, repo: Repo, keys: KeyMaker, cut: str) -> None:
    repo.commit({b"x": b""})
    repo.commit({b"new": b"\0" + keys.leak().env()})
    data = diff(repo, "--binary")
    at = data.index(b"literal ")
    body = data.index(b"\n", at) + 1
    if cut == "size":
        data = data.replace(b"literal ", b"literal 9", 1)
    elif cut == "body":
        data = data[: body + 20]
    elif cut == "letter":
        data = data[:body] + b"A" + data[body + 1 :]
    else:
        data = data[: body + 1] + b"\xff" + data[body + 2 :]
    assert [one.path for one in tell(data).skipped] == [b"new"]


def test_a_diff_that_is_cut_off_is_skipped(tell, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"a": FILLER})
    repo.commit({b"a": leak.env() + FILLER})
    data = diff(repo)
    hunk = data.index(b"@@")
    whole = tell(data)
    assert not whole.skipped
    for end in range(data.index(b"\n", hunk) + 1, len(data) - len(b" line 3\n") + 1):
        told = tell(data[:end])
        assert [(one.path, one.reason) for one in told.skipped] == [(b"a", SkipReason.DAMAGED)], end
    assert told.places(leak) == {(b"a", 1)}


def test_text_inside_a_hunk_ends_it_and_is_read(tell, repo: Repo, keys: KeyMaker) -> None:
    leak, other = keys.leaks(2)
    repo.commit({b"a": FILLER})
    repo.commit({b"a": leak.env() + FILLER})
    lines = diff(repo).splitlines(keepends=True)
    broken = b"".join([*lines[:-1], other.env(), lines[-1]])
    told = tell(broken)
    assert told.places(leak) == {(b"a", 1)}
    assert told.places(other) == {(b"stdin", len(lines))}
    assert [one.path for one in told.skipped] == [b"a"]


@pytest.mark.parametrize(
    "numbers",
    [b"-1 +1 @", b"-1 -1 +1", b"-1,0 +1,999999999999999999", b"-,1 +1", b"-0,0 +0,0", b"+1"],
)
def test_lying_hunk_headers_hide_nothing(tell, keys: KeyMaker, numbers: bytes) -> None:
    leak = keys.leak()
    header = b"@@ " + numbers + b" @@\n"
    data = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n" + header + b"+" + leak.one_line() + b"\n"
    told = tell(data)
    assert told.places(leak)
    assert bool(told.skipped) == (numbers not in (b"-,1 +1", b"-0,0 +0,0", b"+1", b"-1 +1 @"))


# -- diffs of other programs ----------------------------------------------------------------------


def test_diff_u(tell, tmp_path: Path, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    for name, text in (("old", old.env()), ("new", old.env() + new.env())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a b.env").write_bytes(text)
        (tmp_path / name / "bin").write_bytes(b"\0" + text)
    (tmp_path / "new" / "only.env").write_bytes(FILLER + new.env())
    done = subprocess.run(
        ["diff", "-ruN", "old", "new"], cwd=tmp_path, capture_output=True, check=False
    )
    told = tell(done.stdout)
    assert not told.places(old)
    assert {line for _, line in told.places(new)} == {3, 41}
    assert {name.rpartition(b"/")[2] for name, _ in told.places(new)} == {b"a b.env", b"only.env"}
    assert [one.path.rpartition(b"/")[2] for one in told.skipped] == [b"bin"]


def test_a_mailer_that_strips_blanks(tell, repo: Repo, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    repo.commit({b"a": old.env() + b"\n\n"})
    repo.commit({b"a": old.env() + b"\n\n" + new.env()})
    told = tell(diff(repo).replace(b"\n \n", b"\n\n").replace(b"\n \n", b"\n\n"))
    assert told.places(new) == {(b"a", 5)}
    assert not told.places(old)
    assert not told.skipped


def test_very_long_lines_of_a_hunk_keep_their_marks(tell, repo: Repo, keys: KeyMaker) -> None:
    old, new, after = keys.leaks(3)
    long = b"x" * 3_000_000
    repo.commit({b"a": long + b" " + old.one_line() + b"\n"})
    repo.commit({b"a": long + b" " + new.one_line() + b"\n" + after.env()})
    told = tell(diff(repo))
    assert told.places(new) == {(b"a", 1)}
    assert told.places(after) == {(b"a", 2)}
    assert not told.places(old)
    assert not told.skipped
