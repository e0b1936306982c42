"""Verdicts for people: a state in capitals, who a key belongs to, who was asked and when.

In: verdicts of the JSON contract. Out: lines of text with their styles. Used by the scan's text and
by that of `leakscan verify`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from leakscan.report.contract import FindingDoc, VerdictDoc
from leakscan.report.liveness import NOBODY_ASKED
from leakscan.report.words import count, moment, some, visible

_HOSTS: Final = 3
_LONG: Final = 2048
"""Characters of an ARN at most. Source: AWS IAM API, arnType."""
_LIVE: Final = "bold red"
_STYLES: Final = {
    "live": _LIVE,
    "unknown": "bold yellow",
    "wrong-secret": "bold yellow",
    "canary": "bold magenta",
}
_WHO: Final = {
    "root": "THE ROOT USER",
    "user": "an IAM user",
    "role-session": "a session of a role",
    "federated-user": "a federated user's session",
}
DISPUTED: Final = "not-settled"
"""Stands for a state where IAM calls a key active that STS did not accept."""
DISPUTED_WORDS: Final = "NOT SETTLED: IAM calls it active, STS did not accept it"
_ASKED: Final = ("live", DISPUTED, "not-accepted", "wrong-secret", "expired", "unknown")
_NOT_ASKED: Final = {
    "foreign-account": "foreign account",
    "token-missing": "token missing",
    "canary": "canary",
    "not-checked": "nothing to ask about",
}
_WHY: Final = {
    "id-alone": "id alone",
    "no-id": "secret without its id",
    "limit": "above --max-keys",
    "untried": "beside too many secrets",
    "sample": "sample",
    "known": "not new",
    "not-sts": "nothing of STS",
    "not-wanted": "not wanted",
    "account-not-known": "account not known",
}


def state_words(verdict: VerdictDoc) -> str:
    """Return the state in capitals, with an unknown one's cause or a live one's owner."""
    words = verdict["state"].replace("-", " ").upper()
    if verdict["cause"]:
        return f"{words} ({verdict['cause']})"
    who = _WHO.get(verdict["identity"] or "")
    return f"{words}: {who}" if who and verdict["state"] == "live" else words


def state_style(verdict: VerdictDoc) -> str:
    """Return the style of a state."""
    return _STYLES.get(verdict["state"], "bold")


def account_words(its: FindingDoc) -> str:
    """Return the account and where it is known from, or why it is not known."""
    decoded, named = its["account_id"], its["verdict"]["account_id"]
    if decoded is not None:
        return f"{decoded}, read from the id ({its['key_generation']} form)"
    old = its["key_generation"] == "old"
    why = "ids of the old form do not hold it" if old else "AWS builds no such id"
    return f"{named}, as AWS says ({why})" if named else f"not known ({why})"


def verdict_lines(its: FindingDoc) -> list[tuple[str, str]]:
    """Return what a verdict says below its state, each line with its style."""
    verdict = its["verdict"]
    decoded, named = its["account_id"], verdict["account_id"]
    lines = [(visible(verdict["text"] or "", _LONG), "")]
    lines.append((visible(verdict["arn"] or "", _LONG), "bold"))
    if named and decoded and named != decoded:
        told = f"Act in account {named}, as AWS says: the id was made for {decoded}."
        lines.append((told, "bold yellow"))
    lines.append((_provenance(verdict), "dim"))
    return [(text, style) for text, style in lines if text]


def _provenance(verdict: VerdictDoc) -> str:
    """Say who was asked, when, and with what code it answered."""
    hosts = [visible(host) for host in verdict["asked"]]
    parts = [f"asked {some(hosts, _HOSTS)}"] if hosts else []
    if verdict["checked_at"]:
        when = moment(verdict["checked_at"])
        parts.append(f"kept from {when}" if verdict["kept"] else when)
    if verdict["code"]:
        parts.append(f"AWS's code {visible(verdict['code'])}")
    if verdict["kept"]:
        parts.append("verify --max-age 0 asks again")
    return "; ".join(parts)


def is_told(verdict: VerdictDoc) -> bool:
    """Say whether there is more to tell than that nobody asked."""
    return verdict["state"] != "not-checked" or verdict["text"] != NOBODY_ASKED.text


def liveness(verdicts: Iterable[VerdictDoc]) -> str:
    """Count the states: 2 live, 1 unknown (throttled); 3 not asked (foreign account)."""
    verdicts = list(verdicts)
    states = Counter(one["state"] for one in verdicts)
    causes = Counter(one["cause"] or "" for one in verdicts if one["state"] == "unknown")
    parts = []
    for state in _ASKED:
        if states[state]:
            why = _each(causes) if state == "unknown" else ""
            why = " (IAM calls it active)" if state == DISPUTED else why
            parts.append(f"{states[state]} {state.replace('-', ' ')}{why}")
    found = Counter(_not_asked(one) for one in verdicts if one["state"] in _NOT_ASKED)
    words = (*_NOT_ASKED.values(), *_WHY.values())
    left = Counter({word: found[word] for word in words if found[word]})
    groups = [", ".join(parts)] if parts else []
    if left:
        groups.append(f"{left.total()} not asked{_each(left)}")
    return "; ".join(groups)


def _not_asked(verdict: VerdictDoc) -> str:
    return _WHY.get(verdict["why"] or "") or _NOT_ASKED[verdict["state"]]


def _each(counted: Counter[str]) -> str:
    """Return the words in parentheses, with their numbers if there are several."""
    known = {word: number for word, number in counted.items() if word}
    if len(known) == 1 == len(counted):
        return f" ({next(iter(known))})"
    return f" ({', '.join(f'{n} {word}' for word, n in known.items())})" if known else ""


def live_line(number: int, doubts: int, complete: bool, aside: str = "") -> str:
    """Say how many live ones there are to act on, and how many nobody could settle.

    `aside` says which live ones are nothing to act on.
    """
    if number:
        also = f", {doubts} not settled" if doubts else ""
        also += f"; {aside}" if aside else ""
        more = "" if complete else " INCOMPLETE: there may be more."
        return f"{count(number, 'live credential')} to act on{also}.{more}"
    none, not_clean = "Nothing live to act on", "do not take this as clean."
    but = f", but {aside}" if aside else ""
    if doubts and complete:
        joint = f"{but} and" if aside else ", but"
        return f"{none}{joint} {doubts} could not be settled: {not_clean}"
    if doubts:
        return f"{none}{but}, {doubts} not settled. INCOMPLETE: {not_clean}"
    if complete:
        return f"{none}{but}. Complete."
    return f"{none} in what was read{but}. INCOMPLETE: {not_clean}"
