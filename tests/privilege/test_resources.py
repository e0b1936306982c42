"""Arguments of calls become ARNs as AWS's Service Authorization Reference writes them."""

from typing import Final

import pytest

from leakscan.permissions import Call, Hole, Spot
from leakscan.privilege.arns import Place, covers
from leakscan.privilege.needs import Needs, needs_of
from leakscan.privilege.policy import shown
from leakscan.privilege.tables import load_tables

HERE: Final = Place("aws", "eu-west-1", "418892985061")
SPOT: Final = Spot("app.py", 1)
ARN: Final = "arn:aws:{}:eu-west-1:418892985061:{}"


def needs(service: str, operation: str, place: Place = HERE, /, **arguments: object) -> Needs:
    given = {
        name.replace("__", "."): tuple(map(text, value if isinstance(value, list) else [value]))
        for name, value in arguments.items()
    }
    call = Call(service, operation, given, SPOT)
    return needs_of([call], place, load_tables())


def text(value: object) -> tuple[str | Hole, ...]:
    return value if isinstance(value, tuple) else (value,)  # type: ignore[return-value]


def resources(
    service: str, operation: str, place: Place = HERE, /, **arguments: object
) -> list[str]:
    found = needs(service, operation, place, **arguments).needs
    assert found
    return [shown(one) for one in found[0].resources]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "expected"),
    [
        ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, "arn:aws:s3:::b/k"),
        ("s3", "GetObject", {"Bucket": "b"}, "arn:aws:s3:::b/*"),
        ("s3", "GetObject", {"Bucket": "b", "Key": Hole("KEY")}, "arn:aws:s3:::b/*"),
        ("s3", "GetObject", {"Bucket": "b", "Key": ("r/", Hole("DAY"))}, "arn:aws:s3:::b/r/*"),
        (
            "s3",
            "PutObject",
            {"Bucket": Hole("BUCKET"), "Key": Hole("")},
            "arn:aws:s3:::${BUCKET}/*",
        ),
        ("s3", "PutObject", {}, "arn:aws:s3:::${BUCKET_NAME}/*"),
        (
            "s3",
            "PutObject",
            {"Bucket": (Hole("STAGE"), "-b"), "Key": "k"},
            "arn:aws:s3:::${STAGE}-b/k",
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "p/"}, "arn:aws:s3:::b"),
        ("s3", "GetObject", {"Bucket": "b", "Key": "a*b?${x}"}, "arn:aws:s3:::b/a${*}b${?}${$}{x}"),
        ("dynamodb", "GetItem", {"TableName": "t"}, ARN.format("dynamodb", "table/t")),
        (
            "dynamodb",
            "GetItem",
            {"TableName": ARN.format("dynamodb", "table/u")},
            ARN.format("dynamodb", "table/u"),
        ),
        (
            "dynamodb",
            "Scan",
            {"TableName": "t", "IndexName": "i"},
            ARN.format("dynamodb", "table/t/index/i"),
        ),
        ("dynamodb", "BatchGetItem", {"RequestItems": "t"}, ARN.format("dynamodb", "table/t")),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "https://sqs.us-east-2.amazonaws.com/111122223333/q"},
            "arn:aws:sqs:us-east-2:111122223333:q",
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": Hole("ORDERS_QUEUE_URL")},
            ARN.format("sqs", "${ORDERS_QUEUE_NAME}"),
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": ("https://sqs.", Hole("R"), ".amazonaws.com/1/q")},
            ARN.format("sqs", "q"),
        ),
        ("sns", "Publish", {"TopicArn": Hole("TOPIC_ARN")}, "${TOPIC_ARN}"),
        ("sns", "Publish", {"TopicArn": Hole("TOPIC")}, "${TOPIC_ARN}"),
        (
            "sns",
            "Publish",
            {"TopicArn": ("arn:aws:sns:eu-west-1:", Hole("ACCOUNT"), ":t")},
            "arn:aws:sns:eu-west-1:${ACCOUNT}:t",
        ),
        ("lambda", "Invoke", {"FunctionName": "f"}, ARN.format("lambda", "function:f")),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            ARN.format("lambda", "function:f:live"),
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "418892985061:function:f"},
            ARN.format("lambda", "function:f"),
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": ARN.format("lambda", "function:g")},
            ARN.format("lambda", "function:g"),
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "prod/db"},
            ARN.format("secretsmanager", "secret:prod/db-??????"),
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": ARN.format("secretsmanager", "secret:x-AbCdEf")},
            ARN.format("secretsmanager", "secret:x-AbCdEf"),
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": ARN.format("secretsmanager", "secret:db")},
            ARN.format("secretsmanager", "secret:db-??????"),
        ),
        ("ssm", "GetParameter", {"Name": "/a/b"}, ARN.format("ssm", "parameter/a/b")),
        ("ssm", "GetParameter", {"Name": "plain:3"}, ARN.format("ssm", "parameter/plain")),
        ("kms", "Encrypt", {"KeyId": "0a1b"}, ARN.format("kms", "key/0a1b")),
        ("kms", "Decrypt", {}, ARN.format("kms", "key/${KEY_ID}")),
        ("kms", "Encrypt", {"KeyId": "alias/app"}, ARN.format("kms", "key/*")),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/g", "logStreamName": Hole("S")},
            ARN.format("logs", "log-group:/g:log-stream:*"),
        ),
        ("logs", "CreateLogGroup", {"logGroupName": "/g"}, ARN.format("logs", "log-group:/g:*")),
        ("kinesis", "PutRecord", {"StreamName": "s"}, ARN.format("kinesis", "stream/s")),
        (
            "firehose",
            "PutRecord",
            {"DeliveryStreamName": "d"},
            ARN.format("firehose", "deliverystream/d"),
        ),
        ("stepfunctions", "StartExecution", {"stateMachineArn": Hole("MACHINE")}, "${MACHINE_ARN}"),
        ("events", "PutEvents", {}, ARN.format("events", "event-bus/default")),
        (
            "events",
            "PutEvents",
            {"Entries__EventBusName": "b"},
            ARN.format("events", "event-bus/b"),
        ),
        ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, ARN.format("events", "rule/b/r")),
        (
            "ecs",
            "UpdateService",
            {"cluster": "c", "service": "s"},
            ARN.format("ecs", "service/c/s"),
        ),
        (
            "ecs",
            "UpdateService",
            {"cluster": ARN.format("ecs", "cluster/c"), "service": "s"},
            ARN.format("ecs", "service/c/s"),
        ),
        ("ecs", "UpdateService", {"service": "s"}, ARN.format("ecs", "service/default/s")),
        ("ecs", "RunTask", {"taskDefinition": "web:7"}, ARN.format("ecs", "task-definition/web:7")),
        ("ecs", "RunTask", {"taskDefinition": "web"}, ARN.format("ecs", "task-definition/web:*")),
        ("ecr", "PutImage", {"repositoryName": "r"}, ARN.format("ecr", "repository/r")),
        ("ecr", "GetAuthorizationToken", {}, "*"),
        ("ec2", "DescribeInstances", {}, "*"),
        ("ec2", "StopInstances", {"InstanceIds": "i-1"}, ARN.format("ec2", "instance/i-1")),
        (
            "bedrock-runtime",
            "InvokeModel",
            {"modelId": "amazon.nova-lite-v1:0"},
            "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
        ),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "arn:aws:iam::111122223333:role/x"},
            "arn:aws:iam::111122223333:role/x",
        ),
        ("iam", "GetUser", {"UserName": "u"}, "arn:aws:iam::418892985061:user/u"),
        (
            "cloudformation",
            "CreateStack",
            {"StackName": "s"},
            ARN.format("cloudformation", "stack/s/*"),
        ),
        (
            "apigateway",
            "GetResources",
            {"restApiId": "a1"},
            "arn:aws:apigateway:eu-west-1::/restapis/a1/resources",
        ),
        ("athena", "StartQueryExecution", {"WorkGroup": "w"}, ARN.format("athena", "workgroup/w")),
        ("rds", "DescribeDBInstances", {"DBInstanceIdentifier": "d"}, ARN.format("rds", "db:d")),
    ],
)
def test_resources(
    service: str, operation: str, arguments: dict[str, object], expected: str
) -> None:
    assert resources(service, operation, **arguments) == [expected]


def test_a_profile_of_bedrock_reaches_the_model_in_every_region() -> None:
    found = resources("bedrock-runtime", "Converse", modelId="eu.anthropic.claude-x-v1:0")
    assert found == [
        "arn:aws:bedrock:*::foundation-model/anthropic.claude-x-v1:0",
        ARN.format("bedrock", "inference-profile/eu.anthropic.claude-x-v1:0"),
    ]


def test_an_address_that_sends_may_be_verified_itself_or_by_its_domain() -> None:
    found = resources("ses", "SendEmail", Source="Shop <hi@example.com>")
    assert found == [
        ARN.format("ses", "identity/hi@example.com"),
        ARN.format("ses", "identity/example.com"),
    ]


def test_a_message_to_a_telephone_has_no_resource() -> None:
    assert resources("sns", "Publish", PhoneNumber="+1") == ["*"]


def test_an_image_in_a_bucket_is_read_by_the_caller() -> None:
    given = {"Image__S3Object__Bucket": "b", "Image__S3Object__Name": ("in/", Hole("NAME"))}
    found = needs("rekognition", "DetectLabels", **given).needs
    assert [(one.action, [shown(text) for text in one.resources]) for one in found] == [
        ("rekognition:DetectLabels", ["*"]),
        ("s3:GetObject", ["arn:aws:s3:::b/in/*"]),
    ]


def test_an_alias_becomes_a_condition() -> None:
    found = needs("kms", "Decrypt", KeyId="alias/app").needs[0]
    assert found.conditions == {"StringEquals": {"kms:RequestAlias": ("alias/app",)}}


def test_a_namespace_becomes_a_condition() -> None:
    found = needs("cloudwatch", "PutMetricData", Namespace="App").needs[0]
    assert found.conditions == {"StringEquals": {"cloudwatch:namespace": ("App",)}}
    assert needs("cloudwatch", "PutMetricData", Namespace=Hole("N")).needs[0].conditions == {}


def test_a_role_that_is_passed_says_to_whom() -> None:
    found = needs("ecs", "RegisterTaskDefinition", family="f", taskRoleArn=Hole("TASK_ROLE_ARN"))
    passed = found.needs[1]
    assert (passed.action, [shown(one) for one in passed.resources]) == (
        "iam:PassRole",
        ["${TASK_ROLE_ARN}"],
    )
    assert passed.conditions == {
        "StringEquals": {"iam:PassedToService": ("ecs-tasks.amazonaws.com",)}
    }


def test_an_instance_profile_hands_on_a_role_of_unknown_name() -> None:
    found = needs("ec2", "RunInstances", ImageId="ami-1", IamInstanceProfile__Name="web")
    passed = [one for one in found.needs if one.action == "iam:PassRole"]
    assert [shown(text) for one in passed for text in one.resources] == [
        "arn:aws:iam::418892985061:role/${INSTANCE_ROLE}"
    ]


@pytest.mark.parametrize(
    ("region", "start"), [("cn-north-1", "arn:aws-cn:"), ("us-gov-west-1", "arn:aws-us-gov:")]
)
def test_the_region_tells_the_partition(region: str, start: str) -> None:
    place = Place("aws", region, "")
    found = resources("dynamodb", "GetItem", place, TableName="t")
    assert found == [f"{start}dynamodb:{region}:${{ACCOUNT_ID}}:table/t"]


def test_what_is_not_known_is_a_variable_with_a_meaning() -> None:
    found = needs("dynamodb", "GetItem", Place(), TableName=Hole("TABLE"))
    assert [shown(one) for one in found.needs[0].resources] == [
        "arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${TABLE}"
    ]
    assert set(found.variables) == {"REGION", "ACCOUNT_ID", "TABLE"}


def test_many_names_in_one_call() -> None:
    found = resources("ssm", "GetParameters", Names=["/a", "/b"])
    assert found == [ARN.format("ssm", "parameter/a"), ARN.format("ssm", "parameter/b")]
    many = resources("s3", "GetObject", Bucket=[f"b{n}" for n in range(9)], Key=list("abcdefghi"))
    assert many == [f"arn:aws:s3:::b{n}/*" for n in range(9)]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (("a/*",), ("a/b",), True),
        (("a/*",), ("a/",), True),
        (("a/*",), ("b/a",), False),
        (("a/*",), ("a/b/*",), True),
        (("a/b/*",), ("a/*",), False),
        (("*",), (Hole("X"),), True),
        (("a-", Hole("X")), ("a-", Hole("X")), True),
        (("a-", Hole("X")), ("a-", Hole("Y")), False),
        (("a-*",), ("a-", Hole("Y")), True),
        (("a?c",), ("abc",), True),
        (("a?c",), ("a*c",), False),
        (("a${*}",), ("ab",), False),
        (("a${*}",), ("a${*}",), True),
        (("*a*b",), ("xaxxb",), True),
        (("*a*b",), ("xbxxa",), False),
    ],
)
def test_covers(
    wide: tuple[str | Hole, ...], narrow: tuple[str | Hole, ...], expected: bool
) -> None:
    assert covers(wide, narrow) is expected


def test_covering_takes_no_exponential_time() -> None:
    assert not covers(("*a" * 500,), ("a" * 2000 + "b",))
