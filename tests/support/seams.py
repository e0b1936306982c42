"""Credentials planted where a reader of deltas can lose them, each in texts of its own.

In: a maker of keys. Out: `Case`s: a base without the credential and the instructions that make it
whole: inserted, cut by a seam, joined by a deletion, freed by its neighbours, in UTF-16.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tests.support.keys import KeyMaker, Leak
from tests.support.packs import Copy, Op, PackMaker, apply_ops, object_id

CODECS: Final = ("utf-8", "utf-16-le", "utf-16-be")


@dataclass(frozen=True, slots=True)
class Case:
    """A text without the credential, and instructions that make one with it."""

    leak: Leak
    base: bytes
    ops: tuple[Op, ...]
    parts: tuple[str, ...] = ()
    """What of the credential there is to find; all of it if nothing is said."""

    @property
    def values(self) -> tuple[str, ...]:
        """The id and the secret, as far as they are there."""
        return self.parts or (self.leak.key_id, self.leak.secret)

    @property
    def is_cold(self) -> bool:
        """Whether the base has neither value whole, in no encoding."""
        coded = (part.encode(codec) for part in self.values for codec in CODECS)
        return not any(value in self.base for value in coded)

    @property
    def versions(self) -> tuple[bytes, bytes, bytes]:
        """The base, the text with the credential, and one that inherits it unchanged."""
        child = apply_ops(self.base, self.ops)
        return self.base, child, child + b"one more line\n"


def cases(keys: KeyMaker) -> Iterator[Case]:
    """Yield a case for each way in which a delta can make a credential."""
    for codec in CODECS:
        size = len("x".encode(codec))
        for cut in range(3, 95, 23 if size == 1 else 43):
            for make in (inserted, completed, begun, joined):
                leak = keys.leak()
                yield make(leak, leak.env().decode().encode(codec), cut * size)
    for make_whole in (freed, cut_off, far_apart, moved):
        yield make_whole(keys.leak())
    yield from alone(keys)


def alone(keys: KeyMaker) -> Iterator[Case]:
    """Yield cases of one value alone: where a seam cuts that, nothing else gives it away."""
    for make in (completed, begun, joined):
        for cut in (1, 4, 11, 19, 20):
            leak = keys.leak()
            case = make(leak, leak.key_id.encode() + b"\n", cut)
            yield replace(case, parts=(leak.key_id,))
        for cut in (3, 21, 24, 42, 60):
            leak = keys.leak()
            case = make(leak, b"aws_secret_access_key=%b\n" % leak.secret.encode(), cut)
            yield replace(case, parts=(leak.secret,))


def one_wide_family(keys: KeyMaker) -> tuple[PackMaker, list[Case]]:
    """Return a pack of one base with hundreds of children, and the cases that they show.

    It is so heavy that a reader has to split it to keep several processes busy.
    """
    maker, planted = PackMaker(), [case for case in cases(keys) if case.is_cold]
    base = maker.full("blob", b"".join(case.base for case in planted))
    for turn in range(4):
        at = 0
        for case in planted:
            ops = [Copy(op.offset + at, op.size) if isinstance(op, Copy) else op for op in case.ops]
            maker.ofs(base, [*ops, b"\n%d\n" % turn])
            at += len(case.base)
    return maker, planted


def filler(leak: Leak, name: str) -> bytes:
    """Return text so much longer than a credential that a reader does not look at all of it."""
    line = b"%%05d %b of %b\n" % (name.encode(), leak.key_id[-6:].encode())
    return b"".join(line % number for number in range(500))


def ends(leak: Leak) -> tuple[bytes, bytes]:
    """Return what stands before and behind the place that changes."""
    return filler(leak, "head"), filler(leak, "tail")


def inserted(leak: Leak, text: bytes, cut: int) -> Case:
    """The delta inserts all of it, and drops something."""
    head, tail = ends(leak)
    return Case(leak, head + tail, (Copy(0, len(head) - cut), text, Copy(len(head), len(tail))))


def completed(leak: Leak, text: bytes, cut: int) -> Case:
    """The base has its beginning, the delta inserts the rest."""
    head, tail = ends(leak)
    kept = len(head) + cut
    return Case(leak, head + text[:cut] + tail, (Copy(0, kept), text[cut:], Copy(kept, len(tail))))


def begun(leak: Leak, text: bytes, cut: int) -> Case:
    """The base has its end, the delta inserts the beginning."""
    head, tail = ends(leak)
    rest = text[cut:] + tail
    return Case(leak, head + rest, (Copy(0, len(head)), text[:cut], Copy(len(head), len(rest))))


def joined(leak: Leak, text: bytes, cut: int) -> Case:
    """The base has both halves, the delta drops what stands between."""
    head, tail = ends(leak)
    gap, rest = b"--- gone ---", text[cut:] + tail
    kept = len(head) + cut
    return Case(
        leak, head + text[:cut] + gap + rest, (Copy(0, kept), Copy(kept + len(gap), len(rest)))
    )


def freed(leak: Leak) -> Case:
    """Letters beside both values hide them from an exact look until the delta drops them."""
    head, tail = ends(leak)
    lines = leak.env().splitlines()
    base = head + b"".join(line + b"Zz9\n" for line in lines) + tail
    one, two = len(head) + len(lines[0]), len(head) + len(lines[0]) + 4 + len(lines[1])
    return Case(
        leak, base, (Copy(0, one), Copy(one + 3, two - one - 3), Copy(two + 3, 1 + len(tail)))
    )


def cut_off(leak: Leak) -> Case:
    """The new text ends in the middle of what was copied; nothing is inserted at all."""
    head, tail = ends(leak)
    text = leak.env().rstrip() + b"Zz9"
    return Case(leak, head + text + tail, (Copy(0, len(head) + len(text) - 3),))


def far_apart(leak: Leak) -> Case:
    """A bare secret that nothing gives away; the delta puts the id far before it."""
    head, tail = ends(leak)
    base = head + leak.secret.encode() + b"\n" + tail
    return Case(leak, base, (b"id %b\n" % leak.key_id.encode(), Copy(0, len(base))))


def moved(leak: Leak) -> Case:
    """Copies alone, in another order, bring a name and its value together."""
    head, tail = ends(leak)
    first, second = leak.env().splitlines(keepends=True)
    name, value = second.split(b"=")
    base = value + head + b"%b=" % name + tail + first
    starts = (len(value) + len(head), len(base) - len(first))
    return Case(
        leak,
        base,
        (Copy(starts[1], len(first)), Copy(starts[0], len(name) + 1), Copy(0, starts[0])),
    )


# -- trees ----------------------------------------------------------------------------------------


def wild_ops(rng: random.Random, base: bytes, target: bytes) -> list[Op]:
    """Return instructions that make the target, cut at random, from wherever the base has it."""
    ops: list[Op] = []
    at = 0
    while at < len(target):
        piece = target[at : at + rng.randint(4, 150)]
        start = base.find(piece) if rng.random() < 0.5 else base.rfind(piece)
        if start < 0 or rng.random() < 0.2:
            piece = piece[: rng.randint(1, 30)]
            ops.append(piece)
        else:
            ops.append(Copy(start, len(piece)))
        at += len(piece)
    return ops


def tree_chain(keys: KeyMaker, rng: random.Random, commits: int) -> tuple[PackMaker, bytes]:
    """Return commits whose trees are deltas with seams anywhere, and the id of the last one.

    Files that hold credentials, and names that are such, come, go, and change places.
    """
    maker = PackMaker()
    texts = [b"text %d\n" % number for number in range(20)]
    blobs = [maker.full("blob", data).id for data in [*texts, *(k.env() for k in keys.leaks(6))]]
    names = [b"name%02d" % number for number in range(30)] + [keys.key_id().encode()] * 2
    entries = {name: rng.choice(blobs) for name in names}
    slot, parent = None, b""
    for number in range(commits):
        for _ in range(rng.randint(1, 3)):
            entries.pop(rng.choice(sorted(entries)))
            entries[rng.choice(names)] = rng.choice(blobs)
        data = b"".join(b"100644 %b\0%b" % (name, entries[name]) for name in sorted(entries))
        if slot is None or not slot.content:
            slot = maker.full("tree", data)
        elif object_id("sha1", "tree", data) not in {made.id for made in maker.slots}:
            slot = maker.ofs(slot, wild_ops(rng, slot.content, data))
        who = b"A <a@example.com> %d +0000" % (1_600_000_000 + 60 * number)
        tree = object_id("sha1", "tree", data).hex().encode()
        head = b"tree %b\n%bauthor %b\ncommitter %b\n\nx\n" % (tree, parent, who, who)
        last = maker.full("commit", head).id
        parent = b"parent %b\n" % last.hex().encode()
    return maker, last
