"""Values for commands: what is of their form goes in, whatever could change a command does not."""

import shlex
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.model import Event, Finding, Occurrence, Part, Place
from leakscan.redact import Secret
from leakscan.remediation import PLACEHOLDERS
from leakscan.remedy.values import Values, is_root, of_place, repository_values, safe, values_of
from leakscan.verdict import Holder, Verdict, VerdictState
from tests.verify.builder import ACCOUNT, akia, finding, secret

NONE = Values()
HUNTER = Secret(b"hunter2", "secret-access-key")
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
    assert repository_values([url], None).repository == repository


def test_the_first_remote_that_names_a_repository_counts() -> None:
    urls = [b"/srv/mirror", b"git@github.com:acme/shop.git", b"git@github.com:other/fork.git"]
    assert repository_values(urls, None).repository == "acme/shop"


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
def test_head_names_the_branch(head: bytes | None, branch: str) -> None:
    assert repository_values([], head).branch == branch


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
    assert repository_values([url], None).role == role


def test_each_place_has_a_role_and_a_path_of_its_own() -> None:
    known = {"role": "shop", "path": "a.env"}
    assert of_place(known, "ecs-task", [b"task.json"]) == {
        "role": "shop-ecs-task",
        "path": "task.json",
    }
    assert of_place(known, "ecs-task", []) == {"role": "shop-ecs-task", "path": "a.env"}
    assert of_place(known, "ecs-task", [b"$(id)"]) == {"role": "shop-ecs-task"}
    assert of_place({}, "ecs-task", []) == {}


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
    assert repository_values([], None, now=noon).now == "2026-11-22T12:00:00Z"


def test_no_value_is_a_secret_or_looks_like_one() -> None:
    hidden = secret("f").reveal()
    assert safe("path", "conf/made-up-name-of-a-file") == "conf/made-up-name-of-a-file"
    assert "path" not in values_of(at(b"conf/" + hidden), NONE)
    assert repository_values([b"https://github.com/acme/" + hidden], None).repository == ""
    # A short one looks like nothing; it is known to be one.
    short = replace(at(b"conf/hunter2"), credential=finding("f", None, HUNTER).credential)
    assert "path" not in values_of(short, NONE)
    named = repository_values([b"https://github.com/acme/hunter2"], b"refs/heads/hunter2")
    assert not {"repository", "branch", "role"} & set(values_of(short, named))


def test_root_is_known_by_its_arn_or_its_file() -> None:
    assert is_root(held("arn:aws:iam::418892985061:root"))
    assert is_root(held("", Holder.ROOT))
    assert is_root(at(b"home/rootkey.csv"))
    assert is_root(at(b"Downloads/rootkeys (1).csv"))
    assert not is_root(at(b"rootkey.csv.md"))
    assert not is_root(held("arn:aws:iam::418892985061:user/root"))


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
    values = repository_values([b"https://github.com/" + url], b"refs/heads/" + head)
    key = replace(
        at(path),
        verdict=Verdict(VerdictState.LIVE, arn=f"arn:aws:iam::418892985061:user/{user}"),
    )
    for name, value in of_place(values_of(key, values), "dotenv", [path]).items():
        assert safe(name, value) == value
