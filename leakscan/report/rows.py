"""Rows that the texts of `leakscan scan` and `leakscan verify` share: a credential, its verdict.

In: a finding of the contract. Out: rows on a page.
"""

import re
from typing import Final

from leakscan.report.contract import FindingDoc, SecretDoc, VerdictDoc
from leakscan.report.page import Page
from leakscan.report.verdict_words import account_words, state_style, state_words, verdict_lines
from leakscan.report.words import grouped, introduction, introductions, now, short, some, visible

_PLACES: Final = 3
_INDENT: Final = 4
_KEY_ID: Final = re.compile(r"[A-Z0-9]{16,32}")
# As IAM has them; what begins with a hyphen would be read as an option.
_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_+=,.@-]{1,64}")


def values(page: Page, its: FindingDoc) -> None:
    """Write the parts of a credential that are known."""
    key_id = its["access_key_id"]
    if key_id is None:
        page.row("Key id", "not known")
    else:
        page.row("Key id", visible(key_id), "bold")
        page.row("Account", account_words(its))
    for label, secret in (("Secret", its["secret"]), ("Token", its["session_token"])):
        if secret is not None:
            page.row(label, _value(secret))


def _value(secret: SecretDoc) -> str:
    return visible(secret.get("value", secret["masked"]), limit=10_000)


def stands(page: Page, its: FindingDoc) -> None:
    """Write where it stands, and the commit that brought it in, as far as that is known."""
    if not its["occurrences"]:
        return
    page.row("Found", now(its))
    first = introduction(its)
    if first is None or first["commit"] is None or first["event"] != "introduced":
        return
    place = "" if first["kind"] == "commit" else f": {some(grouped(introductions(its)), _PLACES)}"
    page.row("", f"brought in by commit {short(first['commit'])}{place}")


def verdict(page: Page, its: FindingDoc) -> None:
    """Write the verdict, its state first."""
    page.row("Verdict", state_words(its["verdict"]), state_style(its["verdict"]))
    means(page, "", its)


def means(page: Page, label: str, its: FindingDoc) -> None:
    """Write what a verdict says beside its state."""
    for number, (text, style) in enumerate(verdict_lines(its)):
        page.row("" if number else label, text, style)


def do_now(page: Page, its: FindingDoc) -> None:
    """Say what ends the danger of a live credential, as a command where all of it is known."""
    if its["verdict"]["state"] != "live":
        return
    said, command = _ending(its)
    page.row("Do now", f"{said}. It works for everybody who has it.", "bold red")
    if command:
        page.command(_INDENT, command)


def _ending(its: FindingDoc) -> tuple[str, str]:
    """Return what to do, and the command that does it; none if a name would not be safe in it."""
    verdict, key_id = its["verdict"], its["access_key_id"] or ""
    holder, is_session = verdict["identity"], key_id.startswith("ASIA")
    name = holder_name(verdict)
    if holder == "role-session":
        whose = f"the role {name}" if name else "its role"
        return f"Revoke the sessions of {whose} and close their source", ""
    if holder == "federated-user":
        made = "Deny the IAM user that made it (GetFederationToken in CloudTrail)"
        return f"{made}; there is no role to revoke", ""
    if holder == "root" and is_session:
        return "Deactivate the keys of root, signed in as root, and change its password", ""
    if is_session:
        whose = f"the user {name}" if name else "its user"
        return f"Deny {whose} all sessions of before now (aws:TokenIssueTime)", ""
    user = f"--user-name {name} " if name else ""
    command = f"aws iam update-access-key {user}--access-key-id {key_id} --status Inactive"
    is_known = _KEY_ID.fullmatch(key_id) and (name or holder == "root")
    said = "Deactivate the key" + (", signed in as root" if holder == "root" else "")
    return said, command if is_known else ""


def holder_name(verdict: VerdictDoc) -> str:
    """Return the name of the user or the role of an ARN, empty unless it is safe in a command."""
    arn, holder = verdict["arn"] or "", verdict["identity"]
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    if (holder, kind) == ("user", "user"):
        name = rest.rpartition("/")[2]
    elif (holder, kind) == ("role-session", "assumed-role"):
        name = rest.partition("/")[0]
    else:
        return ""
    return name if _NAME.fullmatch(name) else ""
