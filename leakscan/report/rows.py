"""Rows that the texts of `leakscan scan` and `leakscan verify` share: a credential, its verdict.

In: a finding of the contract. Out: rows on a page.
"""

from typing import Final

from leakscan.report.contract import FindingDoc, SecretDoc
from leakscan.report.page import Page
from leakscan.report.verdict_words import account_words, state_style, state_words, verdict_lines
from leakscan.report.words import grouped, introduction, introductions, now, short, some, visible

_PLACES: Final = 3
_SESSIONS: Final = ("role-session", "federated-user")


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
    """Say what ends the danger of a live credential."""
    if its["verdict"]["state"] != "live":
        return
    key_id = its["access_key_id"] or ""
    works = "it works for everybody who has it."
    if its["verdict"]["identity"] == "root":
        said = f"Deactivate the key, signed in as root: {works}"
    elif its["verdict"]["identity"] in _SESSIONS or key_id.startswith("ASIA"):
        said = f"Revoke the session and close its source: {works}"
    else:
        said = f"Deactivate the key: {works}"
    page.row("Do now", said, "bold red")
