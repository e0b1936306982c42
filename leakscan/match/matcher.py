"""Content to candidates: one Hyperscan scan, then the exact expression around each hit.

Stage: match. In: `Content`. Out: `Candidate`, or `Skipped` where an expression took too long.
What a candidate is worth and what belongs together is left to the score stage.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

import regex

from leakscan.match.compile import Compiled, Exact, compile_rules
from leakscan.match.position import line_and_column
from leakscan.match.units import normalise
from leakscan.match.views import DECODERS, View, plain
from leakscan.model import Candidate, Content, Encoding, Part, RuleSet, Skipped, SkipReason
from leakscan.redact import Secret

Handler = Callable[[int, int, int, int, object], bool | None]
_LABELS: Final = {
    Part.KEY_ID: "access-key-id",
    Part.SECRET: "secret-access-key",
    Part.TOKEN: "session-token",
}


@dataclass(slots=True)
class Hits:
    """What the first phase saw: windows by rule, in order, and the ends of anchors."""

    windows: dict[int, list[list[int]]] = field(default_factory=dict)
    anchors: dict[Encoding, set[int]] = field(default_factory=dict)

    def add(self, rule: int, start: int, end: int) -> None:
        """Add a window; ends come in order, so windows that touch become one on the way."""
        windows = self.windows.setdefault(rule, [])
        if windows and start <= windows[-1][1]:
            windows[-1][1] = max(end, windows[-1][1])
        else:
            windows.append([start, end])


class Matcher:
    """Looks for all rules in one content after another.

    `deep` looks for bare tokens everywhere, not only near an id or a word. A matcher is made anew
    in each process from the rules; it holds compiled databases and is not to be pickled.
    """

    def __init__(self, rules: RuleSet, *, deep: bool = False, timeout_s: float = 5.0) -> None:
        self._compiled: Compiled = compile_rules(rules)
        self._deep = deep
        self._timeout_s = timeout_s

    def match(self, content: Content) -> Iterator[Candidate | Skipped]:
        """Yield the candidates of the content, rule by rule, and rules that took too long."""
        if not content.data:
            return
        hits = self._first_phase(content.data)
        if not hits.windows and not hits.anchors and not self._deep:
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
            hits.add(expression.rule, *self._compiled.exact[expression.rule].window(end))
        elif expression.anchor is not None:
            hits.anchors.setdefault(expression.anchor, set()).add(end)

    def _decide(
        self, content: Content, view: View, hits: Hits, seen: set[int]
    ) -> Iterator[Candidate | Skipped]:
        """Yield what the exact expressions find; bare tokens last, where an id makes them count."""
        wide = self._deep
        for number, exact in enumerate(self._compiled.exact):
            if exact.rule.near or number not in hits.windows:
                continue
            for found in self._run(content, view, exact, hits.windows[number], seen):
                wide |= isinstance(found, Candidate) and found.rule.part is Part.KEY_ID
                yield found
        if wide and self._compiled.bare is not None and view.text:
            self._compiled.bare.scan(
                view.text, match_event_handler=cast(Handler, self._on_bare), context=hits
            )
        for number in self._compiled.bare_rules:
            windows = _merged(hits.windows.get(number, []))
            yield from self._run(content, view, self._compiled.exact[number], windows, seen)

    def _on_bare(self, number: int, _start: int, end: int, _flags: int, hits: Hits) -> None:
        rule = self._compiled.bare_rules[number]
        hits.add(rule, *self._compiled.exact[rule].window(end))

    def _run(
        self, content: Content, view: View, exact: Exact, windows: list[list[int]], seen: set[int]
    ) -> Iterator[Candidate | Skipped]:
        """Yield the candidates of one rule; a rule that takes too long ends alone."""
        try:
            for found in exact.search(view.text, windows, time.monotonic() + self._timeout_s):
                offset = view.offset(found.start("secret"))
                # The two byte orders of UTF-16 see the same text one byte apart.
                if not seen.intersection(range(offset - view.width + 1, offset + view.width)):
                    seen.add(offset)
                    yield _candidate(content, view, exact, found)
        except TimeoutError:
            yield Skipped(
                content.kind,
                SkipReason.MATCH_TIMEOUT,
                content.object_id,
                content.name,
                f"rule {exact.rule.id}, {len(content.data)} bytes",
            )


def _merged(windows: list[list[int]]) -> list[list[int]]:
    """Return the windows of two scans in order, those that overlap as one."""
    merged: list[list[int]] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return merged


def _candidate(
    content: Content, view: View, exact: Exact, found: "regex.Match[bytes]"
) -> Candidate:
    start, end = found.span("secret")
    named = "key" in exact.pattern.groupindex
    line, column = line_and_column(content, view, start)
    return Candidate(
        rule=exact.rule,
        value=Secret(normalise(found["secret"]), _LABELS[exact.rule.part]),
        start=content.start + view.offset(start),
        end=content.start + view.offset(end),
        line=line,
        column=column,
        encoding=view.encoding,
        key_name=view.text[found.start("key") : start] if named else b"",
    )
