"""Every operation of every service: the action of its name, one of ours, or said to be unknown."""

from typing import Final

import pytest
from botocore.loaders import Loader

from leakscan.permissions import Call, Spot
from leakscan.privilege.actions import actions_of, prefix_of
from leakscan.privilege.arguments import completed
from leakscan.privilege.arns import Place
from leakscan.privilege.needs import needs_of
from leakscan.privilege.tables import Rule, load_tables

LOADER: Final = Loader()
SERVICES: Final = LOADER.list_available_services("service-2")
SPOT: Final = Spot("app.py", 1)


def call(service: str, operation: str, **arguments: str) -> Call:
    given = {name.replace("__", "."): ((value,),) for name, value in arguments.items()}
    return completed(Call(service, operation, given, SPOT))


def names(service: str, operation: str, **arguments: str) -> list[str] | None:
    found = actions_of(call(service, operation, **arguments), load_tables())
    return [one.action for one in found.wanted] if found.is_known else None


def operations(service: str) -> list[str]:
    return list(LOADER.load_service_model(service, "service-2")["operations"])


def everything(service: str, operation: str) -> Call:
    """A call with all the arguments that any rule asks for, so that each action is seen."""
    rules = load_tables().actions.operations.get(service, {}).get(operation, ())
    wanted = {name for rule in rules if isinstance(rule, Rule) for name in rule.when[:1]}
    return Call(service, operation, dict.fromkeys(wanted, (("x",),)), SPOT)


def test_how_many_operations_are_known() -> None:
    total = known = 0
    for service in SERVICES:
        for operation in operations(service):
            total += 1
            bare = actions_of(Call(service, operation, {}, SPOT), load_tables())
            known += (
                bare.is_known or actions_of(everything(service, operation), load_tables()).is_known
            )
    print(f"{known} of {total} operations ({known / total:.1%})")
    assert total > 19_000
    assert known / total > 0.88


def test_how_many_services_have_a_prefix() -> None:
    found = [service for service in SERVICES if prefix_of(service, load_tables()) is not None]
    print(f"{len(found)} of {len(SERVICES)} services")
    assert len(found) >= len(SERVICES) - 12


@pytest.mark.parametrize(
    "service", sorted({*load_tables().actions.operations, *load_tables().actions.unknown})
)
def test_a_service_we_say_something_of_is_whole(service: str) -> None:
    """What is neither of the same name nor ours is on the list of the unknown, and nothing else is.

    A newer botocore may have a few more than we know of.
    """
    tables = load_tables()
    said = tables.actions.unknown.get(service, frozenset())
    if service in ("ec2", "cloudfront"):  # Too many new ones of these to name.
        return
    unknown = {
        operation
        for operation in operations(service)
        if not actions_of(Call(service, operation, {}, SPOT), tables).is_known
        and not actions_of(everything(service, operation), tables).is_known
    }
    assert said <= unknown | (said - set(operations(service)))
    assert len(unknown - said) <= len(operations(service)) // 25


def test_every_action_of_ours_is_one_of_iam() -> None:
    tables = load_tables()
    for service, rules in tables.actions.operations.items():
        assert set(rules) <= set(operations(service)), service
        for operation, found in rules.items():
            for rule in found:
                action = rule.action if isinstance(rule, Rule) else rule
                name = f"{prefix_of(service, tables)}:{operation}" if action == "same" else action
                assert tables.row(name) is not None, name
                row = tables.row(name)
                assert row is not None
                for kind in rule.types if isinstance(rule, Rule) else ():
                    assert kind == "*" or tables.arn_format(name.partition(":")[0], kind), (
                        name,
                        kind,
                    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "actions"),
    [
        ("s3", "ListObjectsV2", {}, ["s3:ListBucket"]),
        ("s3", "ListObjects", {}, ["s3:ListBucket"]),
        ("s3", "HeadBucket", {}, ["s3:ListBucket"]),
        ("s3", "ListBuckets", {}, ["s3:ListAllMyBuckets"]),
        ("s3", "HeadObject", {}, ["s3:GetObject"]),
        ("s3", "HeadObject", {"VersionId": "1"}, ["s3:GetObjectVersion"]),
        ("s3", "PutObject", {}, ["s3:PutObject"]),
        ("s3", "PutObject", {"ACL": "public-read"}, ["s3:PutObject", "s3:PutObjectAcl"]),
        ("s3", "PutObject", {"Tagging": "a=b"}, ["s3:PutObject", "s3:PutObjectTagging"]),
        ("s3", "PutObject", {"SSEKMSKeyId": "k"}, ["s3:PutObject", "kms:GenerateDataKey"]),
        ("s3", "CopyObject", {"CopySource": "a/b"}, ["s3:PutObject", "s3:GetObject"]),
        (
            "s3",
            "CopyObject",
            {"CopySource": "a/b?versionId=1"},
            ["s3:PutObject", "s3:GetObjectVersion"],
        ),
        ("s3", "UploadPart", {}, ["s3:PutObject"]),
        ("s3", "AbortMultipartUpload", {}, ["s3:AbortMultipartUpload"]),
        ("s3", "ListParts", {}, ["s3:ListMultipartUploadParts"]),
        ("s3", "DeleteObjects", {}, ["s3:DeleteObject"]),
        ("s3", "PutBucketLifecycleConfiguration", {}, ["s3:PutLifecycleConfiguration"]),
        ("s3", "PutBucketCors", {}, ["s3:PutBucketCORS"]),
        ("s3", "SelectObjectContent", {}, ["s3:GetObject"]),
        ("dynamodb", "Query", {}, ["dynamodb:Query"]),
        ("dynamodb", "TransactGetItems", {}, ["dynamodb:GetItem"]),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems__Put__TableName": "t"},
            ["dynamodb:PutItem"],
        ),
        ("dynamodb", "TransactWriteItems", {}, None),
        (
            "dynamodb",
            "ExecuteStatement",
            {"Statement": 'SELECT * FROM "t" WHERE a=1'},
            ["dynamodb:PartiQLSelect"],
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            {"Statement": "insert into t value {}"},
            ["dynamodb:PartiQLInsert"],
        ),
        ("dynamodb", "ExecuteStatement", {"Statement": "?"}, None),
        ("lambda", "Invoke", {}, ["lambda:InvokeFunction"]),
        ("lambda", "InvokeAsync", {}, ["lambda:InvokeAsync", "lambda:InvokeFunction"]),
        ("sqs", "SendMessageBatch", {}, ["sqs:SendMessage"]),
        ("sns", "PublishBatch", {}, ["sns:Publish"]),
        ("kms", "ReEncrypt", {}, ["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
        (
            "secretsmanager",
            "BatchGetSecretValue",
            {},
            ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
        ),
        ("sts", "GetCallerIdentity", {}, []),
        ("sts", "AssumeRole", {}, ["sts:AssumeRole"]),
        ("cognito-idp", "InitiateAuth", {}, []),
        ("cognito-idp", "AdminInitiateAuth", {}, ["cognito-idp:AdminInitiateAuth"]),
        ("bedrock-runtime", "Converse", {}, ["bedrock:InvokeModel"]),
        ("bedrock-runtime", "ConverseStream", {}, ["bedrock:InvokeModelWithResponseStream"]),
        ("apigatewaymanagementapi", "PostToConnection", {}, ["execute-api:ManageConnections"]),
        ("apigateway", "CreateDeployment", {}, ["apigateway:POST"]),
        ("apigatewayv2", "GetApis", {}, ["apigateway:GET"]),
        (
            "lambda",
            "CreateFunction",
            {"Role": "arn:aws:iam::123456789012:role/x"},
            ["lambda:CreateFunction", "iam:PassRole"],
        ),
        ("lambda", "CreateFunction", {}, ["lambda:CreateFunction"]),
        (
            "ecs",
            "RegisterTaskDefinition",
            {"executionRoleArn": "r"},
            ["ecs:RegisterTaskDefinition", "iam:PassRole"],
        ),
        ("ecs", "RunTask", {"overrides__taskRoleArn": "r"}, ["ecs:RunTask", "iam:PassRole"]),
        (
            "ec2",
            "RunInstances",
            {"IamInstanceProfile__Name": "r"},
            ["ec2:RunInstances", "ec2:RunInstances", "iam:PassRole"],
        ),
        ("cloudwatch", "PutMetricData", {}, ["cloudwatch:PutMetricData"]),
        ("stepfunctions", "StartExecution", {}, ["states:StartExecution"]),
        ("elbv2", "DescribeLoadBalancers", {}, ["elasticloadbalancing:DescribeLoadBalancers"]),
        (
            "codeartifact",
            "GetAuthorizationToken",
            {},
            ["codeartifact:GetAuthorizationToken", "sts:GetServiceBearerToken"],
        ),
        ("sts", "AssumeRole", {"Tags__Key": "a"}, ["sts:AssumeRole", "sts:TagSession"]),
        (
            "lambda",
            "UpdateFunctionCode",
            {"S3Bucket": "b"},
            ["lambda:UpdateFunctionCode", "s3:GetObject"],
        ),
        (
            "lambda",
            "CreateFunction",
            {"Code__S3Bucket": "b", "VpcConfig__SubnetIds": "s"},
            [
                "lambda:CreateFunction",
                "s3:GetObject",
                "ec2:DescribeVpcs",
                "ec2:DescribeSubnets",
                "ec2:DescribeSecurityGroups",
            ],
        ),
        (
            "redshift-data",
            "ExecuteStatement",
            {"DbUser": "u"},
            ["redshift-data:ExecuteStatement", "redshift:GetClusterCredentials"],
        ),
        ("redshift-data", "ExecuteStatement", {}, ["redshift-data:ExecuteStatement"]),
        (
            "timestream-write",
            "WriteRecords",
            {},
            ["timestream:WriteRecords", "timestream:DescribeEndpoints"],
        ),
        (
            "bedrock-agent-runtime",
            "RetrieveAndGenerate",
            {},
            ["bedrock:RetrieveAndGenerate", "bedrock:Retrieve", "bedrock:InvokeModel"],
        ),
        (
            "textract",
            "StartDocumentAnalysis",
            {"DocumentLocation__S3Object__Bucket": "b"},
            ["textract:StartDocumentAnalysis", "s3:GetObject"],
        ),
        ("s3", "CreateSession", {}, None),
        ("no-such-service", "Anything", {}, None),
        ("s3", "NoSuchOperation", {}, None),
    ],
)
def test_actions(
    service: str, operation: str, arguments: dict[str, str], actions: list[str] | None
) -> None:
    assert names(service, operation, **arguments) == actions


def test_a_role_is_passed_to_the_service_that_assumes_it() -> None:
    found = actions_of(call("ecs", "RunTask", overrides__taskRoleArn="r"), load_tables())
    assert [(one.passed_to, one.role) for one in found.wanted if one.action == "iam:PassRole"] == [
        ("ecs-tasks.amazonaws.com", "overrides.taskRoleArn")
    ]


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "said"),
    [
        ("athena", "StartQueryExecution", {}, "glue:GetPartitions"),
        ("transcribe", "StartTranscriptionJob", {}, "s3:GetObject on the media"),
        ("cloudformation", "CreateStack", {}, "RoleARN"),
        ("cloudformation", "ValidateTemplate", {"TemplateURL": "u"}, "TemplateURL"),
        ("cloudformation", "ValidateTemplate", {}, ""),
        ("ecs", "RegisterTaskDefinition", {}, "iam:PassRole"),
        ("s3", "PutObject", {"SSEKMSKeyId": "k"}, "kms:Decrypt"),
        ("s3", "PutObject", {}, ""),
    ],
)
def test_what_a_call_needs_besides_is_said_once(
    service: str, operation: str, arguments: dict[str, str], said: str
) -> None:
    one = call(service, operation, **arguments)
    found = needs_of([one, one], Place(), load_tables()).notes
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_every_note_is_of_operations_that_there_are() -> None:
    for note in load_tables().actions.notes:
        for service, its in note.calls.items():
            assert set(its) <= set(operations(service)), (service, its)


def test_the_package_of_a_function_is_read_from_its_bucket() -> None:
    one = call("lambda", "CreateFunction", Code__S3Bucket="b", Code__S3Key="f.zip")
    found = needs_of([one], Place(), load_tables()).needs
    assert [need.resources for need in found if need.action == "s3:GetObject"] == [
        (("arn:aws:s3:::b/f.zip",),)
    ]


def test_each_instance_has_a_volume() -> None:
    found = needs_of([call("ec2", "RunInstances")], Place(), load_tables()).needs
    assert any(
        isinstance(text[-1], str) and text[-1].endswith(":volume/*")
        for need in found
        for text in need.resources
    )
