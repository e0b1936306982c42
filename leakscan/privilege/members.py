"""Which arguments of a call say what a variable of an ARN is.

Part of the privilege stage. In: a variable, its resource type and the call. Out: names of members,
the likeliest first. What resources.yaml says comes first; else a member is taken whose name is that
of the variable or of the type, but for endings such as Name, Id, Arn and Identifier; and `name` or
`id` alone where the operation is one of the type: `DeletePipeline` and `name`.
"""

import re
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call
from leakscan.privilege.actions import Wanted, required_members, top_members
from leakscan.privilege.arns import variables
from leakscan.privilege.tables import Tables

_PLAIN: Final = re.compile(r"[^a-z0-9]")
_ENDS: Final = re.compile(
    r"(?:friendly|resource|unique)?(?:names?or(?:arn|id)|idor(?:name|arn)|names?|ids?|arns?|identifiers?)"
    r"(?:list|set)?\Z"
)
_VERB: Final = re.compile(
    r"\A(?:Batch|Admin)?(?:Create|Delete|Describe|Get|Update|Modify|Put|Start|Stop|List|Cancel|Resume|Run"
    r"|Enable|Disable|Activate|Deactivate|Register|Deregister|Export|Import|Reboot|Restore|Reset|Rotate"
    r"|Execute|Invoke|Terminate|Set|Add|Remove|Attach|Detach|Associate|Disassociate|Retry|Publish"
    r"|Validate|Test|Search|Lookup|Rename|Copy|Failover|Accept|Reject|Send|Poll)"
)
_ALONE: Final = ("name", "names", "id", "ids", "arn", "identifier", "identifiers")
_ANY_RESOURCE: Final = (
    "arn", "targetresourcearn", "resource", "resourcearn", "resourcearns", "resourcearnlist",
    "resourcename", "resourceidentifier", "resourceidentifiers",
)  # fmt: skip
_ARN_ENDS: Final = ("arn", "arns")


def plain(name: str) -> str:
    """Return a name without its case and signs."""
    return _PLAIN.sub("", name.lower())


def stem(name: str) -> str:
    """Return what a name is about: `DBInstanceIdentifier` and `DbInstanceName` are of one thing."""
    bare = _ENDS.sub("", plain(name))
    return bare[:-1] if bare.endswith("s") and not bare.endswith("ss") else bare


def members_of(call: Call, wanted: Wanted, tables: Tables, kind: str, name: str) -> tuple[str, ...]:
    """Return the members that may hold a variable of the ARN of a resource type."""
    prefix = wanted.action.partition(":")[0]
    ours = tables.resources.members.get(prefix, {}).get(kind, {}).get(name)
    if ours is not None:
        return ours
    names = variables(tables.arn_format(prefix, kind))
    known = dict.fromkeys((*call.arguments, *top_members(call)))
    is_main = stem(name) == stem(main_variable(names)) or name == main_variable(names)
    others = {stem(one) for one in names if one != name}
    about = {stem(name), *({stem(kind), plain(kind)} if is_main else ())} - {""}
    found = dict.fromkeys(_likely(call, tuple(known), about, name, is_main=is_main))
    is_id, has_both = plain(name).endswith("id"), stem(name) in others
    return tuple(one for one in found if _may_be(one, is_id=is_id, has_both=has_both))


def _may_be(member: str, *, is_id: bool, has_both: bool) -> bool:
    """Say whether a member may hold a name or an id: neither is the other, an ARN holds both."""
    if takes_arn(member):
        return True
    is_name = plain(member).rstrip("s").endswith("name")
    return not is_name if is_id else is_name or not has_both


def main_variable(names: tuple[str, ...]) -> str:
    """Return the variable that names the resource itself: the last that is no sub-id."""
    return names[-1] if names else ""


def _likely(
    call: Call, known: tuple[str, ...], about: set[str], name: str, *, is_main: bool
) -> Iterator[str]:
    wanted = {plain(name), f"{plain(name)}s"}
    yield from (one for one in known if plain(one) in wanted)
    yield from (one for one in known if stem(one) in about)
    if not is_main:
        return
    noun = plain(_VERB.sub("", call.operation))
    is_of_it = any(noun.startswith(one) or noun.rstrip("s").endswith(one) for one in about)
    if is_of_it:
        yield from (one for one in known if plain(one) in _ALONE)
    needed = required_members(call)
    yield from (
        one
        for one in known
        if one in needed
        and stem(one)
        and any(one_of.endswith(stem(one)) for one_of in about)
        and len(stem(one)) > 3
    )


def generic(call: Call) -> Iterator[str]:
    """Yield the members that name a resource of any type by its ARN: `resourceArn`."""
    for one in call.arguments:
        if plain(one) in _ANY_RESOURCE:
            yield one


def takes_arn(member: str) -> bool:
    """Say whether a member is called an ARN's."""
    return plain(member.rpartition(".")[2]).endswith(_ARN_ENDS)
