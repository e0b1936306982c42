"""What is safe to put into a command: the values of one finding and of its repository.

Part of the remedy stage. In: a finding, and what its repository and its user say. Out: values for
the placeholders of the catalogue. Whoever writes a path, a branch, a remote or a policy would like
to write a command too: each value must be of one strict form, in which nothing means anything to a
shell, to the AWS CLI's own syntax, to JSON, YAML, HCL or Markdown. What is not of its form is left
out, and its word in capitals stays for the reader.

Source: IAM User Guide, "IAM and AWS STS quotas" (names); IAM API Reference, GetUser (paths of
users); git documentation, git-clone, "GIT URLS", and git-check-ref-format.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from leakscan import aws
from leakscan.model import Event, Finding
from leakscan.record import Record
from leakscan.redact import Redactor, mask_text
from leakscan.verdict import Holder

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
_URL: Final = re.compile(
    rb"(?:(?:https?|ssh|git)://(?:[^/@]*@)?(?P<host>[^/:@]+)(?::\d+)?/|[^/@:]*@(?P<scp>[^/:@]+):/?)"
    rb"(?P<path>[^?#]+)"
)
_BRANCH: Final = b"refs/heads/"
_MAX_ROLE: Final = 52
"""Characters of a role's name, of the 64 there are: a text may add what it is for."""
_MAX_REPOSITORY_ROLE: Final = 28
"""Of these, those that come from the repository; the rest is the place."""
_ROOT_FILE: Final = re.compile(rb"(^|/)rootkeys?[^/]*\.csv\Z", re.IGNORECASE)


class Values(Record, frozen=True):
    """What the repository and the user say, safe to put into a command; empty where unknown.

    `role` is how names of roles begin. `account_id` and `region` are the user's words.
    """

    repository: str = ""
    branch: str = ""
    role: str = ""
    account_id: str = ""
    region: str = ""
    now: str = ""


def repository_values(
    urls: Iterable[bytes],
    head: bytes | None,
    *,
    account: str = "",
    region: str = "",
    now: datetime | None = None,
) -> Values:
    """Return the values of a repository, from the URLs of its remotes and the ref of HEAD.

    The likeliest URL comes first; the first that names a repository on a host counts.
    """
    repository = next(filter(None, map(_repository, urls)), "")
    branch = head.removeprefix(_BRANCH) if head and head.startswith(_BRANCH) else b""
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if now else ""
    return Values(
        repository=repository,
        branch=safe("branch", _text(branch)),
        role=_role(repository),
        account_id=safe("account_id", account),
        region=safe("region", region),
        now=safe("now", moment),
    )


def safe(name: str, value: str) -> str:
    """Return a value for a placeholder, empty unless it is of the one form that is safe there."""
    if not _FORMS[name].fullmatch(value):
        return ""
    if name in ("repository", "branch", "path") and (
        ".." in value or value.endswith((".lock", ".", "/"))
    ):
        return ""
    # What was taken for a name may be a token that somebody put into a URL or a path.
    return value if mask_text(value) == value else ""


def is_root(finding: Finding) -> bool:
    """Say whether the key is root's: AWS said so, or it stands in the file that root is given."""
    arn = _ARN.fullmatch(finding.verdict.arn)
    if finding.verdict.holder is Holder.ROOT or (arn is not None and arn[3] == "root"):
        return True
    return any(_ROOT_FILE.search(one.path) for one in finding.occurrences if one.path)


def values_of(finding: Finding, values: Values) -> dict[str, str]:
    """Return what is known for the placeholders, by their names."""
    identity = finding.credential.identity
    partition, account, user, role = _of_arn(finding.verdict.arn)
    region = values.region or _region(finding.credential.regions, partition)
    if not partition and (its := aws.partition_of(region)) is not None:
        partition = its.name
    found = {
        "access_key_id": identity.access_key_id or "",
        "user_name": user,
        "role_name": role,
        "account_id": account or _account(finding) or values.account_id,
        "region": region,
        "partition": partition,
        "path": _text(_path(finding)),
        **general(values),
    }
    redact = Redactor(filter(None, (identity.secret, identity.session_token)))
    return {
        name: value for name, value in found.items() if safe(name, value) and redact(value) == value
    }


def general(values: Values) -> dict[str, str]:
    """Return what is known for the placeholders without any finding."""
    found = {
        "repository": values.repository,
        "branch": values.branch,
        "role": values.role,
        "now": values.now,
    }
    return {name: value for name, value in found.items() if value}


def of_place(values: Mapping[str, str], place: str, paths: Collection[bytes]) -> dict[str, str]:
    """Return the values for the steps of one place: its own path, and a role for it alone."""
    found = dict(values)
    if values.get("role"):
        found["role"] = f"{values['role']}-{place}"[:_MAX_ROLE].rstrip("-")
    path = next((text for one in paths if (text := safe("path", _text(one)))), "")
    if path:
        found["path"] = path
    elif paths:
        found.pop("path", None)
    return found


def _path(finding: Finding) -> bytes:
    """Return the path to act on: where it stands now, else the one it came to last, else none."""
    if finding.places and finding.places[0].path:
        return finding.places[0].path
    placed = [one for one in finding.occurrences if one.path and one.event is not Event.REMOVED]
    start = datetime.min.replace(tzinfo=UTC)
    newest = max(placed, key=lambda one: one.date or start, default=None)
    return (newest.path or b"") if newest else b""


def _of_arn(arn: str) -> tuple[str, str, str, str]:
    """Return partition, account, name of the user and of the role; empty what it does not say."""
    found = _ARN.fullmatch(arn)
    if found is None or found[1] not in aws.PARTITIONS:
        return "", "", "", ""
    partition, account, kind, rest = found.groups(default="")
    user = rest.rpartition("/")[2] if kind == "user" else ""
    role = rest.partition("/")[0] if kind == "assumed-role" else ""
    return partition, account, user, role


def _account(finding: Finding) -> str:
    key_id = finding.credential.identity.access_key_id
    return finding.verdict.account or (aws.account_id(key_id) if key_id else "") or ""


def _region(regions: Iterable[str], partition: str) -> str:
    """Return the likeliest region that is in the partition, if that is known."""
    for region in regions:
        its = aws.partition_of(region)
        if its is not None and partition in ("", its.name):
            return region
    return ""


def _repository(url: bytes) -> str:
    """Return OWNER/NAME of a remote's URL, empty for a path on this machine and other forms."""
    found = _URL.fullmatch(url)
    host = (found["host"] or found["scp"] or b"").lower() if found else b""
    if found is None or host.startswith(b"git-codecommit."):
        return ""
    path = found["path"].strip(b"/")
    return safe("repository", _text(path).removesuffix(".git"))


def _role(repository: str) -> str:
    """Return the beginning of a role's name, made of the repository's."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", repository.rpartition("/")[2]).strip("-")
    return safe("role", name[:_MAX_REPOSITORY_ROLE].rstrip("-"))


def _text(raw: bytes) -> str:
    """Return the text of some bytes; what is not UTF-8 is of no form that is safe."""
    return raw.decode("utf-8", "replace")
