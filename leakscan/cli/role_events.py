"""What a key was used for, for `leakscan remedy --role`: from a file of events, or looked up.

In: `RoleWishes` and the findings that the role is for. Out: `Trail`. AWS is asked only with
`--profile`, and never with the key.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from leakscan.cli.role_wishes import RoleWishes
from leakscan.model import Finding
from leakscan.privilege.cloudtrail import Trail, key_ids_of, trail
from leakscan.privilege.event_files import MAX_BYTES, CloudTrailError, events_in

if TYPE_CHECKING:
    from leakscan.privilege.tables import Tables

_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z0-9]{12,124}")
_NAMED: Final = 8


def check(wishes: RoleWishes) -> None:
    """Refuse what does not go together. Raises click.UsageError."""
    if wishes.access_key_id is not None and not _KEY_ID.fullmatch(wishes.access_key_id):
        raise click.UsageError("--access-key-id is an id such as AKIA..., never a secret.")
    if wishes.events is not None and wishes.profile is not None:
        raise click.UsageError("Of --events and --profile only one can be.")
    if wishes.access_key_id is not None and wishes.events is None and wishes.profile is None:
        raise click.UsageError(
            "--access-key-id says whose events are meant: it goes with --events or --profile."
        )


def trail_of(wishes: RoleWishes, findings: Iterable[Finding], tables: "Tables") -> Trail | None:
    """Return what the key was used for, if events are given or may be asked for.

    Raises: CloudTrailError, click.UsageError.
    """
    ids = _key_ids(wishes, findings)
    if wishes.events is not None:
        return _given(wishes, ids, tables)
    if wishes.profile is None:
        return None
    if len(ids) != 1:
        raise click.UsageError("--profile needs --access-key-id: the key whose events are meant.")
    return _looked_up(wishes, wishes.profile, next(iter(ids)), tables)


def _key_ids(wishes: RoleWishes, findings: Iterable[Finding]) -> frozenset[str]:
    if wishes.access_key_id is not None:
        return frozenset((wishes.access_key_id,))
    ids = (one.credential.identity.access_key_id for one in findings)
    return frozenset(one for one in ids if one)


def _given(wishes: RoleWishes, ids: frozenset[str], tables: "Tables") -> Trail:
    assert wishes.events is not None
    with wishes.events.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    events = list(events_in(data))
    ids = ids or _only(key_ids_of(events), wishes.events.name)
    made = trail(events, ids, tables)
    if not (made.calls or made.refused or made.unknown):
        raise CloudTrailError(
            f"None of the events in {wishes.events.name} is of {_named(ids)}.",
            hint="--access-key-id names the key whose events are meant.",
        )
    return made


def _only(found: Counter[str], name: str) -> frozenset[str]:
    """Return the one key that all events are of; an intruder's other key is not to be merged."""
    if len(found) > 1:
        ids = [f"{one} ({number})" for one, number in found.most_common(_NAMED)]
        rest = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise CloudTrailError(
            f"The events in {name} are of {len(found)} keys: {', '.join(ids)}{rest}.",
            hint="--access-key-id names the key whose events are meant.",
        )
    return frozenset(found)


def _named(ids: frozenset[str]) -> str:
    return ", ".join(sorted(ids)) or "a key"


def _looked_up(wishes: RoleWishes, profile: str, key_id: str, tables: "Tables") -> Trail:
    from leakscan.cli import verifying
    from leakscan.cli.responder import settings_for
    from leakscan.inspect.events import look_up
    from leakscan.inspect.session import open_session

    config = verifying.settings(verifying.Wishes(region=wishes.region), dry=True).config
    responding = open_session(settings_for(profile, config), {key_id})
    looked = look_up(responding, key_id, wishes.region or "")
    for gap in looked.gaps:
        code = f" ({gap.code})" if gap.code else ""
        click.echo(
            f"leakscan: not known: {gap.what}: {gap.action} {gap.why.value}{code}.", err=True
        )
    made = trail(looked.events, frozenset((key_id,)), tables)
    made.gaps = tuple(f"{gap.what}: {gap.action}, {gap.why.value}" for gap in looked.gaps)
    return made
