"""Roles of sample applications whose right answer was written by hand: nothing missing, no extra.

The answers come from AWS's Service Authorization Reference and the user guides of the services,
not from the tables that the policies are made with.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from leakscan.permissions import Call, Hole, Spot, Suggestion, Text, Unclear, Usage
from leakscan.privilege.arns import Place
from leakscan.privilege.cloudtrail import trail
from leakscan.privilege.policy import shown
from leakscan.privilege.suggest import Wish, suggest
from leakscan.privilege.tables import load_tables
from leakscan.privilege.trust import TrustError
from leakscan.report.role_document import as_words, policies
from leakscan.usage.collect import usage
from leakscan.usage.file_readers import FILE_READERS
from leakscan.usage.python.reader import PythonReader
from tests.support.policies import problems

APPS: Final = Path(__file__).parent / "apps"
NAMES: Final = sorted(one.name for one in APPS.iterdir() if one.is_dir())
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
Granted = dict[str, set[str]]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def role_of(name: str) -> tuple[Suggestion, dict[str, Any]]:
    expected = json.loads((APPS / name / "expected.json").read_bytes())
    used = usage(files(APPS / name / "code"), [PythonReader(), *FILE_READERS])
    where = Place("aws", expected["region"], expected["account"])
    return suggest(used, Wish("app", "ecs-task", TRUST, where), load_tables()), expected


def granted(made: Suggestion) -> Granted:
    found: Granted = {}
    for one in made.statements:
        for action in one.actions:
            found.setdefault(action, set()).update(shown(text) for text in one.resources)
    return found


def conditions(made: Suggestion) -> dict[str, Any]:
    return {
        action: {how: {k: list(v) for k, v in by.items()} for how, by in one.conditions.items()}
        for one in made.statements
        for action in one.actions
        if one.conditions
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_is_the_known_answer(name: str) -> None:
    made, expected = role_of(name)
    assert granted(made) == {action: set(ones) for action, ones in expected["allowed"].items()}
    assert conditions(made) == expected["conditions"]
    assert [spot.said for spot in made.unknown] == expected["unknown"]
    assert made.unclear == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_action_names_the_line_that_asks_for_it(name: str) -> None:
    made, _ = role_of(name)
    for one in made.statements:
        for action in one.actions:
            for spot in one.because[action]:
                lines = (APPS / name / "code" / spot.path).read_text().splitlines()
                assert 1 <= spot.line <= len(lines)
                assert one.because[action]


@pytest.mark.parametrize("name", NAMES)
def test_parliament_has_nothing_to_say(name: str) -> None:
    made, _ = role_of(name)
    for one in policies(made, filled):
        assert problems(one.document) == []


def filled(text: Text) -> str:
    """Return a text as a human might fill it in."""
    return "".join(
        VALUES.get(part.name, "name") if isinstance(part, Hole) else part for part in text
    )


VALUES: Final = {"REGION": "eu-west-1", "ACCOUNT_ID": "418892985061"}


def test_there_are_as_many_apps_as_were_asked_for() -> None:
    assert len(NAMES) >= 5


# -- decisions ----------------------------------------------------------------------------


def of(*calls: Call, **rest: Any) -> Suggestion:
    used = Usage(calls, rest.get("unclear", ()), {"Python": 1}, rest.get("left_out", {}))
    place = rest.get("place", "ecs-task")
    wish = Wish("app", place, rest.get("trust", TRUST), rest.get("where", Place()))
    return suggest(used, wish, load_tables(), rest.get("trail"))


def call(service: str, operation: str, line: int = 1, **arguments: str | Hole) -> Call:
    given: dict[str, tuple[Text, ...]] = {name: ((value,),) for name, value in arguments.items()}
    return Call(service, operation, given, Spot("app.py", line))


SPOT: Final = Spot("app.py", 1)


def said(made: Suggestion, words: str) -> bool:
    return any(words in one for one in made.decisions)


@pytest.mark.parametrize(
    ("service", "operation", "words"),
    [
        ("iam", "CreateUser", "DANGER: iam:CreateUser"),
        ("iam", "AttachRolePolicy", "DANGER: iam:AttachRolePolicy"),
        ("kms", "PutKeyPolicy", "DANGER: kms:PutKeyPolicy changes who may do what"),
        ("kms", "CreateGrant", "DANGER: kms:CreateGrant"),
        ("lambda", "AddPermission", "DANGER: lambda:AddPermission"),
        ("secretsmanager", "PutResourcePolicy", "DANGER: secretsmanager:PutResourcePolicy"),
        ("organizations", "AttachPolicy", "DANGER: organizations:AttachPolicy"),
        ("s3", "PutObjectAcl", "s3:PutObjectAcl changes whom these resources are open to"),
        ("sqs", "CreateQueue", "sqs:CreateQueue changes whom these resources are open to"),
        ("s3", "PutBucketPolicy", "DANGER: s3:PutBucketPolicy"),
        ("s3", "DeleteBucket", "It may destroy: s3:DeleteBucket"),
        ("ec2", "TerminateInstances", "It may destroy: ec2:TerminateInstances"),
        ("sts", "AssumeRole", "sts:AssumeRole: with it the role can act as something else"),
        ("ec2", "DescribeInstances", "ec2:DescribeInstances: IAM lets no resource be named"),
        ("s3", "GetObject", "encrypted with a KMS key"),
        ("s3", "GetObject", "403 instead of 404"),
        ("s3", "CreateSession", "Nothing was guessed"),
    ],
)
def test_what_a_human_must_decide(service: str, operation: str, words: str) -> None:
    assert said(of(call(service, operation)), words)


@pytest.mark.parametrize(
    ("service", "operation"),
    [("s3", "PutObjectAcl"), ("sqs", "CreateQueue"), ("sns", "CreateTopic")],
)
def test_sharing_a_resource_is_no_danger(service: str, operation: str) -> None:
    assert not said(of(call(service, operation)), "DANGER")


def test_two_dangers_are_in_the_plural() -> None:
    made = of(call("iam", "CreateUser"), call("iam", "AttachRolePolicy"))
    assert said(made, "DANGER: iam:AttachRolePolicy, iam:CreateUser change who")
    assert said(made, "keep them out")


def test_only_of_names_that_the_code_makes_it_is_said_that_it_makes_them() -> None:
    made_by_code = Call("s3", "GetObject", {"Bucket": (("b",),), "Key": (("a/", Hole("")),)}, SPOT)
    assert said(of(made_by_code), "as the code makes these names when it runs: arn:aws:s3:::b/a/*")
    trailing = of(call("logs", "PutLogEvents", logGroupName="g", logStreamName="s"))
    assert not said(trailing, "as the code makes these names")


def test_no_permission_is_said_first_and_is_complete_only_if_all_was_read() -> None:
    assert of().decisions[0].startswith("NOTHING WAS INFERRED")
    assert of().complete
    unclear = (Unclear(Spot("x.py", 3), "the service is not known"),)
    assert not of(unclear=unclear).complete
    assert not of(left_out={"Java": 1}).complete
    found = call("s3", "ListBuckets")
    assert of(found, left_out={"Java": 1, "tests": 2}).complete
    assert not of(found, call("s3", "CreateSession", Bucket="b")).complete


def test_reading_iam_is_no_danger() -> None:
    assert not said(of(call("iam", "ListUsers"), call("iam", "GetRole")), "DANGER")


def test_unknown_calls_are_listed_and_grant_nothing() -> None:
    made = of(call("s3", "CreateSession", 7, Bucket="b"))
    assert made.statements == ()
    assert [(one.path, one.line, one.said) for one in made.unknown] == [
        ("app.py", 7, "s3:CreateSession")
    ]


def test_what_was_left_out_and_not_understood_is_said() -> None:
    unclear = (Unclear(Spot("x.py", 3, "client(name)"), "the service is not known"),)
    made = of(unclear=unclear, left_out={"tests": 4})
    assert said(made, "could not be told in 1 place:")
    assert said(made, "4 files of tests")
    assert said(made, "--include-tests")
    assert made.unclear == unclear


def test_one_name_for_two_things_becomes_two_variables() -> None:
    made = of(
        call("dynamodb", "GetItem", TableName=Hole("NAME")),
        call("sqs", "ListQueueTags", QueueUrl=Hole("NAME")),
        call("dynamodb", "PutItem", TableName=Hole("NAME")),
    )
    assert {name for name in made.variables if "NAME" in name} == {"NAME", "SQS_NAME"}
    assert granted(made)["dynamodb:GetItem"] == granted(made)["dynamodb:PutItem"]


def test_a_second_account_is_said() -> None:
    made = of(
        call("sns", "Publish", TopicArn="arn:aws:sns:eu-west-1:418892985061:a"),
        call("sns", "Publish", TopicArn="arn:aws:sns:eu-west-1:111122223333:a"),
    )
    assert said(made, "several accounts")


@pytest.mark.parametrize(
    "trust",
    [
        "{",
        "[]",
        '{"Statement": []}',
        '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}',
        '{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "a:B"}}',
    ],
)
def test_no_trust_in_everybody(trust: str) -> None:
    with pytest.raises(TrustError):
        of(trust=trust)


def test_the_order_of_the_calls_does_not_matter() -> None:
    calls = [call("s3", "GetObject", Bucket="b", Key=key) for key in ("a", "b", "c")]
    calls += [call("sqs", "SendMessage", QueueUrl="q"), call("sns", "Publish", TopicArn="t")]
    assert of(*calls).statements == of(*reversed(calls)).statements


def test_with_events_the_policy_is_what_was_used_and_says_so_loudly() -> None:
    event = {
        "eventName": "GetObject",
        "eventSource": "s3.amazonaws.com",
        "eventID": "e1",
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2.0",
        "userIdentity": {},
        "requestParameters": {"bucketName": "b", "key": "k"},
    }
    tables = load_tables()
    made = of(
        call("s3", "PutObject", Bucket="b", Key="k"), trail=trail([event], frozenset(), tables)
    )
    assert granted(made) == {"s3:GetObject": {"arn:aws:s3:::b/k"}}
    assert said(made, "IF SOMEBODY ELSE USED THE KEY")
    assert said(made, "203.0.113.9")
    assert made.difference is not None
    assert made.difference.only_used == (("s3:GetObject", "arn:aws:s3:::b/k"),)
    assert made.difference.only_code == (("s3:PutObject", "arn:aws:s3:::b/k"),)


def test_no_bare_wildcard_action_whatever_is_called() -> None:
    made, _ = role_of(NAMES[0])
    for one in policies(made, as_words):
        for statement in one.document["Statement"]:
            assert all("*" not in action for action in statement["Action"])
