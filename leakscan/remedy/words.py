"""The words in capitals that a reader of a plan has to fill in, and what they mean.

Part of the remedy stage. In: the blocks of a plan. Out: each word in them that is no name of
something, with its meaning. Most say themselves what they are: CLUSTER_NAME is the cluster name.
"""

import re
from collections.abc import Iterable
from typing import Final

from leakscan.remediation import PLACEHOLDERS, Block

_WORD: Final = re.compile(r"(?<![$A-Za-z0-9_{])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_(])")
_NAMES: Final = re.compile(
    r"(AWS|CI|GITHUB|GITLAB|CIRCLE|BITBUCKET|BUILDKITE|JENKINS|CODEBUILD)_.*"
)
"""Variables that programs know."""
_NOT_OPEN: Final = frozenset(
    {word for word, _ in PLACEHOLDERS.values()} | {"ACTION_LEVEL", "SERVICE_LEVEL", "ID_TOKEN"}
)
"""Values of options and the like, which stand for themselves."""
_MEANINGS: Final = {
    "OTHER_KEY_ID": "the id of the user's other key",
}


def meanings(blocks: Iterable[Block]) -> dict[str, str]:
    """Return the words to fill in, in the order in which they stand, with what they mean."""
    words = dict.fromkeys(word for block in blocks for word in _WORD.findall(block.text))
    return {word: _meaning(word) for word in words if _is_open(word)}


def _is_open(word: str) -> bool:
    return word not in _NOT_OPEN and not _NAMES.fullmatch(word)


def _meaning(word: str) -> str:
    said = word.lower().replace("_", " ")
    said = re.sub(r"\b(id|arn|url|ip|ami|vpc|ci)\b", lambda found: found[0].upper(), said)
    return _MEANINGS.get(word) or f"the {said.replace(' ID', ' id')}"
