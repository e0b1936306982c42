"""What an expression of Python may be, as far as it matters for calls of AWS.

Part of the usage stage. An expression has several values where branches, callers or classes
give it several; `Open` among them says that it may be anything else as well.
"""

from typing import TYPE_CHECKING, Final

from leakscan.permissions import Spot, Text
from leakscan.record import Record

if TYPE_CHECKING:
    from leakscan.usage.python.scopes import ClassInfo, FunctionInfo, Module


class Open(Record, frozen=True):
    """Anything: known only when the program runs. `name` is what the code calls it."""

    name: str = ""
    is_set: bool = False
    """It is a variable of the environment."""


class Known(Record, frozen=True):
    """A text, or a text with holes."""

    text: Text


class Nothing(Record, frozen=True):
    """None, a number, a truth value: no text and no object of AWS."""


class Quiet(Record, frozen=True):
    """An object of which it is known that its methods call nothing of AWS: an answer, a batch."""


class Origin(Record, frozen=True):
    """How a client, or a resource, came to be."""

    service: str
    spot: Spot
    region: str = ""
    is_elsewhere: bool = False
    """Its endpoint is not one of AWS, or it signs nothing."""


class Client(Record, frozen=True):
    """A client of a service."""

    origin: Origin


class Service(Record, frozen=True):
    """A service resource of boto3."""

    origin: Origin


class Item(Record, frozen=True):
    """A resource of boto3, such as a bucket, with the texts that identify it."""

    origin: Origin
    kind: str
    identifiers: tuple[tuple[str, tuple[Text, ...]], ...]
    is_loaded: bool = False


class Collection(Record, frozen=True):
    """Resources that an operation lists."""

    owner: Service | Item
    name: str


class Paginator(Record, frozen=True):
    """What pages through an operation."""

    client: Client
    operation: str
    spot: Spot


class Waiter(Record, frozen=True):
    """What calls an operation until something is so."""

    client: Client
    operation: str
    spot: Spot


class Transfer(Record, frozen=True):
    """The transfer manager of S3 around a client."""

    client: Client


class Session(Record, frozen=True):
    """What clients are made from."""

    region: str = ""
    has_token: bool = False
    path: str = ""
    """The file that makes it."""


class Lost(Record, frozen=True):
    """A client or resource of a service that is not known."""

    spot: Spot
    is_client: bool = False


class External(Record, frozen=True):
    """Something of another package, by its dotted name."""

    name: str


class Local(Record, frozen=True):
    """A module of the repository."""

    module: "Module"


class Function(Record, frozen=True):
    """A function of the repository; `owner` is the object it is a method of."""

    info: "FunctionInfo"
    owner: "Instance | None" = None


class Class(Record, frozen=True):
    """A class of the repository."""

    info: "ClassInfo"


class Instance(Record, frozen=True):
    """An object of a class of the repository."""

    info: "ClassInfo"


class Table(Record, frozen=True):
    """A dict: its values by the texts of its keys; `is_whole` says that it has no others."""

    items: tuple[tuple[Text, "Values"], ...]
    is_whole: bool = True


class Series(Record, frozen=True):
    """A list, tuple or set."""

    elements: tuple["Values", ...]


class Method(Record, frozen=True):
    """An attribute that waits to be called."""

    of: "Value"
    name: str


Value = (
    Open
    | Known
    | Nothing
    | Quiet
    | Client
    | Service
    | Item
    | Collection
    | Paginator
    | Waiter
    | Transfer
    | Session
    | Lost
    | External
    | Local
    | Function
    | Class
    | Instance
    | Table
    | Series
    | Method
)
Values = tuple[Value, ...]

ANYTHING: Final[Values] = (Open(),)
MOST: Final = 12
"""Values of one expression; of more, only that it is open is kept."""


def union(*several: Values) -> Values:
    """Return all values once, in order."""
    found = tuple(dict.fromkeys(value for values in several for value in values))
    return found if len(found) <= MOST else (*found[:MOST], Open())
