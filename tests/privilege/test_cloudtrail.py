"""Events as CloudTrail writes them, and as somebody hostile would."""

import gzip
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.permissions import Call
from leakscan.privilege.arns import Place
from leakscan.privilege.cloudtrail import Trail, trail
from leakscan.privilege.event_files import CloudTrailError, events_in
from leakscan.privilege.needs import needs_of
from leakscan.privilege.policy import shown
from leakscan.privilege.tables import load_tables

KEY: Final = "AKIA%%Z2Q7LEAKSCAN2345".replace("%%", "")
OTHER: Final = "AKIA%%Z2Q7LEAKSCAN6789".replace("%%", "")
SESSION: Final = "ASIA%%Z2Q7LEAKSCAN2222".replace("%%", "")
IDS: Final = frozenset((KEY,))
Json = dict[str, Any]


def event(source: str, name: str, parameters: Json | None = None, **rest: Any) -> Json:
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accessKeyId": rest.pop("key", KEY)},
        "eventTime": rest.pop("time", "2026-11-20T10:00:00Z"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "Boto3/1.40",
        "requestParameters": parameters,
        "eventID": "5f1a3b6c-0000-4000-8000-000000000001",
        "recipientAccountId": "418892985061",
        **rest,
    }


def read(*events: object, ids: frozenset[str] = IDS) -> Trail:
    return trail(events, ids, load_tables())


def only(*events: object) -> Call:
    found = read(*events)
    assert len(found.calls) == 1
    return found.calls[0]


def granted(*events: object) -> dict[str, list[str]]:
    found = needs_of(read(*events).calls, Place(), load_tables())
    return {one.action: [shown(text) for text in one.resources] for one in found.needs}


# -- the forms of a file ------------------------------------------------------------------

ONE: Final = event("s3", "ListBuckets")


def packed(data: bytes) -> bytes:
    """Return gzip without the time in it, for the names of tests are made of it."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"Records": [ONE]}).encode(),
        packed(json.dumps({"Records": [ONE]}).encode()),
        json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(ONE)}]}).encode(),
        json.dumps([ONE]).encode(),
        json.dumps(ONE).encode(),
        json.dumps(ONE).encode() + b"\n\n" + json.dumps(ONE).encode() + b"\n",
        (json.dumps(ONE, indent=2) + "\n" + json.dumps(ONE, indent=2) + "\n").encode(),
        json.dumps({"Records": [ONE]}, indent=1).encode() * 2,
        packed(json.dumps(ONE).encode() + b"\n") + packed(json.dumps(ONE).encode()),
        packed(json.dumps(ONE).encode()) + bytes(512),
        b"\xef\xbb\xbf" + json.dumps([ONE]).encode(),
    ],
)
def test_the_forms_that_are_known(data: bytes) -> None:
    found = read(*events_in(data))
    assert {one.operation for one in found.calls} == {"ListBuckets"}
    assert found.not_read == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"{}",
        b'{"Records": 3}',
        b"3",
        b"\x1f\x8bnot gzip",
        packed(b"{}")[:-4],
        b"[" * 100_000,
    ],
)
def test_what_is_none_of_them_is_refused(data: bytes) -> None:
    with pytest.raises(CloudTrailError):
        list(events_in(data))


def test_all_of_what_stands_one_after_the_other_is_read() -> None:
    whole = json.dumps(ONE, indent=2).encode()
    assert len(read(*events_in(whole * 3)).calls) == 3
    assert len(read(*events_in(gzip.compress(whole) * 3)).calls) == 3
    broken = read(*events_in(whole + b"\nbroken\n" + whole))
    assert (len(broken.calls), broken.not_read) == (2, 1)


def test_a_file_of_broken_lines_is_refused() -> None:
    with pytest.raises(CloudTrailError, match="damaged"):
        list(events_in(b'{"a": 1,\n' * 100_000))


def test_a_bomb_in_parts_is_refused() -> None:
    part = gzip.compress(b" " * (50 << 20), 9)
    with pytest.raises(CloudTrailError, match="too large"):
        list(events_in(part * 3))


def test_a_bomb_is_refused() -> None:
    data = gzip.compress(b"[" + b" " * (200 << 20) + b"]", 9)
    assert len(data) < 1 << 20
    with pytest.raises(CloudTrailError, match="too large"):
        list(events_in(data))


# -- what an event says -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name", "service", "operation"),
    [
        ("s3", "ListBuckets", "s3", "ListBuckets"),
        ("monitoring", "PutMetricData", "cloudwatch", "PutMetricData"),
        ("states", "StartExecution", "stepfunctions", "StartExecution"),
        ("lambda", "ListFunctions20150331", "lambda", "ListFunctions"),
        ("lambda", "UpdateFunctionCode20150331v2", "lambda", "UpdateFunctionCode"),
        ("cloudfront", "CreateInvalidation2020_05_31", "cloudfront", "CreateInvalidation"),
        ("elasticloadbalancing", "DescribeTargetGroups", "elbv2", "DescribeTargetGroups"),
        (
            "elasticloadbalancing",
            "RegisterInstancesWithLoadBalancer",
            "elb",
            "RegisterInstancesWithLoadBalancer",
        ),
        ("bedrock", "InvokeModel", "bedrock-runtime", "InvokeModel"),
        ("bedrock", "ListFoundationModels", "bedrock", "ListFoundationModels"),
        ("email", "SendEmail", "sesv2", "SendEmail"),
        ("tagging", "GetResources", "resourcegroupstaggingapi", "GetResources"),
        ("kms", "Decrypt", "kms", "Decrypt"),
    ],
)
def test_names(source: str, name: str, service: str, operation: str) -> None:
    found = only(event(source, name))
    assert (found.service, found.operation) == (service, operation)


def test_resources_and_arguments_become_arns() -> None:
    bucket = {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}
    item = {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k/x.csv"}
    assert granted(
        event("s3", "GetObject", {"bucketName": "b", "key": "k/x.csv"}, resources=[item, bucket])
    ) == {"s3:GetObject": ["arn:aws:s3:::b/k/x.csv"]}
    assert granted(event("s3", "ListObjectsV2", {"bucketName": "b"})) == {
        "s3:ListBucket": ["arn:aws:s3:::b"]
    }
    assert granted(event("dynamodb", "GetItem", {"tableName": "orders", "key": {"id": "1"}})) == {
        "dynamodb:GetItem": ["arn:aws:dynamodb:eu-west-1:418892985061:table/orders"]
    }
    assert granted(event("dynamodb", "BatchGetItem", {"requestItems": {"a": {}, "b": {}}})) == {
        "dynamodb:BatchGetItem": [
            "arn:aws:dynamodb:eu-west-1:418892985061:table/a",
            "arn:aws:dynamodb:eu-west-1:418892985061:table/b",
        ]
    }
    assert granted(event("lambda", "Invoke", {"functionName": "f"})) == {
        "lambda:InvokeFunction": ["arn:aws:lambda:eu-west-1:418892985061:function:f"]
    }
    key = {"type": "AWS::KMS::Key", "ARN": "arn:aws:kms:eu-west-1:418892985061:key/1"}
    assert granted(event("kms", "Decrypt", {}, resources=[key])) == {"kms:Decrypt": [key["ARN"]]}


def test_sets_of_ec2_are_arguments() -> None:
    items = {"items": [{"imageId": "ami-0a", "minCount": 1, "maxCount": 1}]}
    found = only(event("ec2", "RunInstances", {"instancesSet": items, "instanceType": "t3.micro"}))
    assert found.arguments["ImageId"] == (("ami-0a",),)
    many = {"items": [{"instanceId": "i-0a"}, {"instanceId": "i-0b"}]}
    assert granted(event("ec2", "TerminateInstances", {"instancesSet": many})) == {
        "ec2:TerminateInstances": [
            "arn:aws:ec2:eu-west-1:418892985061:instance/i-0a",
            "arn:aws:ec2:eu-west-1:418892985061:instance/i-0b",
        ]
    }


@pytest.mark.parametrize("items", [None, 3, {"items": 3}, {"items": [3, None, {"imageId": {}}]}])
def test_odd_sets_of_ec2_are_passed_over(items: Any) -> None:
    assert "ImageId" not in only(event("ec2", "RunInstances", {"instancesSet": items})).arguments


def test_denied_calls_are_refused_and_other_failures_used() -> None:
    found = read(
        event("s3", "GetBucketAcl", {"bucketName": "b"}, errorCode="AccessDenied"),
        event("ec2", "StopInstances", {}, errorCode="Client.UnauthorizedOperation"),
        event("s3", "HeadBucket", {"bucketName": "b"}, errorCode="NoSuchBucket"),
    )
    assert [one.operation for one in found.refused] == ["GetBucketAcl", "StopInstances"]
    assert [one.operation for one in found.calls] == ["HeadBucket"]
    assert found.failed == 1


def test_events_of_other_keys_are_left_out_and_sessions_counted_in_any_order() -> None:
    made = event("sts", "AssumeRole", responseElements={"credentials": {"accessKeyId": SESSION}})
    found = read(
        event("s3", "ListBuckets", key=SESSION),
        event("s3", "ListBuckets", key=OTHER),
        made,
        event("s3", "ListBuckets", key=SESSION),
    )
    assert [one.operation for one in found.calls] == ["AssumeRole"]
    assert (found.by_sessions, found.others) == (2, 1)


def test_without_an_id_every_event_counts() -> None:
    found = read(event("s3", "ListBuckets", key=OTHER), event("s3", "ListBuckets"), ids=frozenset())
    assert len(found.calls) == 2


def test_from_where_and_when() -> None:
    found = read(
        event("s3", "ListBuckets", time="2026-11-20T10:00:00Z"),
        event("s3", "ListBuckets", time="2026-11-19T10:00:00Z", sourceIPAddress="198.51.100.7"),
    )
    assert list(found.sources["s3:ListBuckets"].addresses) == ["203.0.113.9", "198.51.100.7"]
    assert (found.first, found.last) == ("2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z")


def test_what_is_not_known_is_listed() -> None:
    found = read(
        event("nosuch", "Anything"), event("s3", "NoSuchThing"), event("signin", "ConsoleLogin")
    )
    assert [one.said for one in found.unknown] == [
        "nosuch:Anything",
        "s3:NoSuchThing",
        "signin:ConsoleLogin",
    ]
    assert all(one.line == 0 for one in found.unknown)


# -- hostile ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one",
    [
        None,
        3,
        [],
        "{",
        "[" * 50_000,
        {},
        {"eventName": 3},
        {"eventName": "x" * 10_000},
        {"eventName": "ListBuckets", "eventSource": ["s3"], "userIdentity": "root"},
    ],
)
def test_odd_events_grant_nothing(one: object) -> None:
    found = read(one, ids=frozenset())
    assert found.calls == []
    assert found.not_read + len(found.unknown) == 1


def test_deep_and_wide_parameters_are_bounded() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep}
    wide = {f"n{number}": "x" for number in range(10_000)}
    found = only(event("dynamodb", "PutItem", {"tableName": "t", "item": deep, "expected": wide}))
    assert found.arguments["TableName"] == (("t",),)
    assert len(found.arguments) <= 201


def test_no_resource_of_an_event_is_wider_than_it_says() -> None:
    star = {"ARN": "arn:aws:s3:::*"}
    odd = {"ARN": "*"}
    found = granted(
        event("s3", "GetObject", {"bucketName": "*", "key": "*"}, resources=[star, odd])
    )
    assert found == {"s3:GetObject": ["arn:aws:s3:::${BUCKET}/${*}"]}


VALUES: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS: Final = st.sampled_from([*ONE, "resources", "responseElements", "errorCode"])


@given(st.dictionaries(FIELDS, VALUES, max_size=6))
def test_whatever_stands_in_an_event_it_is_counted_once(changed: Json) -> None:
    found = read({**ONE, **changed}, ids=frozenset())
    total = len(found.calls) + len(found.refused) + len(found.unknown) + found.not_read
    assert total == 1
