"""`leakscan remedy --role`: the role that takes the place of a key, from code and from events.

In: `RoleWishes`. Out: the exit code; the role is written as the output says. The repository is read
at HEAD from its object store, and nothing of it is run. AWS is asked only with `--profile`, and
never with the key.
"""

import importlib.util
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leakscan import __version__
from leakscan.cli import outputs
from leakscan.cli.role_wishes import RoleWishes
from leakscan.cli.targets import Looking
from leakscan.errors import ExitCode
from leakscan.model import Finding
from leakscan.permissions import Suggestion, Usage
from leakscan.privilege.tables import EXTRA_HINT, MissingExtraError, Tables, load_tables
from leakscan.report.base import ReportOptions
from leakscan.report.clean import Cleaner
from leakscan.report.document import redactor

if TYPE_CHECKING:
    from leakscan.privilege.cloudtrail import Trail
    from leakscan.report.plans import Plans

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


def run(wishes: RoleWishes) -> int:
    """Write the role that is wanted. Raises LeakscanError."""
    _check(wishes)
    from leakscan.cli.role_code import usage_of_code
    from leakscan.cli.role_events import trail_of
    from leakscan.report.role import render
    from leakscan.report.role_document import INCOMPLETE

    tables = load_tables()
    plans = _plans(wishes)
    used = usage_of_code(wishes)
    trail = trail_of(wishes, plans.planned[0].findings if plans and plans.planned else (), tables)
    made = _suggestion(wishes, plans, used, tables, trail)
    options = outputs.fitted(ReportOptions(tool_version=__version__), wishes.output)
    clean = Cleaner(redactor(_findings(plans), plans.hidden if plans is not None else ()))
    written = render(made, options, wishes.output.format, clean)
    outputs.write(wishes.output, written)
    if wishes.output.format == "policy" and not wishes.quiet:
        _say_what_is_open(made, written)
    if made.complete:
        return ExitCode.CLEAN
    click.echo(f"leakscan: {INCOMPLETE}", err=True)
    return ExitCode.INCOMPLETE


def _say_what_is_open(made: Suggestion, policy: bytes) -> None:
    """Say of a bare policy, which has no room for it, which words are to be filled in."""
    words = [name for name in made.variables if name.encode("ascii") in policy]
    if words:
        what = f"fill in {', '.join(words)}; --format text says what they mean."
        click.echo(f"leakscan: {what}", err=True)


def _check(wishes: RoleWishes) -> None:
    for name in _EXTRA:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(
                f"--role needs {name}, which is not installed.", hint=EXTRA_HINT
            )
    if wishes.name is not None and not _ROLE.fullmatch(wishes.name):
        raise click.UsageError("--name is that of a role: letters, digits and +=,.@_- up to 64.")
    from leakscan.cli import role_events

    role_events.check(wishes)


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
        section.id if section is not None else places[0].id if places else "",
        section.trust.text if section is not None and section.trust is not None else "",
        where,
        plan.open_values if plan is not None else {},
        tuple(_about_place(plans, len(places))),
    )
    return suggest(used, wish, tables, trail)


def _about_place(plans: "Plans | None", places: int) -> Iterator[str]:
    if plans is None:
        yield (
            "No place was named, so there is no trust policy: leakscan remedy --list has them, as "
            "in leakscan remedy ecs-task --role."
        )
    elif not places:
        yield "The kind of place is not known, so there is no trust policy: leakscan remedy --list."
    elif places > 1:
        yield "The key stands in several kinds of place; the role is for the first. One role each."
    if plans is not None and len(plans.planned) > 1:
        yield "Several keys are named; the role is for the first of them."
