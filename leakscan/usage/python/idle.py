"""Files that import boto3 and of which nothing was told.

Part of the usage stage. In: what a file imports and uses. Out: one Unclear, or none.
"""

import re
from typing import Final

from leakscan.permissions import Unclear
from leakscan.usage.python.mentions import Mentions
from leakscan.usage.syntax import spot

_MAKES: Final = re.compile(
    r"(?:aio)?boto3(?:\.(?:client|resource|[Ss]ession|setup_default_session|_get_default_session))?\Z"
    r"|(?:aio)?boto3\.session\.\w+\Z|botocore\.session(?:\.\w+)?\Z|aiobotocore(?:\.session.*)?\Z"
    r"|aiobotocore\.get_session\Z|botocore\.(?:client\.ClientCreator|endpoint\.\w+|httpsession\.\w+)\Z"
)
"""What clients are made with, or requests sent; not exceptions, types or settings."""


def idle(path: str, said: Mentions) -> Unclear | None:
    """Return what is said of a file in which nothing was followed."""
    for one in said.imports:
        if _MAKES.match(one.name) and one.bound in said.run:
            root = one.name.partition(".")[0]
            where = spot(path, one.line, f"import {one.name}")
            return Unclear(where, f"{root} is imported, and no call of it was followed")
    return None
