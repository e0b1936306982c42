"""`leakscan rules`: list them, show one whole, run their examples."""

from pathlib import Path

import click

from leakscan.errors import ExitCode, LeakscanError
from leakscan.model import Rule


class NoSuchRuleError(LeakscanError):
    """There is no rule of that id."""


_FOLDER = click.option(
    "--rules",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The rule files in FOLDER instead of those that came with leakscan.",
)


@click.group("rules", short_help="List, show and test the rules.")
def command() -> None:
    """List, show and test the rules that say what a credential looks like."""


@command.command("list")
@_FOLDER
def list_rules(folder: Path | None) -> None:
    """List every rule: its id, severity, and what it finds."""
    from leakscan.rules.load import load_rules

    rules = load_rules(folder).rules
    width = max(len(rule.id) for rule in rules)
    for rule in rules:
        click.echo(f"{rule.id:{width}}  {rule.severity.value:8}  {rule.name}")


@command.command("show")
@click.argument("rule_id", metavar="RULE")
@_FOLDER
def show_rule(rule_id: str, folder: Path | None) -> None:
    """Show one rule whole: pattern, limits, and what to do about what it finds."""
    from leakscan.rules.load import load_rules

    rules = {rule.id: rule for rule in load_rules(folder).rules}
    found = next((rule for name, rule in rules.items() if name == rule_id), None)
    if found is None:
        raise NoSuchRuleError(f"There is no rule {rule_id}.", hint="See: leakscan rules list")
    click.echo("\n".join(_lines(found)))


@command.command("test")
@_FOLDER
def test_rules(folder: Path | None) -> int:
    """Run every example of every rule, and check what the rules refer to."""
    from leakscan.remedy.catalog import load_catalog
    from leakscan.rulecheck import check
    from leakscan.rules.load import load_rules

    rules = load_rules(folder)
    # Rules of one's own may use only some of the remediations.
    problems = check(rules, load_catalog().keys)
    for problem in problems:
        click.echo(str(problem), err=True)
    examples = sum(len(rule.examples) + len(rule.negative_examples) for rule in rules.rules)
    if problems:
        click.echo(f"{len(problems)} problems in {len(rules.rules)} rules.", err=True)
        return ExitCode.CONFIG
    click.echo(f"{len(rules.rules)} rules, {examples} examples: all as stated.")
    return ExitCode.CLEAN


def _lines(rule: Rule) -> list[str]:
    lines = [
        rule.id,
        f"  {rule.name}: {rule.description}",
        f"  severity      {rule.severity.value}",
        f"  confidence    {rule.confidence.value} before scoring",
        f"  boundary      {rule.boundary.value}",
        f"  min entropy   {rule.min_entropy} bits per byte",
        f"  remediation   {rule.remediation}",
        "  pattern",
        *(f"    {line}" for line in rule.pattern.strip().splitlines()),
    ]
    lines += [f"  reference     {reference}" for reference in rule.references]
    for example in rule.negative_examples:
        lines.append(f"  not found     {example.why} (stopped by {example.stopped_by})")
    return lines
