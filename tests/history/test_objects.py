"""git's own objects are understood, or said not to be; never guessed."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.history.objects import parse_author, parse_commit, parse_tag, to_date
from leakscan.history.treelines import MalformedTreeError, read_tree
from leakscan.model import Kind

_A, _B = "a" * 40, "b" * 40
_COMMIT = (
    f"tree {_A}\nparent {_B}\nparent {_A}\n"
    "author Ann O'Dea <ann@example.org> 1700000000 +0100\n"
    "committer Bob <bob@example.org> 1700000060 -0300\n"
    "gpgsig -----BEGIN\n committer nobody\n\nparent is not a header here\n"
).encode()

_modes = st.sampled_from([b"100644", b"100755", b"40000", b"120000", b"160000"])
_names = st.binary(max_size=30).map(lambda name: name.replace(b"\0", b"x"))
_entries = st.lists(st.tuples(_modes, _names, st.binary(min_size=20, max_size=20)), max_size=20)


def test_a_commit_has_its_tree_parents_and_committer_time() -> None:
    links = parse_commit(_COMMIT)
    assert links is not None
    assert links.tree.hex() == _A
    assert [parent.hex() for parent in links.parents] == [_B, _A]
    assert links.time == 1_700_000_060


def test_an_author_comes_with_the_committers_date() -> None:
    ident = parse_author(_COMMIT)
    assert (ident.name, ident.email) == (b"Ann O'Dea", b"ann@example.org")
    assert ident.date == datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC)


def test_malformed_objects_are_not_guessed() -> None:
    assert parse_commit(b"") is None
    assert parse_commit(b"tree xyz\n\n") is None
    assert parse_commit(f"tree {_A}\nparent {_A[:-1]}\n\n".encode()) is None
    assert parse_tag(b"object 12\ntype blob\n") is None
    assert parse_tag(f"object {_A}\ntype cheese\ntag x\n\n".encode()) is None
    with pytest.raises(MalformedTreeError):
        read_tree(b"100644 name-without-id", 20)


def test_a_tag_knows_what_it_points_to() -> None:
    tag = parse_tag(f"object {_A}\ntype tree\ntag v1\ntagger T <t@x> 1 +0000\n\nnews\n".encode())
    assert tag is not None
    assert (tag.target.hex(), tag.kind, tag.name) == (_A, Kind.TREE, b"v1")


def test_a_year_outside_the_calendar_is_no_date() -> None:
    assert to_date(10**18) is None
    assert to_date(-(10**18)) is None
    assert to_date(-1) == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)


@given(_entries)
def test_a_tree_gives_back_its_entries_whatever_bytes_they_hold(
    entries: list[tuple[bytes, bytes, bytes]],
) -> None:
    lines = [mode + b" " + name + b"\0" + object_id for mode, name, object_id in entries]
    assert read_tree(b"".join(lines), 20).lines == lines


@given(_entries.filter(bool), st.integers(min_value=1, max_value=19))
def test_a_cut_tree_is_not_taken_for_a_shorter_one(
    entries: list[tuple[bytes, bytes, bytes]], cut: int
) -> None:
    data = b"".join(mode + b" " + name + b"\0" + object_id for mode, name, object_id in entries)
    with pytest.raises(MalformedTreeError):
        read_tree(data[:-cut], 20)


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_without_an_error(data: bytes) -> None:
    parse_commit(data)
    parse_tag(data)
    with suppress(MalformedTreeError):
        read_tree(data, 20)
    parse_author(data)
