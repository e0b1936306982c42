"""`leakscan remedy --role`: the role that takes the place of a key, from code and from events.

In: `RoleWishes`. Out: the exit code; the role is written as the output says. The repository is read
at HEAD from its object store, and nothing of it is run. AWS is asked only with `--profile`, and
never with the key.
"""

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from leakscan import __version__
from leakscan.cli import outputs
from leakscan.cli.role_wishes import RoleWishes
from leakscan.cli.targets import Looking
from leakscan.errors import ExitCode, LeakscanError
from leakscan.history.catfile import CatFile
from leakscan.history.git import Git
from leakscan.history.locate import locate
from leakscan.history.remotes import head_commit
from leakscan.history.snapshot import snapshot
from leakscan.model import Content, Finding, Skipped
from leakscan.permissions import Suggestion, Usage
from leakscan.privilege.tables import EXTRA_HINT, MissingExtraError, Tables, load_tables
from leakscan.report.base import ReportOptions
from leakscan.report.clean import Cleaner, text_of
from leakscan.report.document import redactor
from leakscan.usage.collect import TOO_LARGE, File, Options, usage, why_left_out

if TYPE_CHECKING:
    from leakscan.privilege.cloudtrail import Trail
    from leakscan.report.plans import Plans

_MAX_OBJECT_BYTES: Final = 64 << 20
_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z0-9]{12,124}")
_ROLE: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_EXTRA: Final = (
    "policy_sentry",
    "boto3",
    "tree_sitter",
    "tree_sitter_bash",
    "tree_sitter_go",
    "tree_sitter_javascript",
    "tree_sitter_typescript",
)


class RoleError(LeakscanError):
    """There is nothing that a role could be made from."""


def run(wishes: RoleWishes) -> int:
    """Write the role that is wanted. Raises LeakscanError."""
    _check(wishes)
    tables = load_tables()
    plans = _plans(wishes)
    used = _usage(wishes)
    trail = _trail(wishes, plans, tables)
    made = _suggestion(wishes, plans, used, tables, trail)
    from leakscan.report.role import render

    options = outputs.fitted(ReportOptions(tool_version=__version__), wishes.output)
    clean = Cleaner(redactor(_findings(plans), plans.hidden if plans is not None else ()))
    outputs.write(wishes.output, render(made, options, wishes.output.format, clean))
    return ExitCode.INCOMPLETE if made.unclear or made.unknown else ExitCode.CLEAN


def _check(wishes: RoleWishes) -> None:
    for name in _EXTRA:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f"--role needs {name}, which is not installed.", hint=EXTRA_HINT
            )
    if wishes.name is not None and not _ROLE.fullmatch(wishes.name):
        raise click.UsageError("--name is that of a role: letters, digits and +=,.@_- up to 64.")
    if wishes.access_key_id is not None and not _KEY_ID.fullmatch(wishes.access_key_id):
        raise click.UsageError("--access-key-id is an id such as AKIA..., never a secret.")
    if wishes.events is not None and wishes.profile is not None:
        raise click.UsageError("Of --events and --profile only one can be.")


# -- for what -----------------------------------------------------------------------------


def _plans(wishes: RoleWishes) -> "Plans | None":
    """Return the plan of the place or the finding, where one is named."""
    if wishes.target is None:
        return None
    from leakscan.cli.remedies import Asked, plans

    now = datetime.now(UTC)
    asked = Asked(wishes.target, (), wishes.account or "", wishes.region or "", now)
    repository = wishes.repository or Path()
    return plans(asked, Looking(repository, wishes.rules_folder, wishes.quiet))


def _findings(plans: "Plans | None") -> Iterator[Finding]:
    for one in plans.planned if plans is not None else ():
        yield from one.findings


def _suggestion(
    wishes: RoleWishes,
    plans: "Plans | None",
    used: Usage,
    tables: Tables,
    trail: "Trail | None",
) -> Suggestion:
    from leakscan.privilege.arns import Place, partition_of
    from leakscan.privilege.suggest import Wish, suggest

    plan = plans.planned[0].plan if plans is not None and plans.planned else None
    values = plan.values if plan is not None else {}
    places = plan.places if plan is not None else ()
    section = next((one for one in places if one.trust is not None), None)
    region = wishes.region or values.get("region", "")
    where = Place(
        values.get("partition") or partition_of(region),
        region,
        wishes.account or values.get("account_id", ""),
    )
    role = wishes.name or values.get("role", "") or "app"
    wish = Wish(
        role,
        section.id if section is not None else "",
        section.trust.text if section is not None and section.trust is not None else "",
        where,
        plan.open_values if plan is not None else {},
    )
    made = suggest(used, wish, tables, trail)
    return replace(made, decisions=(*_about_place(wishes, plans, len(places)), *made.decisions))


def _about_place(wishes: RoleWishes, plans: "Plans | None", places: int) -> Iterator[str]:
    if plans is None:
        yield (
            "No place was named, so there is no trust policy: leakscan remedy --list has them, as "
            "in leakscan remedy ecs-task --role."
        )
    elif places > 1:
        yield "The key stands in several kinds of place; the role is for the first. One role each."
    if plans is not None and len(plans.planned) > 1:
        yield "Several keys are named; the role is for the first of them."


# -- from what ----------------------------------------------------------------------------


def _usage(wishes: RoleWishes) -> Usage:
    """Return what the files at HEAD do with AWS."""
    from leakscan.usage.file_readers import FILE_READERS
    from leakscan.usage.python.reader import PythonReader

    layout = locate(wishes.repository or Path())
    top = head_commit(layout)
    if top is None:
        raise RoleError("The repository has no commit at HEAD, so there is no code to look at.")
    options = Options(with_tests=wishes.include_tests)
    gaps: dict[str, int] = {}
    with Git(
        layout.objects, layout.object_format, os.environ, max_object_bytes=_MAX_OBJECT_BYTES
    ) as git:
        git.check()
        found = snapshot(CatFile(git), top, _wanted(wishes, options, gaps))
        made = usage(_files(found, gaps), [PythonReader(), *FILE_READERS], options)
    left_out = {**made.left_out}
    for reason, number in gaps.items():
        left_out[reason] = left_out.get(reason, 0) + number
    return replace(made, left_out=left_out)


def _wanted(wishes: RoleWishes, options: Options, gaps: dict[str, int]) -> Callable[[bytes], bool]:
    """Return what says of a path whether its file is looked at; what is not is counted."""
    folders = tuple(os.fsencode(one.strip("/")) + b"/" for one in wishes.code)

    def is_wanted(path: bytes) -> bool:
        if folders and not path.startswith(folders) and folders != (b"./",):
            return False
        reason = why_left_out(text_of(path), b"", options)
        if reason:
            gaps[reason] = gaps.get(reason, 0) + 1
        return not reason

    return is_wanted


def _files(
    found: Iterator[tuple[bytes, Content | Skipped]], gaps: dict[str, int]
) -> Iterator[File]:
    for path, content in found:
        if isinstance(content, Skipped):
            reason = content.detail or content.reason.value or TOO_LARGE
            gaps[reason] = gaps.get(reason, 0) + 1
        else:
            yield text_of(path), content.data


# -- from events --------------------------------------------------------------------------


def _trail(wishes: RoleWishes, plans: "Plans | None", tables: Tables) -> "Trail | None":
    """Return what the key was used for, if events are given or may be asked for."""
    from leakscan.privilege.cloudtrail import trail
    from leakscan.privilege.event_files import MAX_BYTES, CloudTrailError, events_in

    ids = _key_ids(wishes, plans)
    if wishes.events is not None:
        with wishes.events.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        made = trail(events_in(data), ids, tables)
        if not (made.calls or made.refused or made.unknown):
            raise CloudTrailError(
                f"None of the events in {wishes.events.name} is of {_named(ids)}.",
                hint="--access-key-id names the key whose events are meant.",
            )
        return made
    if wishes.profile is None:
        return None
    if len(ids) != 1:
        raise click.UsageError("--profile needs --access-key-id: the key whose events are meant.")
    return _looked_up(wishes, wishes.profile, next(iter(ids)), tables)


def _named(ids: frozenset[str]) -> str:
    return ", ".join(sorted(ids)) or "a key"


def _key_ids(wishes: RoleWishes, plans: "Plans | None") -> frozenset[str]:
    if wishes.access_key_id is not None:
        return frozenset((wishes.access_key_id,))
    ids = (one.credential.identity.access_key_id for one in _findings(plans))
    return frozenset(one for one in ids if one)


def _looked_up(wishes: RoleWishes, profile: str, key_id: str, tables: Tables) -> "Trail":
    from leakscan.cli import verifying
    from leakscan.cli.responder import settings_for
    from leakscan.inspect.events import look_up
    from leakscan.inspect.session import open_session
    from leakscan.privilege.cloudtrail import trail

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
