"""Content to candidates: one Hyperscan scan, then the exact expression around each hit.

Stage: match. In: `Content`. Out: `Candidate`, or `Skipped` where an expression took too long.
What a candidate is worth and what belongs together is left to the score stage.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, cast

import hyperscan
from msgspec import field

from leakscan.aws import known_fake_id
from leakscan.match.compile import Compiled, Exact, Hit, compile_rules
from leakscan.match.position import Positions
from leakscan.match.units import normalise
from leakscan.match.views import DECODERS, View, plain
from leakscan.model import (
    MAX_NEEDLE_WIDTH,
    Candidate,
    Content,
    Encoding,
    Part,
    RuleSet,
    Skipped,
    SkipReason,
)
from leakscan.record import State
from leakscan.redact import Secret

Handler = Callable[[int, int, int, int, object], bool | None]
_MAX_NAME: Final = 48
_NAME_END: Final = re.compile(rb"[\w.\-]+\Z")
_LABELS: Final = {
    Part.KEY_ID: "access-key-id",
    Part.SECRET: "secret-access-key",
    Part.TOKEN: "session-token",
}


class Hits(State):
    """What the first phase saw: where needles end, by rule, and where anchors end."""

    ends: dict[int, list[list[int]]] = field(default_factory=dict)
    anchors: dict[Encoding, set[int]] = field(default_factory=dict)

    def add(self, rule: int, end: int) -> None:
        """Add the end of a needle; ends come in order, so close ones become one range at once."""
        ranges = self.ends.setdefault(rule, [])
        if ranges and end - ranges[-1][1] <= MAX_NEEDLE_WIDTH:
            ranges[-1][1] = max(end, ranges[-1][1])
        else:
            ranges.append([end, end])


class Matcher:
    """Looks for all rules in one content after another.

    `deep` looks for bare tokens everywhere, not only near an id or a word. A matcher is made anew
    in each process from the rules; it holds compiled databases and is not to be pickled.
    `cache` is a folder to keep these in, none if it is None.
    """

    def __init__(
        self,
        rules: RuleSet,
        *,
        deep: bool = False,
        timeout_s: float = 5.0,
        cache: Path | None = None,
    ) -> None:
        self._compiled: Compiled = compile_rules(rules, cache)
        self._deep = deep
        self._timeout_s = timeout_s

    @property
    def width(self) -> int:
        """The most bytes that decide on one hit of the first phase.

        In a text that `suspects` nothing in, a change can only make a hit within this many bytes
        on either side of it.
        """
        return self._compiled.width

    def suspects(self, data: bytes) -> bool:
        """Return whether the first phase sees anything in data; if not, nothing would match."""
        if self._deep or not data:
            return self._deep
        try:
            self._compiled.first.scan(data, match_event_handler=_stop)
        except hyperscan.ScanTerminated:
            return True
        return False

    def match(self, content: Content) -> Iterator[Candidate | Skipped]:
        """Yield the candidates of the content, rule by rule, and rules that took too long."""
        if not content.data:
            return
        hits = self._first_phase(content.data)
        if not hits.ends and not hits.anchors and not self._deep:
            return
        seen: set[int] = set()
        yield from self._decide(content, plain(content.data), hits, seen)
        for encoding, ends in hits.anchors.items():
            for view in DECODERS[encoding](content.data, ends):
                yield from self._decide(content, view, self._first_phase(view.text), seen)

    def _first_phase(self, text: bytes) -> Hits:
        hits = Hits()
        self._compiled.first.scan(
            text, match_event_handler=cast(Handler, self._on_hit), context=hits
        )
        return hits

    def _on_hit(self, number: int, _start: int, end: int, _flags: int, hits: Hits) -> None:
        expression = self._compiled.expressions[number]
        if expression.rule is not None:
            hits.add(expression.rule, end)
        elif expression.anchor is not None:
            hits.anchors.setdefault(expression.anchor, set()).add(end)

    def _decide(
        self, content: Content, view: View, hits: Hits, seen: set[int]
    ) -> Iterator[Candidate | Skipped]:
        """Yield what the exact expressions find; bare tokens last, where an id makes them count."""
        wide = self._deep
        positions = Positions(content, view)
        for number, exact in enumerate(self._compiled.exact):
            if exact.rule.near or number not in hits.ends:
                continue
            for found in self._run(content, view, exact, hits.ends[number], seen, positions):
                wide |= isinstance(found, Candidate) and _calls_for_tokens(content, view, found)
                yield found
        if wide and self._compiled.bare is not None and view.text:
            self._compiled.bare.scan(
                view.text, match_event_handler=cast(Handler, self._on_bare), context=hits
            )
        for number in self._compiled.bare_rules:
            ends = sorted(hits.ends.get(number, []))
            yield from self._run(content, view, self._compiled.exact[number], ends, seen, positions)

    def _on_bare(self, number: int, _start: int, end: int, _flags: int, hits: Hits) -> None:
        hits.add(self._compiled.bare_rules[number], end)

    def _run(
        self,
        content: Content,
        view: View,
        exact: Exact,
        ends: list[list[int]],
        seen: set[int],
        positions: Positions,
    ) -> Iterator[Candidate | Skipped]:
        """Yield the candidates of one rule; a rule that takes too long ends alone."""
        try:
            for found in exact.search(view.text, ends, self._timeout_s):
                offset = view.offset(found.start)
                # The two byte orders of UTF-16 see the same text one byte apart.
                if not seen.intersection(range(offset - view.width + 1, offset + view.width)):
                    seen.add(offset)
                    yield _candidate(content, view, exact, found, positions)
        except TimeoutError:
            yield Skipped(
                content.kind,
                SkipReason.MATCH_TIMEOUT,
                content.object_id,
                content.name,
                f"rule {exact.rule.id}, {len(content.data)} bytes",
            )


def _stop(_number: int, _start: int, _end: int, _flags: int, _context: object) -> bool:
    return True


def _calls_for_tokens(content: Content, view: View, candidate: Candidate) -> bool:
    """Return whether bare tokens anywhere in the content are worth a look because of it.

    Published samples of ids do not count: they stand in the largest documents of the AWS SDKs.
    """
    if candidate.rule.part is not Part.KEY_ID:
        return False
    start, end = (view.index(at - content.start) for at in (candidate.start, candidate.end))
    return not known_fake_id(view.text[start:end].decode("ascii"))


def _candidate(
    content: Content,
    view: View,
    exact: Exact,
    found: Hit,
    positions: Positions,
) -> Candidate:
    line, column = positions.line_and_column(found.start)
    return Candidate(
        rule=exact.rule,
        value=Secret(normalise(found.value), _LABELS[exact.rule.part]),
        start=content.start + view.offset(found.start),
        end=content.start + view.offset(found.end),
        line=line,
        column=column,
        encoding=view.encoding,
        key_name=_key_name(view.text, found),
    )


def _key_name(text: bytes, found: Hit) -> bytes:
    """Return the text from the beginning of the name to the value; empty if the rule has no name.

    The expression begins at the literal part of a name, because a search for a literal is 20 times
    as fast as one for any word that holds it.
    """
    if found.name is None:
        return b""
    lead = _NAME_END.search(text, max(0, found.name - _MAX_NAME), found.name)
    return text[lead.start() if lead else found.name : found.start]
