"""Whether what a statement of a policy names can be what an action works on.

Part of the inspect stage. In: a `Statement` and an action. Out: yes, unless it surely cannot be:
`s3:Put*` on the files of a bucket grants nothing of what needs the bucket itself. Source: Service
Authorization Reference, the resource types of each action.
"""

import re
from typing import Final

from leakscan.inspection import Statement

_BUCKET: Final = ("s3:PutBucketPolicy",)
_EVERY_BUCKET: Final = ("s3:ListAllMyBuckets",)
_FILE: Final = ("s3:GetObject", "s3:DeleteObject")
_ALSO_OF: Final = {
    "bedrock": ("sagemaker",),
    "ssm": ("ec2", "s3"),
    "sts": ("iam",),
}
"""Services beside its own whose resources an action of a service works on."""
_WILD: Final = "*?$"
"""Beside wildcards `$`, with which variables begin: they may become anything."""
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


def fits(statement: Statement, action: str) -> bool:
    """Return whether a statement may name a resource that an action works on.

    What it does not name by itself (NotResource) may be anything.
    """
    return not statement.resources or any(_fits(one, action) for one in statement.resources)


def _fits(pattern: str, action: str) -> bool:
    own = action.partition(":")[0]
    head = pattern.split(":", 3)[:3]
    is_plain = len(head) == 3 and not any(char in "".join(head) for char in _WILD)
    if is_plain and head[2].lower() not in (own, *_ALSO_OF.get(own, ())):
        return False
    if action in _BUCKET:  # No bucket's name holds a slash; what is in one does.
        return "/" not in _VARIABLE.sub("", pattern)
    if action in _EVERY_BUCKET:
        return not is_plain or set(pattern.split(":", 3)[3:][0]) <= set(":*")
    if action in _FILE:
        return any(char in pattern for char in f"/{_WILD}")
    return True


def needed(action: str) -> str:
    """Return in words what an action works on."""
    if action in _BUCKET:
        return "a bucket itself, as arn:aws:s3:::NAME"
    if action in _EVERY_BUCKET:
        return "all buckets at once, as arn:aws:s3:::*"
    if action in _FILE:
        return "files of a bucket, as arn:aws:s3:::NAME/*"
    return f"what belongs to {action.partition(':')[0]}"
