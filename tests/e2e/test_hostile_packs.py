"""Packs that lie or are broken cost bounded time and memory, and hide nothing.

Each pack holds a family with a credential in every member, and one lie. Whatever git can still
read has its finding; everything else is named. All packs of a table stand in one repository, so
that one broken pack must not hide what is in the next.
"""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import FINDINGS, INCOMPLETE, Cli, Scan
from tests.support.keys import KeyMaker, Leak
from tests.support.packs import (
    LARGEST_COPY,
    Copy,
    Op,
    PackMaker,
    Row,
    Slot,
    apply_ops,
    bomb,
    deflate,
    encode_delta,
    object_id,
    ops_between,
    write_index,
)
from tests.support.repo import Repo, git_environment

LITTLE_MEMORY = ("sh", "-c", 'ulimit -v 2500000 && exec "$@"', "sh")
GIT_LIMITS = {"GIT_ALLOC_LIMIT": "576m", "GIT_NO_LAZY_FETCH": "1"}
FAST = ("--reader", "packs", "--jobs", "2")
MIB = 1 << 20
Packs = dict[tuple[str, str], list[str]]
"""Name of the lie and of the pack, and the ids of what is in it."""


MORE_THAN_GIT = {"unsorted"}
"""Where we read what git does not: it looks for an id in the place where its order has it."""


@dataclass(slots=True)
class Family:
    """A pack with a root, its child, a child of that, another child, and one of no family."""

    maker: PackMaker
    root: Slot
    child: Slot
    below: Slot
    sibling: Slot
    alone: Slot


def family(keys: KeyMaker, *, cold: bool = False) -> tuple[Family, list[Leak]]:
    """Return a family whose members have a credential each, besides what they inherit.

    In a cold one the root and what is made from it have none: a reader looks at changes alone.
    """
    leaks = keys.leaks(5)
    maker = PackMaker()
    one, two, three, four = (
        [leak.env() for leak in leaks[:4]] if not cold else [b"%d\n" % n for n in range(4)]
    )
    text = b"".join(b"%d of %b\n" % (n, leaks[0].key_id[-6:].encode()) for n in range(999))
    root = maker.full("blob", one + text)
    child = maker.ofs(root, [Copy(0, len(root.content)), two])
    below = maker.ref(child, [three, Copy(300, len(child.content) - 300)])
    sibling = maker.ofs(root, [Copy(200, 900), four, Copy(1100, 500)])
    return Family(maker, root, child, below, sibling, maker.full("blob", leaks[4].env())), leaks


def contents(repo: Repo, ids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield what git gives for each id, asked one by one; None where it gives nothing whole."""
    for one in ids:
        done = subprocess.run(
            [*LITTLE_MEMORY, "git", "cat-file", "--batch"],
            input=f"{one}\n".encode(),
            cwd=repo.path,
            env=git_environment(repo.path.parent / "git-home") | GIT_LIMITS,
            capture_output=True,
            timeout=60,
            check=False,
        )
        header, _, data = done.stdout.partition(b"\n")
        size = [int(word) for word in header.split()[2:]]
        whole = not done.returncode and [len(data) - 1] == size
        yield one, data if whole else None


def nothing_hidden(cli: Cli, repo: Repo, packs: Packs, leaks: list[Leak]) -> Scan:
    """Scan; each object has its findings or is named, and is read where git can read it."""
    scan = cli.scan(repo.path, *FAST, prefix=LITTLE_MEMORY)
    named = {one["object"] or Path(one["path"] or "").stem for one in scan.skipped}
    seen = {
        (finding["access_key_id"], place["blob"])
        for finding in scan.findings
        for place in finding["occurrences"]
    }
    blobs = {blob for _, blob in seen}
    for (name, pack), ids in packs.items():
        for one, data in contents(repo, ids):
            if data is None:
                assert one in named or name in MORE_THAN_GIT or pack in named, name
                assert not (one in named and one in blobs), name
                continue
            assert one not in named, name
            held = {leak.key_id for leak in leaks if leak.key_id.encode() in data}
            assert held <= {key_id for key_id, blob in seen if blob == one}, name
    assert scan.complete == (not scan.skipped)
    assert scan.code == (FINDINGS if scan.findings else INCOMPLETE)
    return scan


def attack(
    cli: Cli, repo: Repo, keys: KeyMaker, table: "dict[str, Lie]", *, cold: bool = False
) -> Scan:
    """Store a pack for each lie of a table, scan them all, and check that nothing is hidden."""
    packs: Packs = {}
    planted: list[Leak] = []
    for name, lie in table.items():
        made, leaks = family(keys, cold=cold)
        planted += leaks
        pack = made.maker.write(repo, **lie(made))  # type: ignore[arg-type]
        packs[name, pack.stem] = [slot.id.hex() for slot in made.maker.slots]
    return nothing_hidden(cli, repo, packs, planted)


# -- entries --------------------------------------------------------------------------------------

Lie = Callable[[Family], dict[str, object]]


def sized(which: str, size: int) -> Lie:
    def lie(made: Family) -> dict[str, object]:
        slot: Slot = getattr(made, which)
        slot.size = size if size > 1000 or size == 0 else len(slot.payload) + size
        return {}

    return lie


def streamed(which: str, change: Callable[[bytes], bytes]) -> Lie:
    def lie(made: Family) -> dict[str, object]:
        slot: Slot = getattr(made, which)
        slot.stream = change(deflate(slot.payload))
        return {}

    return lie


def typed(which: str, number: int) -> Lie:
    def lie(made: Family) -> dict[str, object]:
        getattr(made, which).type_number = number
        return {}

    return lie


def flipped(at: int) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        place = at % len(data)
        return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]

    return flip


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


def bombed(made: Family, size: int) -> dict[str, object]:
    made.root.stream, made.root.size = bomb(size), size
    return {}


@pytest.mark.parametrize("cold", [True, False], ids=["cold", "hot"])
@pytest.mark.parametrize("which", MEMBERS)
def test_entries_that_lie(repo: Repo, cli: Cli, keys: KeyMaker, which: str, *, cold: bool) -> None:
    table = {name: lie for name, lie in ENTRIES.items() if name.startswith(which)}
    assert not attack(cli, repo, keys, table, cold=cold).complete


# -- deltas ---------------------------------------------------------------------------------------


def written(which: str, base_more: int, more: int, *ops: Op, tail: bytes = b"") -> Lie:
    """State sizes that are off by so much, for other instructions if there are any."""

    def lie(made: Family) -> dict[str, object]:
        slot: Slot = getattr(made, which)
        base = made.root.content if which == "child" else made.child.content
        target = apply_ops(base, ops) if ops else slot.content
        chosen = ops or ops_between(base, slot.content)
        slot.payload = encode_delta(len(base) + base_more, len(target) + more, chosen) + tail
        return {}

    return lie


def payload(which: str, change: Callable[[bytes], bytes]) -> Lie:
    def lie(made: Family) -> dict[str, object]:
        slot: Slot = getattr(made, which)
        slot.payload = change(slot.payload)
        return {}

    return lie


def bomb_of_copies(made: Family) -> dict[str, object]:
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


# -- bases ----------------------------------------------------------------------------------------


def based(which: str, on: str, nudge: int = 0) -> Lie:
    def lie(made: Family) -> dict[str, object]:
        slot: Slot = getattr(made, which)
        slot.type_number, slot.base, slot.nudge = 6, getattr(made, on), nudge
        return {}

    return lie


def on_hidden_entry(made: Family) -> dict[str, object]:
    """The base lies inside another entry, which the index does not list: git reads that."""
    hidden = Slot("blob", made.root.content, 3, made.root.payload)
    made.root.content = made.root.payload = b"in front" + hidden.entry(0) + b"behind"
    made.root.stream = deflate(made.root.payload, 0)
    made.root.id = object_id("sha1", "blob", made.root.content)
    made.sibling.base = made.child.base = made.root
    made.child.nudge = made.root.entry(0).index(hidden.entry(0))
    return {}


def by_unknown_id(made: Family) -> dict[str, object]:
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


def listed(change: Callable[[list[Row]], list[Row]], *, in_order: bool = True) -> Lie:
    """Change the rows of the index: root, child, below, sibling, alone."""

    def lie(made: Family) -> dict[str, object]:
        trailer = made.maker.build()[-20:]
        rows = change(made.maker.rows())
        order = sorted(rows, key=lambda row: row.id) if in_order else rows
        return {"index": write_index(order, trailer)}

    return lie


def moved(row: int, to: Callable[[list[Row]], int]) -> Lie:
    def move(rows: list[Row]) -> list[Row]:
        rows[row] = Row(rows[row].id, to(rows), rows[row].crc)
        return rows

    return listed(move)


def summed(row: int) -> Lie:
    def change(rows: list[Row]) -> list[Row]:
        rows[row].crc ^= 1
        return rows

    return listed(change)


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


def cut(keep: float) -> Lie:
    return lambda made: {"data": (data := made.maker.build())[: int(len(data) * keep)]}


def broken_at(part: float) -> Lie:
    return lambda made: {"data": flipped(int(len(made.maker.build()) * part))(made.maker.build())}


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
    assert not attack(cli, repo, keys, table).complete
