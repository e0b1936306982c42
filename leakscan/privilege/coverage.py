"""How much of the code a role was made from, and what a human must decide of the rest.

Part of the privilege stage. In: `Usage` and what was made of it. Out: sentences, and whether the
role is complete. A policy that is empty, or of a part, must not look like an answer.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from leakscan.permissions import Statement, Usage
from leakscan.privilege.needs import Needs
from leakscan.privilege.wording import count, some
from leakscan.usage.collect import DATA, NO_CODE, TESTS, VENDORED

_NAMED: Final = 8
_CHOSEN: Final = (TESTS, VENDORED, NO_CODE, DATA)
_CREATES: Final = frozenset({"terraform", "cloudformation", "cdk"})
"""Places whose role is that of whoever applies what the files say."""


def of_gaps(
    usage: Usage, found: Sequence[Statement], place: str, *, is_from_events: bool
) -> Iterator[str]:
    """Say first what makes a policy worth less than it looks: that it is empty, or of a part."""
    if not found and is_from_events:
        yield (
            "NOTHING WAS INFERRED: the role has no permission, for none of the events is a call "
            "that was allowed and whose action is known. It does not mean that the key needs none."
        )
    elif not found:
        yield (
            "NOTHING WAS INFERRED: the role has no permission, for no call of AWS was understood "
            f"in what was read ({_read(usage)}). It does not mean that the key needs none. What it "
            "is used for, CloudTrail tells: --events FILE, or --profile NAME --access-key-id ID."
        )
    if usage.gaps:
        yield (
            f"NOT READ, though it may be code: {_listed(usage.gaps)}. What it needs is not in this "
            "policy. git fsck tells what a store lacks; --code FOLDER looks at a part."
        )
    if usage.creates and (place in _CREATES or not found):
        yield (
            f"Files that say what to create were seen ({_listed(usage.creates)}). Whoever applies "
            "them needs permissions for all that they create, and this policy has none of these. "
            "Take them from CloudTrail: apply once with the permissions of today, then --events "
            "FILE, or --profile NAME --access-key-id ID."
        )
    unread = _unread(usage)
    if unread:
        yield (
            f"Not read, for the language: {_listed(unread)}. Nothing in these files names AWS's "
            "SDK or runs its CLI in a way that is known; if they use AWS, add what they do."
        )


def is_complete(usage: Usage, chosen: Needs, found: Sequence[Statement], place: str) -> bool:
    """Say whether the code was read and understood; tests apart, and what others wrote.

    A policy that is empty is no answer as long as there is anything that was not looked into.
    """
    if usage.gaps or usage.unclear or chosen.unknown or (usage.creates and place in _CREATES):
        return False
    doubts = (usage.creates, _unread(usage), usage.aside.get(VENDORED))
    return bool(found) or (bool(usage.files) and not any(doubts))


def of_code(usage: Usage, chosen: Needs, *, is_from_events: bool) -> Iterator[str]:
    """Say what was not understood, and what was not looked at."""
    if chosen.unknown:
        number = len(chosen.unknown)
        yield (
            f"No action of IAM is known for {count(number, 'call')}: look in the Service "
            "Authorization Reference. Nothing was guessed."
        )
    if usage.unclear:
        yield (
            f"What AWS is used for could not be told in {count(len(usage.unclear), 'place')}: "
            "read them, and add what they do."
        )
    folders = _folders(usage)
    if len(folders) > 1:
        where = [f"{name} ({number})" for name, number in folders]
        yield (
            f"Calls come from {len(folders)} folders: {some(where, _NAMED)}. If they are "
            "programs of their own, each gets its own role: --code FOLDER."
        )
    yield from _aside(usage)
    if not is_from_events:
        yield (
            "The code at HEAD may not be what runs: other branches, other repositories and people "
            "may use the same key. aws iam get-access-key-last-used and CloudTrail tell."
        )


def _aside(usage: Usage) -> Iterator[str]:
    if tests := usage.left_out.get(TESTS):
        yield (
            f"Left out: {count(tests, 'file')} of tests{_where(usage.aside.get(TESTS, {}))}; "
            "--include-tests takes them in, --code FOLDER what is in a folder."
        )
    if others := usage.aside.get(VENDORED):
        yield (
            f"Left out: {count(sum(others.values()), 'file')} of code that others wrote, as the "
            f"folders are called{_where(others)}. If it is yours, --code FOLDER takes it in."
        )


def _unread(usage: Usage) -> dict[str, int]:
    """Return the languages that nobody reads, with the number of their files."""
    return {
        name: number
        for name, number in usage.left_out.items()
        if name not in usage.gaps and name not in _CHOSEN
    }


def _where(folders: dict[str, int]) -> str:
    most = sorted(folders.items(), key=lambda one: (-one[1], one[0]))
    named = [f"{name}: {number}" for name, number in most]
    return f" ({some(named, _NAMED)})" if named else ""


def _read(usage: Usage) -> str:
    return (
        ", ".join(f"{count(n, 'file')} of {name}" for name, n in usage.files.items()) or "no file"
    )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _folders(usage: Usage) -> list[tuple[str, int]]:
    """Return the folders that part the calls, and how many each has, the most first."""
    paths = [one.spot.path.split("/")[:-1] for one in usage.calls]
    depth = 0
    while paths and all(len(path) > depth and path[depth] == paths[0][depth] for path in paths):
        depth += 1
    counted = Counter("/".join(path[: depth + 1]) or "." for path in paths)
    return counted.most_common()
