"""What leakscan says of partitions and tokens, against botocore's data and made-up bytes."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakscan.aws import PARTITIONS, partition_of, token_region
from tests.support.tokens import ORIGIN, token_from

BOTOCORE: list[dict[str, Any]] = json.loads(
    (Path(botocore.__file__).parent / "data" / "partitions.json").read_bytes()
)["partitions"]


def botocore_regions() -> Iterator[tuple[str, str]]:
    for partition in BOTOCORE:
        for region in partition["regions"]:
            if not region.endswith("-global"):
                yield partition["id"], region


def test_botocore_knows_no_partition_that_we_do_not_know() -> None:
    assert {one["id"] for one in BOTOCORE} <= set(PARTITIONS)


@pytest.mark.parametrize("theirs", BOTOCORE, ids=lambda one: one["id"])
def test_partitions_have_the_suffix_and_regions_of_botocore(theirs: dict[str, Any]) -> None:
    ours = PARTITIONS[theirs["id"]]
    assert ours.name == theirs["id"]
    assert ours.dns_suffix == theirs["outputs"]["dnsSuffix"]
    assert ours.default_region in theirs["regions"]
    assert re.fullmatch(theirs["regionRegex"], ours.default_region)


@pytest.mark.parametrize(("partition", "region"), [*botocore_regions()])
def test_every_region_of_botocore_belongs_to_its_partition_alone(
    partition: str, region: str
) -> None:
    fitting = [one.name for one in PARTITIONS.values() if re.fullmatch(one.region_pattern, region)]
    assert fitting == [partition]
    found = partition_of(region)
    assert found is not None
    assert found.name == partition


@pytest.mark.parametrize(
    "name",
    [
        "",
        "aws-global",
        "us-east-0",
        "us-east-100",
        "us-east-1a",
        "us-east-1\n",
        "us-east-1.evil.example",
        "us-east-\u0661",
        "evil.example/us-east-1",
        "US-EAST-1",
        "us-nowhere-1",
        "de-east-1",
    ],
)
def test_what_is_no_name_of_a_region_has_no_partition(name: str) -> None:
    assert partition_of(name) is None


@given(st.from_regex("|".join(one.region_pattern for one in PARTITIONS.values()), fullmatch=True))
def test_names_that_fit_belong_to_one_partition_and_to_botocores_expression(name: str) -> None:
    ours = partition_of(name)
    assert ours is not None
    theirs = [one["id"] for one in BOTOCORE if re.fullmatch(one["regionRegex"], name)]
    assert theirs in ([ours.name], [])


@pytest.mark.parametrize(("partition", "region"), [*botocore_regions()])
def test_a_token_tells_its_region(partition: str, region: str) -> None:
    assert token_region(token_from(region)) == region


@pytest.mark.parametrize("region", ["", "us-east-1x", "evil.example", "aws-global", "US-EAST-1"])
def test_a_token_that_names_no_region_tells_nothing(region: str) -> None:
    assert token_region(token_from(region)) is None


def encoded(*fields: bytes) -> bytes:
    return base64.b64encode(ORIGIN + b"".join(fields) + bytes(60))


def test_the_region_is_field_three_and_nothing_that_looks_like_it() -> None:
    region = b"\x09eu-west-2"
    assert token_region(encoded(b"\x1a" + region)) == "eu-west-2"
    assert token_region(encoded(b"\x22" + region)) is None
    assert token_region(encoded(b"\x1d" + region)) is None
    assert token_region(encoded(b"\x18" + region)) is None
    assert token_region(encoded(b"\x22\x0b\x1a" + region)) is None
    assert token_region(encoded(b"\x22\x0b\x1a" + region + b"\x1a\x09us-west-2")) == "us-west-2"
    assert token_region(encoded(b"\x1a\x09eu-west-x" + b"\x1a" + region)) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"\x1a",
        b"\x1a\xff" + b"\xff" * 9,
        b"\x1a\x7f",
        b"\x10",
        b"\x1a\x0aus-east-1",
    ],
)
def test_a_token_that_ends_too_soon_tells_nothing(damage: bytes) -> None:
    assert token_region(base64.b64encode(ORIGIN + damage)) is None


def test_other_forms_of_tokens_tell_nothing() -> None:
    body = base64.b64decode(token_from("eu-west-2"))
    assert token_region(base64.b64encode(b"\x15" + body[1:])) is None
    token = token_from("eu-west-2")
    assert token_region(b"****" + token) is None
    assert token_region(token[:48] + b"****" + token[48:]) is None
    assert token_region(b"") is None


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=300).map(base64.b64encode)))
@example(b"IQoJb3JpZ2luX2Vj")
def test_any_bytes_are_a_region_or_nothing(token: bytes) -> None:
    region = token_region(token)
    assert region is None or partition_of(region) is not None


@given(st.binary(max_size=120), st.booleans())
def test_any_fields_are_a_region_or_nothing(fields: bytes, goes_on: bool) -> None:
    body = ORIGIN + fields + (b"\x1a\x09us-east-2" if goes_on else b"")
    region = token_region(base64.b64encode(body))
    assert region is None or partition_of(region) is not None


@given(st.integers(0, 1 << 64), st.sampled_from([region for _, region in botocore_regions()]))
def test_what_follows_the_region_does_not_count(seed: int, region: str) -> None:
    token = token_from(region, seed)
    assert token_region(token) == region
    assert token_region(token[:-1]) == region
    assert token_region(token + b"%") == region
