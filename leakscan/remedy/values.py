"""What is safe to put into a command: the values of one finding and of its repository.

Part of the remedy stage. In: a finding, and what its repository and its user say. Out: values for
the placeholders of the catalogue. Whoever writes a path, a branch, a remote or a policy would like
to write a command too: each value must be of one strict form, in which nothing means anything to a
shell, to the AWS CLI's own syntax, to JSON, YAML, HCL or Markdown. What is not of its form, holds a
secret or looks as if it might, is left out as a whole, and its word in capitals stays for the
reader: a masked name would be another name, and `<` is a redirection.

Source: IAM User Guide, "IAM and AWS STS quotas" (names); IAM API Reference, GetUser (paths of
users).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from leakscan import aws
from leakscan.model import Event, Finding
from leakscan.record import Record
from leakscan.redact import Redactor, may_hold_secret
from leakscan.verdict import Holder

Mask = Callable[[str], str]
"""Masks the secrets that are known; what it changes is left out."""

# Narrower than what IAM, git and file systems allow: `,` and `=` are syntax of the AWS CLI, and
# what begins with anything but a letter, a digit or `_` may be an option, or syntax of YAML.
_FORMS: Final = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in {
        "access_key_id": r"[A-Z0-9]{16,32}",
        "user_name": r"[A-Za-z0-9_][A-Za-z0-9_+.@-]{0,63}",
        "role_name": r"[A-Za-z0-9_][A-Za-z0-9_+.@-]{0,63}",
        "account_id": r"[0-9]{12}",
        "region": r"[a-z]{2,4}(-[a-z]{1,12}){1,3}-[1-9][0-9]?",
        "partition": r"aws(-[a-z]{1,8}){0,2}",
        "repository": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}){1,8}",
        "branch": r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,8}",
        "role": r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}",
        "path": r"[A-Za-z0-9_.][A-Za-z0-9_.+@-]{0,99}(/[A-Za-z0-9_.][A-Za-z0-9_.+@-]{0,99}){0,20}",
        "now": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
    }.items()
}
_ARN: Final = re.compile(r"arn:(aws[a-z-]{0,12}):(?:iam|sts)::([0-9]{12}):([a-z-]+)(?:/(.+))?")
_MAX_ROLE: Final = 52
"""Characters of a role's name, of the 64 there are: a text may add what it is for."""
_HOSTS: Final[Mapping[str, tuple[str, int]]] = {
    "github-actions": ("github.com", 2),
    "gitlab-ci": ("gitlab.com", 9),
    "bitbucket-pipelines": ("bitbucket.org", 2),
    "circleci": ("github.com", 2),
}
"""Where repositories of a place are, and how many names theirs have at most.

On any other host the same owner and name are somebody else's: a role that trusts them is theirs.
CircleCI's subject names the host, and the text the one it is mostly.
"""
_ROOT_FILE: Final = re.compile(rb"(^|/)rootkeys?[^/]*\.csv\Z", re.IGNORECASE)


class Values(Record, frozen=True):
    """What the repository and the user say, safe to put into a command; empty where unknown.

    `role` is how names of roles begin. `account_id` and `region` are the user's words.
    """

    repository: str = ""
    host: str = ""
    branch: str = ""
    role: str = ""
    account_id: str = ""
    region: str = ""
    now: str = ""


def safe(name: str, value: str) -> str:
    """Return a value for a placeholder, empty unless it is of the one form that is safe there."""
    if not _FORMS[name].fullmatch(value):
        return ""
    if name in ("repository", "branch", "path") and (
        ".." in value or value.endswith((".lock", ".", "/"))
    ):
        return ""
    # What was taken for a name may be a token that somebody put into a URL or a path.
    return "" if may_hold_secret(value) else value


def is_root(finding: Finding) -> bool:
    """Say whether the key is root's: AWS said so, or nobody else, and `seems_root`."""
    if finding.verdict.holder is not None:
        return finding.verdict.holder is Holder.ROOT
    arn = _ARN.fullmatch(finding.verdict.arn)
    return arn[3] == "root" if arn is not None else seems_root(finding)


def seems_root(finding: Finding) -> bool:
    """Say whether nothing but a file named like the one that root is given says whose key it is."""
    if finding.verdict.holder is not None or finding.verdict.arn:
        return False
    placed = (one for one in finding.occurrences if one.path and one.event is not Event.REMOVED)
    return any(_ROOT_FILE.search(one.path or b"") for one in placed)


def values_of(finding: Finding, values: Values, mask: Mask = str) -> dict[str, str]:
    """Return what is known for the placeholders, by their names.

    `mask` knows the secrets of all findings; those of this one need not be among them.
    """
    identity = finding.credential.identity
    arn = _of_arn(finding.verdict.arn)
    region = _region_of(finding, values)
    found = {
        "access_key_id": identity.access_key_id or "",
        "user_name": arn.user,
        "role_name": arn.role,
        "account_id": arn.account or _account(finding) or values.account_id,
        "region": region,
        "partition": partition_of(finding, values),
        "path": text_of(next(iter(paths_of(finding)), b"")),
        **general(values),
    }
    redact = Redactor(filter(None, (identity.secret, identity.session_token)))

    def is_clean(text: str) -> bool:
        return redact(text) == text and mask(text) == text

    known = {name: value for name, value in found.items() if safe(name, value) and is_clean(value)}
    if not is_clean(values.repository):
        known.pop("role", None)  # It is cut from it: a part of a secret, which nothing masks.
    return known


def general(values: Values) -> dict[str, str]:
    """Return what is known for the placeholders without any finding."""
    found = {
        "repository": values.repository,
        "branch": values.branch,
        "role": values.role,
        "now": values.now,
    }
    return {name: value for name, value in found.items() if value}


def of_place(values: Mapping[str, str], place: str, host: str) -> dict[str, str]:
    """Return the values for the steps of one place: a role for it alone, and its repository.

    `host` is where the repository is: elsewhere its owner and name are not ours.
    """
    found = dict(values)
    if values.get("role"):
        found["role"] = f"{values['role']}-{place}"[:_MAX_ROLE].rstrip("-")
    its_host, most = _HOSTS.get(place, ("", 0))
    if host != its_host or values.get("repository", "").count("/") >= most:
        found.pop("repository", None)
    return found


class Paths(Record, frozen=True):
    """The files to act on: the names that are safe, and how many others there are."""

    names: tuple[str, ...] = ()
    others: int = 0


def safe_paths(paths: Iterable[bytes], mask: Mask = str) -> Paths:
    """Return which of some paths can stand in a command."""
    texts = [text_of(path) for path in dict.fromkeys(paths)]
    names = tuple(text for text in texts if safe("path", text) and mask(text) == text)
    return Paths(names, len(texts) - len(names))


def paths_of(finding: Finding) -> tuple[bytes, ...]:
    """Return the paths to act on: where it stands now, else the one it came to last, else none."""
    paths = tuple(dict.fromkeys(choice.path for choice in finding.places if choice.path))
    if paths:
        return paths
    placed = [one for one in finding.occurrences if one.path and one.event is not Event.REMOVED]
    start = datetime.min.replace(tzinfo=UTC)
    newest = max(placed, key=lambda one: one.date or start, default=None)
    return (newest.path,) if newest and newest.path else ()


def partition_of(finding: Finding, values: Values) -> str:
    """Return the partition of a key; empty where neither AWS nor a region tells it."""
    if said := _of_arn(finding.verdict.arn).partition:
        return said
    its = aws.partition_of(_region_of(finding, values))
    return its.name if its is not None else ""


def contradiction(finding: Finding) -> tuple[str, str] | None:
    """Return the account that AWS named and the one the id was made for, where they differ."""
    key_id = finding.credential.identity.access_key_id
    said = _of_arn(finding.verdict.arn).account
    encoded = aws.account_id(key_id) if key_id else None
    return (said, encoded) if said and encoded and said != encoded else None


class _Arn(Record, frozen=True):
    """What an ARN says; empty what it does not."""

    partition: str = ""
    account: str = ""
    user: str = ""
    role: str = ""


def _of_arn(arn: str) -> _Arn:
    found = _ARN.fullmatch(arn)
    if found is None or found[1] not in aws.PARTITIONS:
        return _Arn()
    partition, account, kind, rest = found.groups(default="")
    user = rest.rpartition("/")[2] if kind == "user" else ""
    role = rest.partition("/")[0] if kind == "assumed-role" else ""
    return _Arn(partition, account, user, role)


def _account(finding: Finding) -> str:
    key_id = finding.credential.identity.access_key_id
    return finding.verdict.account or (aws.account_id(key_id) if key_id else "") or ""


def _region_of(finding: Finding, values: Values) -> str:
    """Return the user's region, else the likeliest; of the partition that AWS named, if it did."""
    said = _of_arn(finding.verdict.arn).partition
    for region in filter(None, (values.region, *finding.credential.regions)):
        its = aws.partition_of(region)
        if its is not None and said in ("", its.name):
            return region
    return ""


def text_of(raw: bytes) -> str:
    """Return the text of some bytes; what is not UTF-8 is of no form that is safe."""
    return raw.decode("utf-8", "replace")
