"""Every rule proves itself: its examples run through match and score.

Above the stages. In: the rules, and the ids of the entries about keys in the catalogue. Out: what
is wrong. A rule without problems finds exactly what its examples say, and nothing in the negative
ones, for the reason they name.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from leakscan.match.compile import exact_pattern
from leakscan.match.matcher import Matcher
from leakscan.match.units import no_secret
from leakscan.model import Boundary, Candidate, Content, Example, Kind, Rule, RuleId, RuleSet
from leakscan.record import Record
from leakscan.score.gate import stopped_by
from leakscan.score.scorer import Scorer

_OF_NO_RULE: Final = frozenset({"aws-root-access-key", "aws-canary-key"})
"""Entries that the verdict, the file or the account lead to, and no rule."""


class Problem(Record, frozen=True):
    """Something wrong with a rule; `where` is `examples/n`, `negative_examples/n` or a field."""

    rule: RuleId
    where: str
    text: str


class Case(Record, frozen=True):
    """One example of a rule, to be run by itself; `name` is `rule-id/n`, negative ones last."""

    rule: Rule
    name: str
    where: str
    example: Example


class RuleChecker:
    """Runs examples with rules that are compiled once."""

    def __init__(self, rules: RuleSet) -> None:
        self._matcher = Matcher(rules)

    def run(self, case: Case) -> Problem | None:
        """Return what is wrong with one example, None if it does what it says.

        The message names no value: it may hold what looks like a secret.
        """
        text = self._positive(case) if case.example.finds else self._negative(case)
        return Problem(case.rule.id, case.where, text) if text else None

    def _positive(self, case: Case) -> str:
        content = _content(case)
        candidates = _candidates(self._matcher, content)
        found = [
            value
            for sighting in Scorer().score(content, candidates)
            for value in (
                (sighting.identity.access_key_id or "").encode(),
                sighting.identity.secret.reveal() if sighting.identity.secret else b"",
                sighting.identity.session_token.reveal()
                if sighting.identity.session_token
                else b"",
            )
            if value
        ]
        if sorted(found) != sorted(case.example.finds):
            return f"finds {len(found)} values, not exactly the {len(case.example.finds)} stated"
        if not any(candidate.rule.id == case.rule.id for candidate in candidates):
            return "is found by another rule, not by this one"
        return ""

    def _negative(self, case: Case) -> str:
        content = _content(case)
        stage = self._stage(content, case.rule)
        if stage != case.example.stopped_by:
            return f"is stopped by {stage or 'nothing'}, not by {case.example.stopped_by}"
        if Scorer().score(content, _candidates(self._matcher, content)):
            return "is found by another rule"
        return ""

    def _stage(self, content: Content, rule: Rule) -> str:
        """Return the stage that stops the rule's candidates, empty if none does."""
        mine = [c for c in _candidates(self._matcher, content) if c.rule.id == rule.id]
        if mine:
            stops = {stopped_by(c.rule, c.value.reveal()) for c in mine}
            return "" if "" in stops else "/".join(sorted(stops))
        # What no secret can be is no candidate; the gate says by what it would have stopped it.
        found = exact_pattern(rule.pattern, rule.boundary).search(content.data)
        if found and no_secret(found["secret"]):
            return stopped_by(rule, found["secret"])
        return "boundary" if _only_boundary(rule, content.data) else "pattern"


def _only_boundary(rule: Rule, text: bytes) -> bool:
    """Return whether the pattern matches but for what adjoins the match."""
    loose = exact_pattern(rule.pattern, Boundary.NONE).search(text)
    return bool(loose) and not exact_pattern(rule.pattern, rule.boundary).search(text)


def cases(rules: RuleSet) -> Iterator[Case]:
    """Yield every example of every rule, in the order of the rule files."""
    for rule in rules.rules:
        for number, example in enumerate(rule.examples, 1):
            yield Case(rule, f"{rule.id}/{number}", f"examples/{number}", example)
        for number, example in enumerate(rule.negative_examples, 1):
            name = f"{rule.id}/{len(rule.examples) + number}"
            yield Case(rule, name, f"negative_examples/{number}", example)


def check(rules: RuleSet, remediations: Collection[str]) -> list[Problem]:
    """Return everything that is wrong with the rules and their remediation texts."""
    checker = RuleChecker(rules)
    problems = [problem for case in cases(rules) if (problem := checker.run(case))]
    for rule in rules.rules:
        problems += _dead_parts(rule)
        if rule.remediation not in remediations:
            text = f"names {rule.remediation}, of which there is no text"
            problems.append(Problem(rule.id, "remediation", text))
    used = {rule.remediation for rule in rules.rules}
    unused = sorted(set(remediations) - used - _OF_NO_RULE)
    return problems + [
        Problem(RuleId(""), "remediation", f"{name} is named by no rule") for name in unused
    ]


def _dead_parts(rule: Rule) -> Iterator[Problem]:
    """Yield the keywords and allowed values of a rule that none of its examples shows at work."""
    texts = [example.text for example in (*rule.examples, *rule.negative_examples)]
    for number, word in enumerate(rule.keywords, 1):
        if not any(word.lower() in text.lower() for text in texts):
            yield Problem(rule.id, f"keywords/{number}", "occurs in no example")
    for number, expression in enumerate(rule.allow, 1):
        pattern = re.compile(expression.encode("latin-1"))
        if not any(pattern.search(text) for text in texts):
            yield Problem(rule.id, f"allow/{number}", "stops no example")


def _content(case: Case) -> Content:
    return Content(Kind.BLOB, case.example.text)


def _candidates(matcher: Matcher, content: Content) -> list[Candidate]:
    return [found for found in matcher.match(content) if isinstance(found, Candidate)]
