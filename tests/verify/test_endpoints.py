"""Where is asked: compared with botocore's own rules, and what a repository can do about it."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.endpoint_provider import EndpointProvider
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.aws import PARTITIONS, REGIONS, partition_of
from leakscan.redact import Secret
from leakscan.verify.base import Endpoint
from leakscan.verify.endpoints import Where, endpoints, left_out
from tests.support.tokens import token_from

DATA = Path(botocore.__file__).parent / "data"
PARTITION_DATA: dict[str, Any] = json.loads((DATA / "partitions.json").read_bytes())
OLD_DATA: dict[str, Any] = json.loads((DATA / "endpoints.json").read_bytes())
RULES = json.loads(
    gzip.decompress((DATA / "sts" / "2011-06-15" / "endpoint-rule-set-1.json.gz").read_bytes())
)
RESOLVER = EndpointProvider(RULES, PARTITION_DATA)
AWS = Where()


def all_regions() -> Iterator[tuple[str, str]]:
    for partition in PARTITION_DATA["partitions"]:
        for region in partition["regions"]:
            if not region.endswith("-global"):
                yield partition["id"], region


def fips_hosts() -> dict[str, str]:
    """Return the hosts that exist, by region; the rule set makes up one for every region."""
    found = {}
    for partition in OLD_DATA["partitions"]:
        for region, entry in partition["services"]["sts"]["endpoints"].items():
            for variant in entry.get("variants", ()):
                if "fips" in variant["tags"]:
                    found[region] = variant["hostname"]
    return found


FIPS = fips_hosts()


def resolved(region: str, *, fips: bool) -> str:
    url = RESOLVER.resolve_endpoint(
        Region=region, UseFIPS=fips, UseDualStack=False, UseGlobalEndpoint=False
    ).url
    assert isinstance(url, str)
    return url


def token(region: str) -> Secret:
    return Secret(token_from(region), "session-token")


def regions_of(found: tuple[Endpoint, ...]) -> list[str]:
    return [one.region for one in found]


@pytest.mark.parametrize(("partition", "region"), [*all_regions()])
def test_the_host_of_every_region_is_botocores(partition: str, region: str) -> None:
    first = endpoints((), None, Where((partition,), region))[0]
    assert first == Endpoint(partition, region, resolved(region, fips=False))
    named = endpoints((), token(region), Where((partition,)))[0]
    assert (named == first) is (region in REGIONS or region == named.region)


def test_every_region_that_is_known_exists() -> None:
    assert {region for _, region in all_regions()} >= REGIONS


def test_a_forged_token_makes_no_host() -> None:
    assert partition_of("il-northwest-77") is not None
    found = endpoints((), token("il-northwest-77"), AWS)
    assert regions_of(found) == ["us-east-1"]


def test_an_isolated_partition_is_asked_if_the_user_names_it() -> None:
    hinted = ("us-iso-east-1",)
    assert [one.partition for one in endpoints(hinted, None, AWS)] == ["aws"]
    assert left_out(hinted, None, AWS) == ("aws-iso",)
    named = Where(("aws", "aws-iso"))
    assert [one.partition for one in endpoints(hinted, None, named)] == ["aws-iso", "aws"]
    assert left_out(hinted, None, named) == ()
    assert left_out(hinted, None, Where(region="us-iso-west-1")) == ()


@pytest.mark.parametrize(("partition", "region"), [*all_regions()])
def test_only_fips_hosts_that_exist_are_asked_with_fips(partition: str, region: str) -> None:
    found = endpoints((), None, Where((partition,), region, fips=True))
    for one in found:
        assert one.url == resolved(one.region, fips=True) == f"https://{FIPS[one.region]}"
    real = partition in {one.name for one in map(partition_of, FIPS) if one is not None}
    assert bool(found) is real
    assert left_out((), None, Where((partition,), region, fips=True)) == (
        () if real else (partition,)
    )
    if real:
        default = PARTITIONS[partition].default_region
        assert found[0].region == (region if region in FIPS else default)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_the_default_region_is_asked_where_nothing_is_known(partition: str) -> None:
    default = PARTITIONS[partition].default_region
    assert regions_of(endpoints((), None, Where((partition,)))) == [default]


def test_hints_choose_partitions_and_never_a_region() -> None:
    found = endpoints(("eu-west-3", "cn-northwest-1", "eu-north-1", "evil.example"), None, AWS)
    assert [(one.partition, one.region) for one in found] == [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
    ]
    found = endpoints(("us-gov-east-1",), None, Where(("aws-cn", "aws")))
    assert [one.partition for one in found] == ["aws-us-gov", "aws-cn", "aws"]


def test_the_region_of_a_token_comes_first_and_then_the_default() -> None:
    found = endpoints(("us-west-2",), token("eu-south-2"), AWS)
    assert regions_of(found) == ["eu-south-2", "us-east-1"]
    assert regions_of(endpoints((), token("us-east-1"), AWS)) == ["us-east-1"]


def test_a_token_is_asked_about_in_its_own_partition_first() -> None:
    found = endpoints(("us-east-1",), token("cn-northwest-1"), AWS)
    assert regions_of(found) == ["cn-northwest-1", "cn-north-1", "us-east-1"]


def test_what_the_user_set_comes_before_what_the_token_says() -> None:
    where = Where(region="us-west-2")
    assert regions_of(endpoints((), token("eu-south-2"), where)) == ["us-west-2", "us-east-1"]
    found = endpoints((), token("cn-northwest-1"), where)
    assert regions_of(found) == ["cn-northwest-1", "cn-north-1", "us-west-2", "us-east-1"]


def test_a_region_of_the_user_names_its_partition() -> None:
    found = endpoints((), None, Where(region="us-gov-east-1"))
    assert regions_of(found) == ["us-gov-east-1", "us-gov-west-1", "us-east-1"]


def test_a_region_of_no_partition_makes_no_host() -> None:
    where = Where(region="evil.example/x")
    assert endpoints((), None, where) == endpoints((), None, AWS)


def test_fips_leaves_out_what_it_cannot_ask_and_says_so() -> None:
    where = Where(fips=True)
    regions = ("cn-north-1", "us-gov-east-1", "us-iso-east-1")
    found = endpoints(regions, None, where)
    assert [one.host for one in found] == [
        "sts.us-gov-west-1.amazonaws.com",
        "sts-fips.us-east-1.amazonaws.com",
    ]
    assert left_out(regions, None, where) == ("aws-cn", "aws-iso")
    assert left_out(regions, None, AWS) == ("aws-iso",)
    assert left_out((), token("cn-north-1"), where) == ("aws-cn",)


def test_an_endpoint_of_the_user_is_the_only_one() -> None:
    where = Where(endpoint_url="http://127.0.0.1:5000", fips=True)
    url = "http://127.0.0.1:5000"
    regions = ("cn-north-1", "us-gov-east-1")
    assert endpoints(regions, token("eu-west-1"), where) == (Endpoint("aws", "us-east-1", url),)
    assert endpoints(regions, None, where)[0].host == "127.0.0.1:5000"
    assert left_out(regions, None, where) == ("aws-cn", "aws-us-gov")
    assert left_out((), None, where) == ()


@pytest.mark.parametrize(
    ("where", "partition", "region"),
    [
        (Where(("aws-cn", "aws")), "aws-cn", "cn-north-1"),
        (Where(("aws",), "eu-west-1"), "aws", "eu-west-1"),
        (Where(("aws",), "us-gov-east-1"), "aws-us-gov", "us-gov-east-1"),
        (Where(("aws-cn",), "local"), "aws-cn", "local"),
        (Where(()), "aws-us-gov", "us-gov-west-1"),
    ],
)
def test_an_endpoint_of_the_user_signs_for_a_region(
    where: Where, partition: str, region: str
) -> None:
    url = "https://sts.internal.example"
    found = endpoints(("us-gov-east-1",), None, replace(where, endpoint_url=url))
    assert found == (Endpoint(partition, region, url),)


HOSTS = {
    f"sts.{region}.{PARTITIONS[partition].dns_suffix}" for partition, region in all_regions()
} | set(FIPS.values())


@given(
    hints=st.lists(st.one_of(st.text(max_size=30), st.sampled_from(["cn-north-1", "eu-west-9"]))),
    named=st.text(max_size=30),
    fips=st.booleans(),
)
def test_no_text_of_a_repository_gets_into_a_host(hints: list[str], named: str, fips: bool) -> None:
    secret = Secret(token_from("evil" + named[:20].encode().hex()), "session-token")
    for one in endpoints(hints, secret, Where(fips=fips)):
        assert one.host in HOSTS
        assert one.url == f"https://{one.host}"
