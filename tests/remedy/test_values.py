"""Values for commands: what is of their form goes in, whatever could change a command does not."""

import random
import shlex
import string
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.model import Event, Finding, Occurrence, Part, Place
from leakscan.redact import Redactor, Secret, may_hold_secret
from leakscan.remediation import PLACEHOLDERS, Choice
from leakscan.remedy.origin import Branches, repository_values
from leakscan.remedy.values import (
    Paths,
    Values,
    contradiction,
    is_root,
    of_place,
    partition_of,
    paths_of,
    safe,
    safe_paths,
    seems_root,
    values_of,
)
from leakscan.verdict import Holder, Verdict, VerdictState
from tests.verify.builder import ACCOUNT, akia, finding, secret

NONE = Values()
HUNTER = Secret(b"hunter2", "secret-access-key")
masked = Redactor([HUNTER])
TELLING = frozenset("\"'`$\\;&|<>(){}[]*?!~#%^,=: \t\r\n\x00\x1b\u202e\u2028")
"""Characters that mean something to a shell, to the AWS CLI or in the text of a file."""


def held(arn: str, holder: Holder | None = None) -> Finding:
    verdict = Verdict(VerdictState.LIVE, arn=arn, holder=holder)
    return replace(finding("f", akia("f")), verdict=verdict)


def at(*paths: bytes) -> Finding:
    places = tuple(
        Occurrence(Place.FILE, Event.INTRODUCED, (Part.SECRET,), path=path) for path in paths
    )
    return replace(finding("f", akia("f")), occurrences=places)


# -- each value -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arn", "name", "value"),
    [
        ("arn:aws:iam::418892985061:user/ada", "user_name", "ada"),
        ("arn:aws:iam::418892985061:user/division/team/ada", "user_name", "ada"),
        ("arn:aws:iam::418892985061:user/ada.lovelace+ci@example.com", "user_name",
         "ada.lovelace+ci@example.com"),
        ("arn:aws:sts::418892985061:assumed-role/deploy/i-0abc", "role_name", "deploy"),
        ("arn:aws:iam::418892985061:user/ada", "account_id", "418892985061"),
        ("arn:aws-cn:iam::418892985061:user/ada", "partition", "aws-cn"),
        ("arn:aws-us-gov:iam::418892985061:user/ada", "partition", "aws-us-gov"),
        ("arn:aws:iam::418892985061:root", "account_id", "418892985061"),
    ],
)  # fmt: skip
def test_the_arn_tells(arn: str, name: str, value: str) -> None:
    assert values_of(held(arn), NONE)[name] == value


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::418892985061:user/a;id",
        "arn:aws:iam::418892985061:user/--status",
        "arn:aws:iam::418892985061:user/-a",
        "arn:aws:iam::418892985061:user/a b",
        "arn:aws:iam::418892985061:user/$(id)",
        "arn:aws:iam::418892985061:user/a\n",
        "arn:aws:iam::418892985061:user/a,AttributeKey=Username",
        "arn:aws:iam::418892985061:user/division/",
        "arn:aws:iam::418892985061:group/ada",
        "arn:other:iam::418892985061:user/ada",
        "not an ARN",
        "",
    ],
)
def test_a_name_that_is_not_plain_is_left_to_the_reader(arn: str) -> None:
    found = values_of(held(arn), NONE)
    assert "user_name" not in found
    assert "role_name" not in found


def test_the_account_is_that_of_the_id_unless_aws_said_another() -> None:
    key = finding("f", akia("f"))
    assert values_of(key, NONE)["account_id"] == ACCOUNT
    assert values_of(key, Values(account_id="210987654321"))["account_id"] == ACCOUNT
    unknown = finding("f", None, secret("f"))
    assert values_of(unknown, Values(account_id="210987654321"))["account_id"] == "210987654321"
    assert "account_id" not in values_of(unknown, NONE)


def test_the_region_is_the_likeliest_in_the_partition_unless_the_user_names_one() -> None:
    key = replace(
        held("arn:aws-cn:iam::418892985061:user/ada"),
        credential=finding("f", akia("f"), regions=("eu-west-1", "cn-north-1")).credential,
    )
    assert values_of(key, NONE)["region"] == "cn-north-1"
    assert values_of(key, Values(region="cn-northwest-1"))["region"] == "cn-northwest-1"


def test_a_region_tells_the_partition() -> None:
    key = finding("f", akia("f"), regions=("us-gov-west-1",))
    assert values_of(key, NONE)["partition"] == "aws-us-gov"
    assert "partition" not in values_of(finding("f", akia("f")), NONE)


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        (b"git@github.com:acme/shop.git", "acme/shop"),
        (b"git@github.com:acme/shop", "acme/shop"),
        (b"ssh://git@github.com:22/acme/shop.git", "acme/shop"),
        (b"https://github.com/acme/shop.git/", "acme/shop"),
        (b"https://gitlab.example.com:8443/group/sub/shop.git", "group/sub/shop"),
        (b"https://x-token:hunter2@github.com/acme/shop.git", "acme/shop"),
        (b"https://github.com/acme/.github", "acme/.github"),
        (b"/srv/git/shop.git", ""),
        (b"../shop", ""),
        (b"file:///srv/git/shop.git", ""),
        (b"https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop", ""),
        (b"https://github.com/acme/shop;id", ""),
        (b"https://github.com/acme/$(id)", ""),
        (b"https://github.com/--upload-pack=x/shop", ""),
        (b"https://github.com/acme/--repo", ""),
        (b"https://github.com/acme/..", ""),
        (b"https://github.com/acme/shop\nrm", ""),
        (b"https://github.com/acme/*", ""),
        (b"https://github.com/shop", ""),
        (b"https://github.com/acme/\xff", ""),
    ],
)
def test_the_remote_names_the_repository(url: bytes, repository: str) -> None:
    assert repository_values([url], Branches()).repository == repository


def test_the_first_remote_that_names_a_repository_counts() -> None:
    urls = [b"/srv/mirror", b"git@github.com:acme/shop.git", b"git@github.com:other/fork.git"]
    assert repository_values(urls, Branches()).repository == "acme/shop"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (b"git@github.com:acme/shop.git", "github.com"),
        (b"git@GitHub.com:acme/shop.git", "github.com"),
        (b"ssh://git@ssh.github.com:443/acme/shop.git", "github.com"),
        (b"https://token@gitlab.com/acme/shop", "gitlab.com"),
        (b"git@git.corp.example:platform/shop.git", "git.corp.example"),
        (b"git@github-work:acme/shop.git", "github-work"),
        (b"https://github.com.evil.example/acme/shop", "github.com.evil.example"),
        (b"/srv/git/shop.git", ""),
        (b"https://dev.azure.com/acme/project/_git/shop", ""),
        (b"git@ssh.dev.azure.com:v3/acme/project/shop", ""),
        (b"https://github.com/acme/shop.git.git", ""),
    ],
)
def test_the_remote_names_its_host(url: bytes, host: str) -> None:
    values = repository_values([url], Branches())
    assert values.host == host
    assert bool(values.repository) == bool(host)


@pytest.mark.parametrize(
    ("place", "host", "repository", "is_its_own"),
    [
        ("github-actions", "github.com", "acme/shop", True),
        ("github-actions", "git.corp.example", "acme/shop", False),
        ("github-actions", "github.com", "acme/shop/wiki", False),
        ("github-actions", "gitlab.com", "acme/shop", False),
        ("gitlab-ci", "gitlab.com", "acme/team/shop", True),
        ("gitlab-ci", "gitlab.example.com", "acme/shop", False),
        ("bitbucket-pipelines", "bitbucket.org", "acme/shop", True),
        ("circleci", "github.com", "acme/shop", True),
        ("circleci", "bitbucket.org", "acme/shop", False),
        ("jenkins", "github.com", "acme/shop", False),
        ("jenkins", "", "acme/shop", False),
    ],
)
def test_a_place_takes_the_repository_of_its_own_host_alone(
    place: str, host: str, repository: str, is_its_own: bool
) -> None:
    assert ("repository" in of_place({"repository": repository}, place, host)) == is_its_own


@pytest.mark.parametrize(
    ("head", "branch"),
    [
        (b"refs/heads/main", "main"),
        (b"refs/heads/release/2026.11", "release/2026.11"),
        (b"refs/heads/*", ""),
        (b"refs/heads/a`id`", ""),
        (b"refs/heads/-f", ""),
        (b"refs/heads/a/-f", ""),
        (b'refs/heads/a"]', ""),
        (b"refs/heads/${x}", ""),
        (b"refs/heads/a\xff", ""),
        (b"0123456789012345678901234567890123456789", ""),
        (None, ""),
    ],
)
def test_the_only_branch_is_the_one_that_is_deployed(head: bytes | None, branch: str) -> None:
    assert repository_values([], Branches(head, is_only=True)).branch == branch


@pytest.mark.parametrize(
    ("head", "default", "branch"),
    [
        (b"refs/heads/main", None, "main"),
        (b"refs/heads/master", None, "master"),
        (b"refs/heads/production", None, "production"),
        (b"refs/heads/feature/login", None, ""),
        (b"refs/heads/feature/login", b"refs/remotes/origin/next", "next"),
        (b"refs/heads/main", b"refs/remotes/origin/release/7", "release/7"),
        (b"refs/heads/main", b"refs/remotes/origin/$(id)", ""),
        (None, b"refs/remotes/origin/main", "main"),
    ],
)
def test_the_branch_of_the_remote_comes_first_and_any_branch_does_not_count(
    head: bytes | None, default: bytes | None, branch: str
) -> None:
    assert repository_values([], Branches(head, default)).branch == branch


@pytest.mark.parametrize(
    ("url", "role"),
    [
        (b"git@github.com:acme/shop.git", "shop"),
        (b"git@github.com:acme/Web.Shop_2.git", "Web-Shop-2"),
        (b"git@github.com:acme/.github", "github"),
        (b"git@github.com:acme/" + b"long-" * 19, "-".join(["long"] * 5) + "-lon"),
        (b"git@github.com:acme/___", ""),
    ],
)
def test_the_role_is_named_after_the_repository(url: bytes, role: str) -> None:
    assert repository_values([url], Branches()).role == role


def test_each_place_has_a_role_of_its_own() -> None:
    assert of_place({"role": "shop"}, "ecs-task", "") == {"role": "shop-ecs-task"}
    assert of_place({}, "ecs-task", "") == {}


def test_of_many_paths_those_that_are_safe_are_named_and_the_others_counted() -> None:
    paths = safe_paths([b"a.env", b"$(id)", b"b.env", b"a.env", b"c d.env"])
    assert paths == Paths(("a.env", "b.env"), 2)
    assert safe_paths([b"a.env", b"x-hunter2.env"], masked) == Paths(("a.env",), 1)


def test_a_key_stands_in_all_its_places() -> None:
    key = replace(
        at(b"old.env"),
        places=tuple(Choice("dotenv", path, 1, (), True) for path in (b"a", b"b", b"a")),
    )
    assert paths_of(key) == (b"a", b"b")
    assert paths_of(at(b"old.env")) == (b"old.env",)


def test_a_path_is_where_it_stands_or_where_it_came_to_last() -> None:
    assert values_of(at(b"src/app.py"), NONE)["path"] == "src/app.py"
    assert "path" not in values_of(at(b"src/a b.py"), NONE)
    assert "path" not in values_of(at(b"-rf"), NONE)
    assert "path" not in values_of(at(b"a/../../etc"), NONE)
    old = replace(at(b"old.py").occurrences[0], date=datetime(2025, 1, 1, tzinfo=UTC))
    new = replace(at(b"new.py").occurrences[0], date=datetime(2026, 1, 1, tzinfo=UTC))
    moved = replace(finding("f", akia("f")), occurrences=(new, old))
    assert values_of(moved, NONE)["path"] == "new.py"


def test_the_time_is_utc() -> None:
    noon = datetime.fromisoformat("2026-11-22T13:00:00+01:00")
    assert repository_values([], Branches(), now=noon).now == "2026-11-22T12:00:00Z"


def test_no_value_is_a_secret_or_looks_like_one() -> None:
    hidden = secret("f").reveal()
    assert safe("path", "conf/made-up-name-of-a-file") == "conf/made-up-name-of-a-file"
    assert "path" not in values_of(at(b"conf/" + hidden), NONE)
    assert repository_values([b"https://github.com/acme/" + hidden], Branches()).repository == ""
    # A short one looks like nothing; it is known to be one.
    short = replace(at(b"conf/hunter2"), credential=finding("f", None, HUNTER).credential)
    assert "path" not in values_of(short, NONE)
    named = repository_values(
        [b"https://github.com/acme/hunter2"], Branches(b"refs/heads/hunter2", is_only=True)
    )
    assert named.role == named.branch == "hunter2"
    assert not {"repository", "branch", "role"} & set(values_of(short, named))


def glued() -> tuple[str, str]:
    """Return a secret of letters and digits, and a name that it stands in without a boundary."""
    value = random.Random(7).choices(string.ascii_letters + string.digits, k=40)
    return "".join(value), f"fix{''.join(value)}s"


def test_a_secret_within_a_longer_name_is_no_value_though_nobody_knows_it() -> None:
    _, name = glued()
    urls = [f"https://github.com/acme/{name}.git".encode()]
    found = repository_values(urls, Branches(f"refs/heads/{name}".encode(), is_only=True))
    assert not found.repository + found.branch + found.role + found.host
    assert not safe("path", f"conf/{name}.env")
    assert not safe("path", f"conf/{name[:20]}/{name[20:]}.env")


def test_a_secret_of_another_finding_is_no_value_and_no_part_of_one() -> None:
    urls, branches = [b"git@github.com:acme/a-hunter2-b"], Branches(b"refs/heads/hunter2", None)
    found = repository_values(urls, replace(branches, is_only=True), mask=masked)
    assert not found.repository + found.branch + found.role
    known = repository_values(urls, Branches())
    assert known.role == "a-hunter2-b"
    values = values_of(at(b"x-hunter2/.env"), known, masked)
    assert not {"repository", "role", "path"} & set(values)


def test_hardly_any_secret_within_a_name_is_overlooked() -> None:
    rng = random.Random(20261122)
    letters = string.ascii_letters + string.digits + "+/"
    secrets = ["".join(rng.choices(letters, k=40)) for _ in range(3000)]
    assert not [one for one in secrets if not may_hold_secret(f"conf/prod{one}x.env")]


def test_a_name_that_is_no_secret_stays() -> None:
    for path in (
        "src/main/java/com/acme/shop/payment/checkout/Application.java",
        "objects/0123456789abcdef0123456789abcdef01234567.env",
        "infrastructure/environments/production/terraform/variables.tf",
    ):
        assert safe("path", path) == path


def test_root_is_known_by_its_arn_or_its_file() -> None:
    assert is_root(held("arn:aws:iam::418892985061:root"))
    assert is_root(held("", Holder.ROOT))
    assert is_root(at(b"home/rootkey.csv"))
    assert is_root(at(b"Downloads/rootkeys (1).csv"))
    assert not is_root(at(b"rootkey.csv.md"))
    assert not is_root(held("arn:aws:iam::418892985061:user/root"))


def test_what_aws_says_of_root_comes_before_the_name_of_a_file() -> None:
    key = at(b"rootkey.csv")
    assert seems_root(key)
    user = Verdict(VerdictState.LIVE, arn="arn:aws:iam::418892985061:user/ci")
    for verdict in (user, replace(user, arn="", holder=Holder.USER)):
        assert not is_root(replace(key, verdict=verdict))
    root = replace(key, verdict=Verdict(VerdictState.LIVE, holder=Holder.ROOT))
    assert is_root(root)
    assert not seems_root(root)
    gone = replace(key, occurrences=(replace(key.occurrences[0], event=Event.REMOVED),))
    assert not is_root(gone)


def test_a_region_of_another_partition_than_the_key_is_not_filled_in() -> None:
    key = held("arn:aws-us-gov:iam::418892985061:user/ci")
    assert "region" not in values_of(key, Values(region="eu-west-1"))
    assert values_of(key, Values(region="us-gov-east-1"))["region"] == "us-gov-east-1"
    assert partition_of(key, Values(region="eu-west-1")) == "aws-us-gov"
    assert partition_of(at(b"a"), Values(region="us-gov-east-1")) == "aws-us-gov"
    assert partition_of(at(b"a"), NONE) == ""


def test_an_account_that_the_id_contradicts_is_told() -> None:
    assert contradiction(held(f"arn:aws:iam::{ACCOUNT}:user/ci")) is None
    assert contradiction(held("")) is None
    assert contradiction(held("arn:aws:iam::210987654321:user/ci")) == ("210987654321", ACCOUNT)


# -- what nothing may do ----------------------------------------------------------------------


@given(st.sampled_from(sorted(PLACEHOLDERS)), st.text(max_size=80))
@example("branch", "a$(id)")
@example("user_name", "-x")
@example("repository", "a/b\n")
@example("path", "~/x")
def test_what_is_safe_is_one_word_of_a_shell_and_no_option(name: str, text: str) -> None:
    value = safe(name, text)
    if value:
        assert value == text
        assert shlex.split(value) == [value]
        assert not value.startswith("-")
        assert value.isascii()
        assert not TELLING & set(value.replace(":", "") if name == "now" else value)


@given(
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.text(max_size=60),
    st.binary(min_size=1, max_size=60),
)
def test_whatever_a_repository_says_each_value_is_safe(
    url: bytes, head: bytes, user: str, path: bytes
) -> None:
    branches = Branches(b"refs/heads/" + head, is_only=True)
    values = repository_values([b"https://github.com/" + url], branches)
    key = replace(
        at(path),
        verdict=Verdict(VerdictState.LIVE, arn=f"arn:aws:iam::418892985061:user/{user}"),
    )
    for name, value in of_place(values_of(key, values), "gitlab-ci", "gitlab.com").items():
        assert safe(name, value) == value
    for name in safe_paths([path]).names:
        assert safe("path", name) == name
