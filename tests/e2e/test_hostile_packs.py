"""Packs that lie or are broken cost bounded time and memory, and hide nothing.

Each pack holds a family with a credential in every member, and one lie. Whatever git can still
read has its finding; everything else is named. All packs of a table stand in one repository, so
that one broken pack must not hide what is in the next.
"""

from typing import Any

import pytest

from tests.support.cli import Cli
from tests.support.keys import KeyMaker
from tests.support.lies import (
    MIB,
    Family,
    Lie,
    attack,
    based,
    bombed,
    broken_at,
    cut,
    family,
    flipped,
    listed,
    moved,
    nothing_hidden,
    payload,
    sized,
    streamed,
    summed,
    typed,
    written,
)
from tests.support.packs import (
    LARGEST_COPY,
    Copy,
    PackMaker,
    Row,
    Slot,
    bomb,
    deflate,
    encode_delta,
    object_id,
)
from tests.support.repo import Repo

MEMBERS = ("root", "child", "below")
ENTRIES: dict[str, Lie] = {
    f"{which} {name}": lie
    for which in MEMBERS
    for name, lie in {
        "one byte too long": sized(which, 1),
        "one byte too short": sized(which, -1),
        "of nothing": sized(which, 0),
        "of a tebibyte": sized(which, 1 << 40),
        "just read here": sized(which, 30 * MIB),
        "just read by git": sized(which, 500 * MIB),
        "of 90 bits": sized(which, 1 << 90),
        "without a stream": streamed(which, lambda _: b""),
        "cut": streamed(which, lambda data: data[: len(data) // 2]),
        "without a sum": streamed(which, lambda data: data[:-4]),
        "of a wrong sum": streamed(which, flipped(-1)),
        "flipped": streamed(which, flipped(20)),
        "no stream": streamed(which, flipped(0)),
        "with more behind": streamed(which, lambda data: data + b"more"),
        "a bomb": streamed(which, lambda _: bomb(1024 * MIB)),
        "of type 0": typed(which, 0),
        "of type 5": typed(which, 5),
    }.items()
}
ENTRIES["root a bomb of its stated size"] = lambda made: bombed(made, 16 * MIB)
ENTRIES["root a bomb that git streams"] = lambda made: bombed(made, 64 * MIB)


@pytest.mark.parametrize("which", ["root", "child", "below", "cold child", "cold below"])
def test_entries_that_lie(repo: Repo, cli: Cli, keys: KeyMaker, which: str) -> None:
    cold, which = which.startswith("cold"), which.removeprefix("cold ")
    table = {name: lie for name, lie in ENTRIES.items() if name.startswith(which)}
    assert not attack(cli, repo, keys, table, cold=cold).complete


# -- deltas ---------------------------------------------------------------------------------------


def bomb_of_copies(made: Family) -> dict[str, Any]:
    """Two million instructions of one byte each, which all copy 64 KiB; it says 32 MiB."""
    cold = made.maker.full("blob", b"%040d\n" % 7 * 2000)
    made.child.base = cold
    made.maker.slots.insert(0, made.maker.slots.pop())
    made.child.payload = encode_delta(len(cold.content), 32 * MIB - 1, ()) + b"\x80" * (
        2 * MIB - 99
    )
    return {}


DELTAS: dict[str, Lie] = {
    f"{which} {name}": lie
    for which in ("child", "below")
    for name, lie in {
        "of a longer base": written(which, 1, 0),
        "of a shorter base": written(which, -1, 0),
        "of more": written(which, 0, 1),
        "of less": written(which, 0, -1),
        "of 31 MiB": written(which, 0, 31 * MIB),
        "of a tebibyte": written(which, 0, 1 << 40),
        "of 90 bits": written(which, 0, 1 << 90),
        "copying from beyond": written(which, 0, 40, b"x", Copy(1 << 20, 40)),
        "copying over the end": written(which, 0, 0, Copy(0, 100), Copy(100, 1 << 20)),
        "cut in a number": payload(which, lambda _: b"\xff"),
        "of no instruction": payload(which, lambda data: data[:4]),
        "of nothing": payload(which, lambda _: b""),
        "cut in an insertion": written(which, 0, 3, b"abc", tail=b"\x7fabc"),
        "cut in a copy": written(which, 0, 0, b"abc", tail=b"\xff\1"),
        "with a reserved instruction": written(which, 0, 0, b"abc", tail=b"\0"),
        "copying a little from beyond": written(which, 0, 40, Copy(0, 10_000), Copy(13 * MIB, 40)),
        "of a hundred gigabytes": written(
            which, 0, 6400 * LARGEST_COPY, b"abc", tail=b"\xf0\xff\xff\xff" * 6400
        ),
    }.items()
}
DELTAS["a bomb of copies"] = bomb_of_copies


@pytest.mark.parametrize("cold", [True, False], ids=["cold", "hot"])
@pytest.mark.parametrize("which", ["child", "below", "a"])
def test_deltas_that_lie(repo: Repo, cli: Cli, keys: KeyMaker, which: str, *, cold: bool) -> None:
    table = {name: lie for name, lie in DELTAS.items() if name.startswith(which)}
    assert not attack(cli, repo, keys, table, cold=cold).complete


TAILS = {
    "an insertion cut short": b"\x7fabc",
    "a copy cut short": b"\xff\1",
    "reserved": b"\0",
    "an insertion of nothing": b"\x7f",
}


def test_trees_whose_deltas_lie(repo: Repo, cli: Cli, keys: KeyMaker) -> None:
    """Of a tree only what its delta changes is parsed; a name in it may be a credential."""
    lost, ballast = set(), PackMaker()
    for number in range(300):  # So that no family is so heavy that it is split.
        ballast.full("blob", b"%d\n" % number * 50)
    for tail in TAILS.values():
        maker = PackMaker()
        blob = maker.full("blob", tail)
        root = maker.full("tree", b"100644 a\0" + blob.id)
        line = b"100644 %b\0%b" % (keys.key_id().encode(), blob.id)
        tree = maker.ofs(root, [Copy(0, len(root.content)), line])
        tree.payload += tail
        maker.write(repo)
        lost.add(tree.id.hex())
    ballast.write(repo)
    scan = cli.scan(repo.path)
    assert {one["object"] for one in scan.skipped} == lost


def test_a_name_is_found_or_missed_aloud_where_memory_ends(
    repo: Repo, cli: Cli, keys: KeyMaker
) -> None:
    """Millions of instructions for one tree: what following them takes may not be there."""
    key_id, maker = keys.key_id(), PackMaker()
    for number in range(300):
        maker.full("blob", b"%d\n" % number * 50)
    some = maker.slots[0].id
    root = maker.full("tree", b"100644 a\0" + some)
    names = [key_id.encode(), *(b"z%0200d" % number for number in range(35_000))]
    data = root.content + b"".join(b"100644 %b\0%b" % (name, some) for name in names)
    tree = maker.ofs(root, (data,))
    tree.payload = encode_delta(len(root.content), len(data), ())
    tree.payload += b"".join(b"\1%c" % byte for byte in data)
    repo.git("verify-pack", maker.write(repo))
    scan = cli.scan(repo.path, prefix=("sh", "-c", 'ulimit -v 800000 && exec "$@"', "sh"))
    assert scan.of(key_id) or tree.id.hex() in {one["object"] for one in scan.skipped}


def test_all_that_hangs_on_a_damaged_root_is_named(repo: Repo, cli: Cli, keys: KeyMaker) -> None:
    made, leaks = family(keys)
    for number in range(200):
        made.maker.ofs(made.root, [Copy(0, 500), b"%d\n" % number])
    made.root.stream = flipped(-1)(deflate(made.root.payload))
    made.maker.write(repo)
    scan = nothing_hidden(cli, repo, {("alone", ""): [made.alone.id.hex()]}, leaks)
    named = {one["object"] for one in scan.skipped}
    assert named == {slot.id.hex() for slot in made.maker.slots} - {made.alone.id.hex()}


# -- bases ----------------------------------------------------------------------------------------


def on_hidden_entry(made: Family) -> dict[str, Any]:
    """The base lies inside another entry, which the index does not list: git reads that."""
    hidden = Slot("blob", made.root.content, 3, made.root.payload)
    made.root.content = made.root.payload = b"in front" + hidden.entry(0) + b"behind"
    made.root.stream = deflate(made.root.payload, 0)
    made.root.id = object_id("sha1", "blob", made.root.content)
    made.sibling.base = made.child.base = made.root
    made.child.nudge = made.root.entry(0).index(hidden.entry(0))
    return {}


def by_unknown_id(made: Family) -> dict[str, Any]:
    made.below.base = b"\x12" * 20
    return {}


BASES: dict[str, Lie] = {
    "itself": based("child", "child"),
    "forwards": based("child", "child", 60),
    "in front of the pack": based("child", "root", -1000),
    "the header of the pack": based("child", "root", -12),
    "inside the base": based("child", "root", 5),
    "inside another": based("below", "child", 1),
    "hidden in another": on_hidden_entry,
    "unknown": by_unknown_id,
}


def test_bases_that_are_none(repo: Repo, cli: Cli, keys: KeyMaker) -> None:
    assert not attack(cli, repo, keys, BASES).complete


def test_a_circle_of_deltas_ends(repo: Repo, cli: Cli, keys: KeyMaker) -> None:
    """git follows such a circle until its memory ends; the limit that it is given ends it."""
    made, leaks = family(keys)
    made.child.type_number, made.child.base = 7, made.below
    made.maker.write(repo)
    healthy = [made.root.id.hex(), made.sibling.id.hex(), made.alone.id.hex()]
    scan = nothing_hidden(cli, repo, {("circle", ""): healthy}, leaks)
    named = {one["object"] for one in scan.skipped}
    assert named == {made.child.id.hex(), made.below.id.hex()}


# -- indexes and whole packs ----------------------------------------------------------------------


def swapped(rows: list[Row]) -> list[Row]:
    rows[0].id, rows[4].id = rows[4].id, rows[0].id
    return rows


INDEXES: dict[str, Lie] = {
    "a wrong sum": summed(0),
    "another wrong sum": summed(2),
    "past the end": moved(1, lambda _: 100_000),
    "far past the end": moved(1, lambda _: (1 << 63) + 5),
    "the last number": moved(4, lambda _: (1 << 64) - 1),
    "at the header": moved(0, lambda _: 0),
    "at the sum of the pack": moved(4, lambda rows: rows[4].offset + 90),
    "inside another": moved(1, lambda rows: rows[0].offset + 7),
    "at another": moved(1, lambda rows: rows[0].offset),
    "at another delta": moved(4, lambda rows: rows[2].offset),
    "two at each other": listed(swapped),
    "unsorted": listed(lambda rows: rows[::-1], in_order=False),
    "one too few": listed(lambda rows: rows[1:]),
    "one too many": listed(lambda rows: [*rows, Row(b"\x13" * 20, rows[0].offset, 0)]),
}


WHOLE: dict[str, Lie] = {
    **{f"cut at {part}": cut(part) for part in (0.0, 0.01, 0.3, 0.6, 0.9, 0.99)},
    **{f"flipped at {part / 40}": broken_at(part / 40) for part in range(40)},
    "one stated too many": lambda made: {"data": made.maker.build(count=6)},
    "one stated too few": lambda made: {"data": made.maker.build(count=4)},
    "all that can be stated": lambda made: {"data": made.maker.build(count=(1 << 32) - 1)},
    "longer": lambda made: {"data": made.maker.build() + b"more"},
}


@pytest.mark.parametrize("table", [INDEXES, WHOLE], ids=["indexes", "whole packs"])
def test_packs_and_indexes_that_lie(
    repo: Repo, cli: Cli, keys: KeyMaker, table: dict[str, Lie]
) -> None:
    assert not attack(cli, repo, keys, table, more=("unsorted",)).complete


@pytest.mark.parametrize("liar_first", [True, False])
def test_a_copy_that_lies_does_not_hide_the_other(
    repo: Repo, cli: Cli, keys: KeyMaker, liar_first: bool
) -> None:
    """Two packs have a blob of one id, one of them with another content: both are looked at."""
    leak = keys.leak()
    honest, liar = PackMaker(), PackMaker()
    slot = honest.full("blob", leak.env())
    liar.full("blob", b"nothing here\n")
    kept = honest.write(repo)
    while True:  # Packs are read in the order of their names, which their contents decide.
        liar.full("blob", b"filler %d\n" % len(liar.slots))
        name = f"pack-{liar.build()[-20:].hex()}.pack"
        if (name < kept.name) == liar_first:
            break
    rows = liar.rows()
    rows[0].id = slot.id
    liar.write(repo, rows=rows)
    assert leak.key_id in {one["access_key_id"] for one in cli.scan(repo.path).findings}
