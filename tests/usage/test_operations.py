"""What AWS's services are called, and what they can do, against botocore and the AWS CLI."""

import pytest
from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.session import get_session

from leakscan.permissions import Hole
from leakscan.usage import operations, services
from leakscan.usage.given import Given, arguments


def test_services_are_those_of_botocore() -> None:
    assert services.services() == frozenset(get_session().get_available_services())


@pytest.mark.parametrize("service", ["s3", "dynamodb", "iam", "ec2", "cognito-idp", "lambda"])
def test_every_method_of_a_client_is_an_operation(service: str) -> None:
    model = get_session().get_service_model(service)

    found = {
        name: operations.operation_of(service, xform_name(name)) for name in model.operation_names
    }

    assert found == {name: name for name in model.operation_names}


@pytest.mark.parametrize("name", ["list_mfa_devices", "ListMFADevices", "listMFADevices"])
def test_operations_are_found_by_any_spelling(name: str) -> None:
    assert operations.operation_by_name("iam", name) == "ListMFADevices"
    assert operations.operation_by_name("iam", name.replace("_", "-")) == "ListMFADevices"


@pytest.mark.parametrize(
    ("service", "name"), [("s3", "put_objects"), ("no-such", "put_object"), ("s3", ""), ("", "x")]
)
def test_nothing_is_guessed(service: str, name: str) -> None:
    assert operations.operation_of(service, name) is None
    assert operations.operation_by_name(service, name) is None
    assert not operations.members(service, name)
    assert not operations.required(service, name)


@pytest.mark.parametrize("name", ["bucket_exists", "BucketExists", "bucket-exists"])
def test_waiters_in_any_spelling(name: str) -> None:
    assert operations.operation_of_waiter("s3", name) == "HeadBucket"


def test_members_are_texts_by_their_path() -> None:
    found = operations.members("dynamodb", "TransactWriteItems")

    assert found["TransactItems.Put.TableName"].is_many
    assert found["TransactItems.Put.Item"].is_keys
    assert operations.members("dynamodb", "BatchGetItem")["RequestItems"].is_keys
    assert operations.members("s3", "PutObject")["Bucket"].is_required
    assert "Body" not in operations.members("s3", "PutObject")
    assert operations.required("s3", "PutObject") == ("Bucket", "Key")


def test_of_what_is_sensitive_only_the_presence_is_told() -> None:
    assert operations.members("sns", "Publish")["PhoneNumber"].is_secret
    assert operations.members("secretsmanager", "PutSecretValue")["SecretString"].is_secret
    assert not operations.members("s3", "PutObject")["SSEKMSKeyId"].is_secret
    given: Given = [((("PhoneNumber",),), ("+15550100",))]
    assert arguments("sns", "Publish", given) == {"PhoneNumber": ((Hole(""),),)}
    assert "SecretId" in operations.members("secretsmanager", "PutSecretValue")


@pytest.mark.parametrize("service", ["s3", "dynamodb", "wafv2", "lexv2-models", "quicksight"])
def test_members_end_for_shapes_that_hold_themselves(service: str) -> None:
    for operation in operations.operations(service):
        assert len(operations.members(service, operation)) < 4000


@pytest.mark.parametrize(
    ("package", "service"),
    [
        ("s3", "s3"),
        ("cloudwatchlogs", "logs"),
        ("sfn", "stepfunctions"),
        ("cognitoidentityprovider", "cognito-idp"),
        ("elasticloadbalancingv2", "elbv2"),
        ("elbv2", "elbv2"),
        ("databasemigrationservice", "dms"),
        ("cloudwatchevents", "events"),
        ("sms", None),
        ("http", None),
        ("", None),
    ],
)
def test_packages_of_go(package: str, service: str | None) -> None:
    assert services.service_of_go_package(package) == service


@pytest.mark.parametrize(
    ("package", "service"),
    [
        ("@aws-sdk/client-s3", "s3"),
        ("@aws-sdk/client-cloudwatch-logs", "logs"),
        ("@aws-sdk/client-sfn", "stepfunctions"),
        ("@aws-sdk/client-cognito-identity-provider", "cognito-idp"),
        ("@aws-sdk/lib-dynamodb", None),
        ("client-s3", None),
    ],
)
def test_packages_of_javascript(package: str, service: str | None) -> None:
    assert services.service_of_js_package(package) == service


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("DynamoDB", "dynamodb"),
        ("DynamoDBClient", "dynamodb"),
        ("StepFunctions", "stepfunctions"),
        ("CognitoIdentityServiceProvider", "cognito-idp"),
        ("CloudWatchEvents", "events"),
        ("ELBv2", "elbv2"),
        ("SES", "ses"),
        ("ConfigService", "config"),
        ("Client", None),
    ],
)
def test_classes_of_javascript(name: str, service: str | None) -> None:
    assert services.service_of_js_class(name) == service


def test_commands_of_the_cli() -> None:
    table = create_clidriver()._get_command_table()
    expected = {
        name: command.service_model.service_name
        for name, command in table.items()
        if name in {"s3api", "deploy", "configservice", "logs", "dynamodb", "ec2", "iam", "ses"}
    }

    assert {name: services.service_of_cli(name) for name in expected} == expected
    assert len(expected) == 8
    assert services.service_of_cli("s3") is None
    assert services.service_of_cli("configure") is None
