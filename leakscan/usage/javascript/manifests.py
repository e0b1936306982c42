"""What the scripts of a package.json do with AWS.

In: a package.json. Out: Calls and Unclear of its scripts, which npm gives to a shell.
"""

import json
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call, Unclear
from leakscan.usage.shell.calls import script_calls
from leakscan.usage.syntax import unread

_MAX_SCRIPTS: Final = 200
_MAX_SCRIPT: Final = 4096
_WORDS: Final = (
    "aws", "cdk", "sam ", "serverless", "sls ", "s3", "eb ", "amplify", "sst ", "copilot", "ecr"
)  # fmt: skip


def scripts_of(path: str, data: bytes) -> Iterator[Call | Unclear]:
    """Yield what the scripts of a package.json do, each on its line."""
    if not path.endswith("package.json"):
        return
    text = data.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    scripts = value.get("scripts") if isinstance(value, dict) else None
    if not isinstance(scripts, dict):
        return
    start = max(text.find('"scripts"'), 0)
    spoken = [one for one in scripts.items() if isinstance(one[1], str) and _speaks(one[1])]
    if len(spoken) > _MAX_SCRIPTS or any(len(script) > _MAX_SCRIPT for _, script in spoken):
        yield unread(path, "its scripts are more, or longer, than are read")
    for name, script in spoken[:_MAX_SCRIPTS]:
        if len(script) <= _MAX_SCRIPT:
            at = max(text.find(json.dumps(name), start), 0)
            yield from script_calls(path, script, text.count("\n", 0, at) + 1, {})


def _speaks(script: str) -> bool:
    return any(word in script for word in _WORDS)
