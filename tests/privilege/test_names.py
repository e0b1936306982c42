"""What is odd in a name never widens a policy, and reaches neither policy nor template."""

from typing import Final

import pytest

from leakscan.permissions import Call, Hole, Spot, Text
from leakscan.privilege.arns import Place, partition_of
from leakscan.privilege.needs import needs_of
from leakscan.privilege.policy import shown
from leakscan.privilege.tables import load_tables

HERE: Final = Place("aws", "eu-west-1", "418892985061")
Value = str | Hole | tuple[str | Hole, ...]


def call(service: str, operation: str, /, **arguments: Value) -> Call:
    texts: dict[str, tuple[Text, ...]] = {
        name.replace("__", "."): (value if isinstance(value, tuple) else (value,),)
        for name, value in arguments.items()
    }
    return Call(service, operation, texts, Spot("app.py", 1))


def resources(*calls: Call) -> list[str]:
    found = needs_of(calls, HERE, load_tables()).needs
    return [shown(text) for one in found for text in one.resources]


@pytest.mark.parametrize(
    ("bucket", "key", "expected"),
    [
        ("\n", "\n", "${BUCKET}/${KEY}"),
        ("b", "a\x00b", "b/${KEY}"),
        ("b", "\x7f", "b/${KEY}"),
        ("b", "", "b/${KEY}"),
        ("", "k", "${BUCKET}/k"),
        ("*", "k", "${BUCKET}/k"),
        ("資料", "k", "${BUCKET}/k"),
        ("b", "資料", "b/${KEY}"),
        ("b", "in/資料.csv", "b/in/*.csv"),
        ("b", "caf\xe9", "b/caf\xe9"),
        ("b", "{{resolve:ssm:x}}", "b/${KEY}"),
        ("a/../b", "k", "${BUCKET}/k"),
        ("b", "*", "b/${*}"),
        ("b", "arn:aws:s3:::other/*", "b/arn:aws:s3:::other/${*}"),
        ("arn:aws:sqs:eu-west-1:111122223333:q", "k", "${BUCKET}/k"),
        ("b", "up/${filename}", "b/up/*"),
    ],
)
def test_a_name_that_cannot_be_becomes_a_variable(bucket: str, key: str, expected: str) -> None:
    assert resources(call("s3", "PutObject", Bucket=bucket, Key=key)) == [
        f"arn:aws:s3:::{expected}"
    ]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:*:sns:eu-west-1:111122223333:t",
        "arn:aws:*:eu-west-1:111122223333:t",
        "arn:aws:sns:*:111122223333:t",
        "arn:aws:sns:eu-west-1:*:t",
        "arn:aws:sns:eu-west-?:111122223333:t",
        "arn:aws:sns:mars-west-1:111122223333:t",
        "arn:aws:sns:eu-west-1:1:t",
        "arn:aws:sqs:eu-west-1:111122223333:t",
        "arn:aws:sns:eu-west-1:111122223333:",
        "arn:aws:sns:eu-west-1",
        "arn:aws:sns:eu-west-1:111122223333:t\n",
        ("arn:aws:sns:", Hole("")),
        ("arn:", Hole("X"), ":t"),
    ],
)
def test_an_arn_with_a_wildcard_or_of_another_service_is_a_variable(arn: Value) -> None:
    assert resources(call("sns", "Publish", TopicArn=arn)) == ["${TOPIC_ARN}"]


def test_what_is_open_in_an_arn_stays_a_variable() -> None:
    arn = ("arn:aws:sns:", Hole(""), ":", Hole(""), ":t-", Hole("STAGE"))
    assert resources(call("sns", "Publish", TopicArn=arn)) == [
        "arn:aws:sns:${REGION}:${ACCOUNT_ID}:t-${STAGE}"
    ]


def test_variables_of_code_are_none_that_a_template_fills_in() -> None:
    found = resources(
        call("s3", "ListObjectsV2", Bucket=Hole("REGION")),
        call("s3", "ListObjectsV2", Bucket=Hole("ACCOUNT_ID")),
        call("s3", "ListObjectsV2", Bucket=Hole("COUNT")),
        call("s3", "ListObjectsV2", Bucket=Hole("1/x")),
    )
    assert found == [
        f"arn:aws:s3:::${{{name}}}"
        for name in ("REGION_VALUE", "ACCOUNT_ID_VALUE", "COUNT_VALUE", "X")
    ]


def test_variables_differ_in_more_than_their_underscores() -> None:
    calls = [call("s3", "ListObjectsV2", Bucket=Hole(name)) for name in ("A_BC", "AB_C", "A_BC")]
    assert resources(*calls) == [
        f"arn:aws:s3:::${{{name}}}" for name in ("A_BC", "S3_AB_C", "A_BC")
    ]


def test_a_value_of_a_condition_is_no_variable_of_iam() -> None:
    found = needs_of(
        [
            call("cloudwatch", "PutMetricData", Namespace="${aws:username}"),
            call("kms", "Encrypt", KeyId="alias/${aws:username}"),
        ],
        HERE,
        load_tables(),
    ).needs
    assert [one.conditions for one in found] == [{}, {}]
    assert [shown(text) for one in found for text in one.resources] == [
        "*",
        "arn:aws:kms:eu-west-1:418892985061:key/${KEY_ID}",
    ]


def test_s3_asks_kms_by_the_aliases_of_the_key() -> None:
    found = needs_of(
        [call("s3", "PutObject", Bucket="b", Key="k", SSEKMSKeyId="alias/data")],
        HERE,
        load_tables(),
    ).needs
    assert [one.conditions for one in found if one.action.startswith("kms:")] == [
        {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ("alias/data",)}}
    ]


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("eu-west-1", "aws"),
    ],
)
def test_each_region_has_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
