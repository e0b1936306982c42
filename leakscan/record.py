"""What the data of leakscan is made of: records whose `repr` shows nothing of a repository.

Below all stages. They are structs of msgspec, with the ways of data classes; to make such a class
costs a tenth, and a push waits for every class.
"""

from enum import Enum

import msgspec


def _repr(record: msgspec.Struct) -> str:
    """Show a record in a way that is safe in a log: of text and bytes only how long they are."""
    fields = (f"{name}={_shown(getattr(record, name))}" for name in record.__struct_fields__)
    return f"{type(record).__qualname__}({', '.join(fields)})"


def _shown(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str | bytes | tuple | list | set | frozenset | dict):
        return f"<{type(value).__name__} of {len(value)}>"
    return repr(value)


class Record(msgspec.Struct, frozen=True):
    """Does not change."""

    __repr__ = _repr


class State(msgspec.Struct):
    """Changes while something is put together."""

    __repr__ = _repr
