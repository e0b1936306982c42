"""The kinds of place a credential stands in, as sentences.

In: a finding of the contract. Out: a line for each kind of place, with its files and the strongest
reason. The words are the catalogue's; only paths are the repository's.
"""

from collections.abc import Iterator
from typing import Final

from leakscan.report.contract import ChosenDoc, FindingDoc
from leakscan.report.words import some, visible

_PATHS: Final = 2


def found_in(its: FindingDoc) -> list[str]:
    """Return what it was found in, such as `a workflow of GitHub Actions (PATH): REASON`."""
    return list(_lines(its))


def mechanisms(its: FindingDoc) -> list[str]:
    """Return what takes the place of a key, each mechanism once, the likeliest first."""
    found = [one["mechanism"] for one in _places(its) if one["mechanism"]]
    return list(dict.fromkeys(found))


def _places(its: FindingDoc) -> list[ChosenDoc]:
    return its["remediation"]["places"] if its["remediation"] else []


def _lines(its: FindingDoc) -> Iterator[str]:
    by_path: dict[str | None, list[ChosenDoc]] = {}
    for one in _places(its):
        by_path.setdefault(one["path"], []).append(one)
    alike: dict[tuple[str, ...], list[str | None]] = {}
    for path, chosen in by_path.items():
        alike.setdefault(tuple(one["id"] for one in chosen), []).append(path)
    for paths in alike.values():
        first, *others = by_path[paths[0]]
        names = [visible(path) for path in paths if path]
        files = f" ({some(names, _PATHS)})" if names else ""
        said = ("" if first["sure"] else "perhaps ") + in_sentence(first["title"]) + files
        if others:
            said += "".join(f", or {in_sentence(one['title'])}" for one in others)
        yield f"{said}: {first['reasons'][0]}" if first["reasons"] else said


def in_sentence(title: str) -> str:
    """Return a title as it stands inside a sentence: `A workflow`, but not `AWS`, gets small."""
    title = visible(title)
    return title[:1].lower() + title[1:] if not title[1:2].isupper() else title
