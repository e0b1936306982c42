"""Text for people: names made harmless, numbers, places and states as words.

In: parts of the JSON contract. Out: str. Used by the formats that are read by people.
"""

from collections.abc import Iterable, Sequence

from leakscan.report.contract import FindingDoc, OccurrenceDoc, ScopeDoc

_CLIP = 240
_LINES = 4
_NAMES = 3
_REF_KINDS = (("refs/heads/", ""), ("refs/remotes/", ""), ("refs/tags/", "tag "))
_SCOPES = {"range": "range of", "since": "since", "push": "push of", "receive": "push to us of"}
_NO_COMMITS = {"staged": "what is staged", "text": "a text, without its history"}
_PREFIXES = {
    "symlink": "symlink ",
    "path": "path name ",
    "commit": "text of commit ",
    "tag": "text of tag ",
    "ref": "ref name ",
    "index": "index: ",
    "git-file": "git file ",
    "dangling": "dangling object ",
    "text": "text ",
}


def visible(text: str, limit: int = _CLIP) -> str:
    r"""Return text with all that could steer a terminal or deceive a reader made visible.

    Control characters, ANSI escapes, bidi overrides, zero-width and unusual spaces become
    `\x1b` or `\u202e`. A text longer than `limit` characters is cut in its middle.
    """
    if len(text) > limit:
        text = f"{text[: limit // 2]} ... {text[-limit // 2 :]}"
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def size(size_bytes: int) -> str:
    """Return a number of bytes in decimal units, as in 13.4 GB."""
    amount = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def moment(time: str | None) -> str:
    """Return a time of the contract as 2024-03-01 10:00 UTC."""
    return "an unknown time" if time is None else f"{time[:10]} {time[11:16]} UTC"


def some(items: Sequence[str], shown: int, total: int = 0) -> str:
    """Return the first items in one line and how many more there are, listed or not."""
    rest = max(total, len(items)) - shown
    return ", ".join(items[:shown]) + (f", +{rest} more" if rest > 0 else "")


def short(object_id: str | None) -> str:
    """Return the first 12 digits of an object id."""
    return "?" if object_id is None else object_id[:12]


def ref(name: str) -> str:
    """Return a ref as people say it: main, origin/main, tag v1."""
    for prefix, word in _REF_KINDS:
        if name.startswith(prefix):
            return word + visible(name.removeprefix(prefix))
    return visible(name)


def where(one: OccurrenceDoc) -> str:
    """Return the place of an occurrence: path and line, or what else holds it."""
    return _placed(_holder(one), [one["line"]])


def grouped(occurrences: Iterable[OccurrenceDoc]) -> list[str]:
    """Return the places of occurrences, the lines of one holder together."""
    lines: dict[str, list[int | None]] = {}
    for one in occurrences:
        lines.setdefault(_holder(one), []).append(one["line"])
    return [_placed(holder, found) for holder, found in lines.items()]


def _holder(one: OccurrenceDoc) -> str:
    if one["path"] is not None:
        what = visible(one["path"]) or '""'
    else:
        what = visible(one["name"] or "") or short(one["blob"] or one["commit"])
    return _PREFIXES.get(one["kind"], "") + what


def _placed(holder: str, lines: Iterable[int | None]) -> str:
    numbers = sorted({line for line in lines if line is not None})
    if not numbers:
        return holder
    more = ",..." if len(numbers) > _LINES else ""
    return f"{holder}:{','.join(map(str, numbers[:_LINES]))}{more}"


def elsewhere(finding: FindingDoc) -> list[str]:
    """Return the places other than those at HEAD and of the introduction.

    A path that does not hold the credential any more is marked as removed.
    """
    occurrences = finding["occurrences"]
    heads = at_head(finding)
    here = {one["path"] for one in [*_standing(occurrences), *heads]}
    gone = {one["path"] for one in occurrences if one["event"] == "removed"}
    gone |= {one["from_path"] for one in occurrences if one["event"] == "moved"}
    gone -= here | {None}
    told = {_holder(one) for one in [*heads, *introductions(finding)]}
    others = [one for one in occurrences if _holder(one) not in told and one["event"] != "removed"]
    paths = {_holder(one): one["path"] in gone for one in others}
    removed = list(paths.values())
    return [
        place + (" (removed)" if is_gone else "")
        for place, is_gone in zip(grouped(others), removed, strict=True)
    ]


def introductions(finding: FindingDoc) -> list[OccurrenceDoc]:
    """Return all lines that brought the credential in, in one commit and one place."""
    first = introduction(finding)
    if first is None:
        return []
    alike = ("kind", "event", "commit", "path", "name", "blob")
    return [
        one
        for one in finding["occurrences"]
        if all(one[key] == first[key] for key in alike)  # type: ignore[literal-required]
    ]


def introduction(finding: FindingDoc) -> OccurrenceDoc | None:
    """Return the occurrence that brought the credential in, or the nearest thing to it."""
    places = finding["occurrences"]
    first = finding["exposure"]["first_commit"]
    brought = [one for one in places if one["event"] == "introduced"]
    for one in brought:
        if one["commit"] == first:
            return one
    return next(iter([*brought, *places]), None)


def standing_first(finding: FindingDoc) -> list[OccurrenceDoc]:
    """Return each place that holds it or held it, once: those at HEAD, then those it came in by."""
    found: dict[tuple[object, ...], OccurrenceDoc] = {}
    others = [one for one in finding["occurrences"] if one["event"] != "removed"]
    for one in (*at_head(finding), *introductions(finding), *others):
        place = (one["kind"], one["path"], one["name"], one["line"], one["commit"])
        found.setdefault(place, one)
    return list(found.values())


def at_head(finding: FindingDoc) -> list[OccurrenceDoc]:
    """Return the occurrences in the tree of HEAD, as far as the events tell; empty if none.

    Places named as present count first; else what was introduced or moved in and not taken
    away later, whose line is that of its commit.
    """
    if not finding["exposure"]["at_head"]:
        return []
    tree = [one for one in finding["occurrences"] if one["kind"] in ("file", "symlink", "path")]
    present = [one for one in tree if one["event"] == "present"]
    return present or _standing(tree)


def _standing(events: Sequence[OccurrenceDoc]) -> list[OccurrenceDoc]:
    standing: dict[str | None, OccurrenceDoc] = {}
    for one in events:
        if one["event"] in ("removed", "moved"):
            standing.pop(one["from_path"] if one["event"] == "moved" else one["path"], None)
        if one["event"] in ("introduced", "moved"):
            standing[one["path"]] = one
    return list(standing.values())


def scope_line(scope: ScopeDoc) -> str:
    """Return what part of a repository was asked for, and how much that is."""
    kind = scope["kind"]
    if kind in _NO_COMMITS:
        return _NO_COMMITS[kind]
    wanted = some([ref(name) for name in scope["include"]], _NAMES)
    left = some([ref(name) for name in scope["exclude"]], _NAMES)
    if kind == "range" and len(scope["include"]) == len(scope["exclude"]) == 1:
        what = f"range {left}..{wanted}"
    else:
        what = f"{_SCOPES[kind]} {wanted}" + (f" without {left}" if left else "")
    return f"{what}: {count(scope['commits'], 'commit')}"


def remotes(finding: FindingDoc) -> list[str]:
    """Return which remotes have the credential, and since when."""
    return [
        f"{visible(one['remote'])} since {moment(one['since'])} ({ref(one['ref'])})"
        for one in finding["exposure"]["remotes"]
    ]


def _leftover(name: str) -> str:
    return "the index" if name == "index" else ref(name)


def exposed(finding: FindingDoc) -> str:
    """Say since when and until when the credential can be had."""
    exposure = finding["exposure"]
    if {one["kind"] for one in finding["occurrences"]} == {"text"}:
        return "not known: only a text was looked at"
    if exposure["introduced_at"] is None and exposure["removed_at"] is None:
        return "since an unknown time: no commit holds it"
    since = f"since {moment(exposure['introduced_at'])}"
    if exposure["removed_at"] is not None:
        return f"{since}; out of the files since {moment(exposure['removed_at'])}"
    return f"{since}, to this day"


def now(finding: FindingDoc) -> str:
    """Say where the credential stands at present, the most exposed place first."""
    exposure = finding["exposure"]
    head = grouped(at_head(finding))
    tips = [ref(name) for name in exposure["tips"]]
    left = [_leftover(name) for name in exposure["leftovers"]]
    if exposure["at_head"]:
        return f"at HEAD: {some(head, 3)}" if head else "at HEAD"
    if tips:
        return f"not at HEAD, but in the newest files of {some(tips, 3)}"
    if exposure["reachable"]:
        return "only in history; every clone receives it"
    if left:
        return f"in no ref, only in {some(left, 3)}"
    if {one["kind"] for one in finding["occurrences"]} == {"text"}:
        return f"in {some(grouped(finding['occurrences']), 3)}"
    outside = grouped(one for one in finding["occurrences"] if one["commit"] is None)
    if outside:
        return f"in no ref, only in {some(outside, 3)}"
    return "in no ref, only in commits that nothing refers to; git prunes them in time"
