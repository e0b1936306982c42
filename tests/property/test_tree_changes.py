"""A tree read by what changed since its base is the same as one that is read whole.

Trees are honest or hostile, and so are the deltas between them: both ways of reading agree on
every line, on what came and went, on which trees hold a line, and on what is no tree.
"""

import random
import re
from bisect import insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.history.delta import apply, instructions
from leakscan.history.treelines import MalformedTreeError, TreeText, read_change, read_tree
from leakscan.history.trees import TreeChanges, TreeIndex, TreeLine
from leakscan.model import ObjectId
from tests.support.packs import Copy, Op, encode_delta

SEEDS: Final = st.integers(0, 1 << 40)
MODES: Final = [b"100644", b"100644", b"100755", b"120000", b"40000", b"40000", b"160000"]
ODD_MODES: Final = [b"040000", b"0100644", b"000040000", b"10064", b"777777"]
NAMES: Final = [b"a", b"a.b", b"ab", b"b", b"c0", b"1", b"a b", b"100644 b", b"40000 a", b"\xff"]


def ids(id_bytes: int) -> list[bytes]:
    """Return ids, some of which look like the beginning of a line, or the end of one."""
    looks = [b"", b"100644 b\0", b"40000 a\0", b"644 b\0", b"\0" * 9, b"00 a\0" * 3, b" a\0 "]
    return [(look + b"1000" * 8)[:id_bytes] for look in looks] + [b"%c" % 7 * id_bytes]


def line(mode: bytes, name: bytes, object_id: bytes) -> bytes:
    return b"%b %b\0%b" % (mode, name, object_id)


def place(one: bytes) -> bytes:
    """Return what git sorts a line by."""
    mode, name = one.split(b"\0")[0].split(b" ", 1)
    return name + b"/" if mode == b"40000" else name


@dataclass
class Writer:
    """Writes trees and the changes between them, by a source of chance."""

    rng: random.Random
    hostile: bool
    id_bytes: int = 20

    def fresh(self) -> bytes:
        rng = self.rng
        modes = MODES + ODD_MODES * (self.hostile and rng.random() < 0.3)
        return line(rng.choice(modes), rng.choice(NAMES), rng.choice(ids(self.id_bytes)))

    def tree(self) -> list[bytes]:
        return self.tidied([self.fresh() for _ in range(self.rng.randrange(10))])

    def tidied(self, lines: Sequence[bytes]) -> list[bytes]:
        """Bring lines in git's order, each name once; a hostile tree stays as it is, at times."""
        if self.hostile and self.rng.random() < 0.7:
            return list(lines)
        names = {place(one): one for one in lines}
        return [names[name] for name in sorted(names)]

    def next(self, lines: Sequence[bytes]) -> list[bytes]:
        """Return another version of a tree."""
        rng, made = self.rng, list(lines)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(made) + 1)
            match rng.randrange(5):
                case 0:
                    made[at:at] = [self.fresh()]
                case 1:
                    del made[at : at + rng.randint(1, 2)]
                case 2 if made:  # The same name, another object.
                    old = made[at % len(made)]
                    head = old[: -self.id_bytes]
                    made[at % len(made)] = head + rng.choice(ids(self.id_bytes))
                case 3 if made and self.hostile:  # A line twice, or in another place.
                    made[at:at] = [rng.choice(made)]
                case 4 if self.hostile:
                    rng.shuffle(made)
                case _:
                    insort(made, self.fresh(), key=place)
        return self.tidied(made)

    def bytes_of(self, lines: Sequence[bytes]) -> bytes:
        """Join the lines; a hostile writer drops or adds some bytes, rarely."""
        data = b"".join(lines)
        if self.hostile and data and self.rng.random() < 0.15:
            at = self.rng.randrange(len(data))
            data = data[:at] + self.rng.choice([b"", b"\0", b"1", b"100644 "]) + data[at + 1 :]
        return data

    def delta(self, base: bytes, target: bytes) -> bytes:
        """Write a delta that holds, with seams anywhere and copies from any place that fits."""
        rng, ops, at = self.rng, list[Op](), 0
        while at < len(target):
            size = rng.choice([3, 9, 28, 60, 400])
            piece = target[at : at + rng.randint(1, size)]
            starts = [found.start() for found in re.finditer(b"(?=%b)" % re.escape(piece), base)]
            if starts and rng.random() < 0.8:
                start = rng.choice(starts)
                while target[at : at + len(piece) + 1] == base[start : start + len(piece) + 1]:
                    if at + len(piece) >= len(target) or rng.random() < 0.02:
                        break
                    piece = target[at : at + len(piece) + 1]
                ops.append(Copy(start, len(piece)))
            else:
                piece = piece[:100]
                ops.append(piece)
            at += len(piece)
        delta = encode_delta(len(base), len(target), ops)
        assert apply(base, delta) == target
        return delta


def read(data: bytes, id_bytes: int = 20) -> TreeText | None:
    try:
        return read_tree(data, id_bytes)
    except MalformedTreeError:
        return None


def changed(base: TreeText, data: bytes, size: int, delta: bytes, id_bytes: int) -> TreeText | None:
    try:
        return read_change(base, data, instructions(size, delta), id_bytes)
    except MalformedTreeError:
        return None


def agree(base: TreeText, made: TreeText | None, data: bytes, id_bytes: int) -> None:
    """Check what was read of a change against the whole tree."""
    whole = read(data, id_bytes)
    if whole is None or made is None:
        assert whole is made
        return
    assert made.lines == whole.lines
    assert b"".join(made.lines) == data
    assert made.is_ordered == whole.is_ordered
    assert len({*made.came}) == len(made.came)
    assert not {*made.came} & {*base.lines}
    assert {*made.gone} <= {*base.lines}
    assert {*base.lines} - {*made.gone} | {*made.came} == {*made.lines}


@settings(max_examples=10 * settings.default.max_examples)
@given(seed=SEEDS, hostile=st.booleans(), id_bytes=st.sampled_from([20, 20, 32]))
def test_a_chain_of_changes_gives_the_lines_of_the_whole(
    seed: int, hostile: bool, id_bytes: int
) -> None:
    writer = Writer(random.Random(seed), hostile, id_bytes)
    lines = writer.tree()
    data = b"".join(lines)
    text = read_tree(data, id_bytes)
    for _ in range(12):
        lines = writer.next(lines)
        target = writer.bytes_of(lines)
        delta = writer.delta(data, target)
        made = changed(text, target, len(data), delta, id_bytes)
        agree(text, made, target, id_bytes)
        assert hostile or made is not None
        if made is not None:
            text, data = made, target


@settings(max_examples=10 * settings.default.max_examples)
@given(seed=SEEDS, hostile=st.booleans())
def test_any_copies_of_a_tree_give_what_they_make(seed: int, hostile: bool) -> None:
    """Not a change of a tree, but whatever a delta can put together from pieces of one."""
    writer = Writer(random.Random(seed), hostile)
    rng, base = writer.rng, b"".join(writer.tree() + writer.tree() * hostile)
    starts = [0, len(base), *(found.start() for found in re.finditer(rb"\d{5,6} ", base))]
    ops: list[Op] = []
    for _ in range(rng.randint(1, 6)):
        start, stop = sorted(rng.choices(starts, k=2))
        start = max(0, start - rng.choice([0, 0, 0, 1, 21]))
        if start < stop:
            ops.append(Copy(start, stop - start))
        if rng.random() < 0.4:
            ops.append(rng.choice([writer.fresh(), b"0", b"1", b"100644 x\0"]))
    target = b"".join(base[op.offset :][: op.size] if isinstance(op, Copy) else op for op in ops)
    delta = encode_delta(len(base), len(target), ops)
    text = read_tree(base, 20)
    agree(text, changed(text, target, len(base), delta, 20), target, 20)


@given(seed=SEEDS)
def test_honest_changes_are_followed_and_are_few(seed: int) -> None:
    """Or all of this would prove nothing: of a large tree only what changed is told."""
    rng = random.Random(seed)
    names = sorted({b"%06d" % rng.randrange(10**6) for _ in range(300)})
    lines = [line(b"100644", name, rng.randbytes(20)) for name in names]
    base = b"".join(lines)
    at = rng.randrange(len(lines))
    lines[at] = lines[at][:-20] + rng.randbytes(20)
    target = b"".join(lines)
    cut = len(b"".join(lines[:at])) + 14
    ops: list[Op] = [Copy(0, cut), target[cut : cut + 20], Copy(cut + 20, len(base) - cut - 20)]
    made = changed(
        read_tree(base, 20), target, len(base), encode_delta(len(base), len(target), ops), 20
    )
    assert made is not None
    assert (list(made.came), list(made.gone)) == ([lines[at]], [base[cut - 14 :][:34]])


@given(data=st.binary(max_size=200), seed=SEEDS)
def test_bytes_that_are_no_tree_are_none_in_both_ways(data: bytes, seed: int) -> None:
    writer = Writer(random.Random(seed), hostile=False)
    base = b"".join(writer.tree())
    text = read_tree(base, 20)
    at = writer.rng.randrange(len(base) + 1)
    target = base[:at] + data + base[at:]
    agree(text, changed(text, target, len(base), writer.delta(base, target), 20), target, 20)


# -- the index ------------------------------------------------------------------------------------


@dataclass
class Store:
    """Trees as some processes read them: a harvest each, in which versions follow versions."""

    writer: Writer
    holders: dict[bytes, set[ObjectId]] = field(default_factory=dict)
    """What there is to say: which trees hold a line."""
    changes: int = 0

    def harvest(self, number: int, count: int) -> TreeChanges:
        rng, made = self.writer.rng, TreeChanges()
        texts: list[tuple[TreeText, list[bytes]]] = []
        for turn in range(count):
            object_id = ObjectId(b"tree %07d of %04d" % (turn, number))
            if not texts or rng.random() < 0.2:
                lines = self.writer.tree()
                text, parent = read_tree(b"".join(lines), 20), -1
            else:
                parent = rng.randrange(len(texts))
                base, lines = texts[parent]
                lines = self.writer.next(lines)
                if rng.random() < 0.2:  # What went comes back from long ago.
                    lines = self.writer.tidied([*lines, *rng.choice(texts)[1]])
                data, target = b"".join(base.lines), b"".join(lines)
                delta = self.writer.delta(data, target)
                text = read_change(base, target, instructions(len(data), delta), 20)
            self.changes += parent >= 0
            number_here = made.add(object_id, parent, text.came, text.gone)
            assert number_here == turn
            texts.append((text, lines))
            for one in text.lines:
                self.holders.setdefault(one, set()).add(object_id)
        return made


def parts(one: bytes) -> TreeLine:
    mode, name = one[:-21].split(b" ", 1)
    return TreeLine(mode.lstrip(b"0"), name, ObjectId(one[-20:]))


@settings(max_examples=3 * settings.default.max_examples)
@given(seed=SEEDS, hostile=st.booleans(), harvests=st.integers(1, 4))
def test_the_index_knows_the_trees_that_hold_a_line(
    seed: int, hostile: bool, harvests: int
) -> None:
    store = Store(Writer(random.Random(seed), hostile))
    index, told = TreeIndex(20), list[TreeLine]()
    for number in range(harvests):
        told += index.add(store.harvest(number, store.writer.rng.randrange(25)))
    assert told == [index.line(number) for number in range(len(index))]
    assert Counter(told) == Counter(map(parts, store.holders))
    found: Counter[tuple[TreeLine, frozenset[ObjectId]]] = Counter()
    for number, trees in index.holders(range(len(index))).items():
        found[index.line(number), frozenset(index.ids[tree] for tree in trees)] += 1
    # Lines that differ in the zeros before a mode are two, but look alike.
    assert found == Counter((parts(one), frozenset(held)) for one, held in store.holders.items())
    ids, names = {*store.writer.rng.sample(told, min(5, len(told)))}, {one.name for one in told[:3]}
    assert index.find({one.id for one in ids}, names) == {
        number
        for number, one in enumerate(told)
        if one.name in names or any(one.id == other.id for other in ids)
    }


def test_the_index_was_given_changes() -> None:
    store = Store(Writer(random.Random(1), hostile=False))
    for number in range(10):
        store.harvest(number, 20)
    assert store.changes > 100
