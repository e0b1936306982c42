"""Words of the decisions: numbers with their nouns, and lists that end.

Part of the privilege stage. In: numbers and names. Out: parts of sentences.
"""

from collections.abc import Collection


def count(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some(items: Collection[str], number: int) -> str:
    """Return the first of the items, and how many more there are."""
    shown_items = list(items)[:number]
    rest = len(items) - len(shown_items)
    return ", ".join(shown_items) + (f" and {rest} more" if rest else "")
