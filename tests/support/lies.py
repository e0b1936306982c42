"""Packs that lie or are broken, and the check that a scan of them hides nothing.

In: lies, each told in a pack of its own. Out: one repository with all those packs, so that one
that is broken must not hide what is in the next, and what the scan says of each object.
"""

import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.support.cli import FINDINGS, INCOMPLETE, Cli, Scan
from tests.support.keys import KeyMaker, Leak
from tests.support.packs import (
    Copy,
    Op,
    PackMaker,
    Row,
    Slot,
    apply_ops,
    bomb,
    deflate,
    encode_delta,
    ops_between,
    write_index,
)
from tests.support.repo import Repo, git_environment

LITTLE_MEMORY: Final = ("sh", "-c", 'ulimit -v 2500000 && exec "$@"', "sh")
GIT_LIMITS: Final = {"GIT_ALLOC_LIMIT": "576m", "GIT_NO_LAZY_FETCH": "1"}
FAST: Final = ("--reader", "packs", "--jobs", "2")
MIB: Final = 1 << 20
Packs: TypeAlias = dict[tuple[str, str], list[str]]
"""Name of the lie and of the pack, and the ids of what is in it."""


@dataclass(slots=True)
class Family:
    """A pack with a root, its child, a child of that, another child, and one of no family."""

    maker: PackMaker
    root: Slot
    child: Slot
    below: Slot
    sibling: Slot
    alone: Slot


Lie: TypeAlias = Callable[[Family], dict[str, Any]]
"""Changes a family, and may return what `PackMaker.write` is to store in place of the truth."""


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


def nothing_hidden(
    cli: Cli, repo: Repo, packs: Packs, leaks: list[Leak], *, more: Collection[str] = ()
) -> Scan:
    """Scan; each object is read where git can read it, and named where it cannot.

    `more` are lies that keep git, and not us, from reading an object.
    """
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
                assert one in named or name in more or pack in named, name
                assert not (one in named and one in blobs), name
                continue
            assert one not in named, name
            held = {leak.key_id for leak in leaks if leak.key_id.encode() in data}
            assert held <= {key_id for key_id, blob in seen if blob == one}, name
    assert scan.complete == (not scan.skipped)
    assert scan.code == (FINDINGS if scan.findings else INCOMPLETE)
    return scan


def attack(
    cli: Cli,
    repo: Repo,
    keys: KeyMaker,
    table: Mapping[str, Lie],
    *,
    cold: bool = False,
    more: Collection[str] = (),
) -> Scan:
    """Store a pack for each lie of a table, scan them all, and check that nothing is hidden."""
    packs: Packs = {}
    planted: list[Leak] = []
    for name, lie in table.items():
        made, leaks = family(keys, cold=cold)
        planted += leaks
        pack = made.maker.write(repo, **lie(made))
        packs[name, pack.stem] = [slot.id.hex() for slot in made.maker.slots]
    return nothing_hidden(cli, repo, packs, planted, more=more)


# -- lies -----------------------------------------------------------------------------------------


def sized(which: str, size: int) -> Lie:
    """Return the lie of another size; small numbers are added to the true one."""

    def lie(made: Family) -> dict[str, Any]:
        slot: Slot = getattr(made, which)
        slot.size = size if size > 1000 or size == 0 else len(slot.payload) + size
        return {}

    return lie


def streamed(which: str, change: Callable[[bytes], bytes]) -> Lie:
    """Return the lie of other compressed bytes."""

    def lie(made: Family) -> dict[str, Any]:
        slot: Slot = getattr(made, which)
        slot.stream = change(deflate(slot.payload))
        return {}

    return lie


def typed(which: str, number: int) -> Lie:
    """Return the lie of another kind."""

    def lie(made: Family) -> dict[str, Any]:
        getattr(made, which).type_number = number
        return {}

    return lie


def flipped(at: int) -> Callable[[bytes], bytes]:
    """Return a change of one byte at a place, counted from the end if negative."""

    def flip(data: bytes) -> bytes:
        place = at % len(data)
        return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]

    return flip


def bombed(made: Family, size: int) -> dict[str, Any]:
    """Give the root so many zeros."""
    made.root.stream, made.root.size = bomb(size), size
    return {}


def written(which: str, base_more: int, more: int, *ops: Op, tail: bytes = b"") -> Lie:
    """State sizes that are off by so much, for other instructions if there are any."""

    def lie(made: Family) -> dict[str, Any]:
        slot: Slot = getattr(made, which)
        base = made.root.content if which == "child" else made.child.content
        target = apply_ops(base, ops) if ops else slot.content
        chosen = ops or ops_between(base, slot.content)
        slot.payload = encode_delta(len(base) + base_more, len(target) + more, chosen) + tail
        return {}

    return lie


def payload(which: str, change: Callable[[bytes], bytes]) -> Lie:
    """Return the lie of other bytes to unpack."""

    def lie(made: Family) -> dict[str, Any]:
        slot: Slot = getattr(made, which)
        slot.payload = change(slot.payload)
        return {}

    return lie


def based(which: str, on: str, nudge: int = 0) -> Lie:
    """Return the lie that an OFS_DELTA is made from another slot, or so many bytes beside it."""

    def lie(made: Family) -> dict[str, Any]:
        slot: Slot = getattr(made, which)
        slot.type_number, slot.base, slot.nudge = 6, getattr(made, on), nudge
        return {}

    return lie


def listed(change: Callable[[list[Row]], list[Row]], *, in_order: bool = True) -> Lie:
    """Change the rows of the index: root, child, below, sibling, alone."""

    def lie(made: Family) -> dict[str, Any]:
        trailer = made.maker.build()[-20:]
        rows = change(made.maker.rows())
        order = sorted(rows, key=lambda row: row.id) if in_order else rows
        return {"index": write_index(order, trailer)}

    return lie


def moved(row: int, to: Callable[[list[Row]], int]) -> Lie:
    """Return the lie of another offset in one row."""

    def move(rows: list[Row]) -> list[Row]:
        rows[row] = Row(rows[row].id, to(rows), rows[row].crc)
        return rows

    return listed(move)


def summed(row: int) -> Lie:
    """Return the lie of another checksum in one row."""

    def change(rows: list[Row]) -> list[Row]:
        rows[row].crc ^= 1
        return rows

    return listed(change)


def cut(keep: float) -> Lie:
    """Return the lie of a pack of which only a part is left."""
    return lambda made: {"data": (data := made.maker.build())[: int(len(data) * keep)]}


def broken_at(part: float) -> Lie:
    """Return the lie of a byte that was changed, so far into the pack."""
    return lambda made: {"data": flipped(int(len(made.maker.build()) * part))(made.maker.build())}
