"""What a human must decide before a suggested role is used, a sentence each.

Part of the privilege stage. In: statements, needs, usage, events. Out: sentences, the most
dangerous first. They name actions and counts; what comes from a repository or an event and is named
here is cleaned where it is written.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from leakscan.permissions import Call, Hole, Need, Statement, Text
from leakscan.privilege.cloudtrail import Trail
from leakscan.privilege.needs import Needs
from leakscan.privilege.policy import shown
from leakscan.privilege.tables import Tables
from leakscan.privilege.wording import count, some

REFINE: Final = (
    "This is a starting point. Run with it, then compare with what IAM Access Analyzer says: "
    "unused access, and a policy generated from CloudTrail (aws accessanalyzer "
    "start-policy-generation)."
)
_NAMED: Final = 8
_SOURCES: Final = 3
_LISTED: Final = 40
_ESCALATES: Final = "Permissions management"
_DESTROYS: Final = re.compile(
    r":(?:Batch)?(?:Delete|Terminate|Remove|Purge|Destroy|Deregister|ScheduleKeyDeletion|Reset)"
)
_HARMLESS: Final = ("sqs:DeleteMessage", "ec2:DeleteTags")
_RISES: Final = (
    "iam:PassRole", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser",
    "iam:UpdateLoginProfile", "sts:AssumeRole", "lambda:UpdateFunctionCode", "ssm:SendCommand",
    "ssm:StartSession", "kms:CreateGrant", "ec2:ModifyInstanceAttribute",
)  # fmt: skip
_ENCRYPTED: Final = {
    "s3:GetObject": "kms:Decrypt",
    "s3:PutObject": "kms:GenerateDataKey",
    "sqs:ReceiveMessage": "kms:Decrypt",
    "sqs:SendMessage": "kms:Decrypt, kms:GenerateDataKey",
    "sns:Publish": "kms:Decrypt, kms:GenerateDataKey",
    "secretsmanager:GetSecretValue": "kms:Decrypt",
    "ssm:GetParameter": "kms:Decrypt",
    "ssm:GetParameters": "kms:Decrypt",
    "ssm:GetParametersByPath": "kms:Decrypt",
    "dynamodb:GetItem": "kms:Decrypt",
    "kinesis:GetRecords": "kms:Decrypt",
    "kinesis:PutRecord": "kms:GenerateDataKey",
    "kinesis:PutRecords": "kms:GenerateDataKey",
}
_PLACES: Final = {
    "lambda-function": "Lambda itself needs logs:CreateLogStream and logs:PutLogEvents on the log "
    "group of the function, and for a queue or stream that triggers it the reading of that "
    "(AWSLambdaBasicExecutionRole, AWSLambdaSQSQueueExecutionRole and their like): add them.",
    "ecs-task": "This is the task role. Pulling the image, writing logs and the secrets of the "
    "task definition belong to the execution role, which is another one.",
    "codebuild": "CodeBuild itself needs its log group, its artifact bucket and its source: add "
    "them.",
}
_POWERFUL: Final = re.compile(
    r"(?:iam|organizations|sso|sso-directory|identitystore|rolesanywhere|eks|lakeformation"
    r"|opsworks|codestar):"
    r"|cognito-identity:Set|quicksight:.*IAMPolicy|ram:|ds:CreateTrust"
    r"|[^:]+:(?:.*Grant(?!s)|Add(?:.*)Permission|PutPermission|RemovePermission)"
    r"|[^:]+:(?:Put|Set|Attach|Detach|Delete|Create|Update)(?:(?!VendedLog).)*Polic(?:y|ies)"
)
"""Of actions that manage permissions, those that change what principals may do: policies of
principals, policies of resources that name principals, and grants."""
_PRINCIPALS: Final = re.compile(
    r"(?:iam|organizations|sso|sso-directory|identitystore|rolesanywhere):"
    r"|eks:(?:CreateAccessEntry|UpdateAccessEntry|AssociateAccessPolicy|CreatePodIdentityAssociation)"
)
"""Actions on principals, whatever their level is called."""
_HARMLESS_LEVELS: Final = ("Read", "List", "Tagging")
_DEFAULTS: Final = (
    "This is not needed for keys that AWS manages (aws/s3, SSE-S3, aws/secretsmanager)."
)


def of_events(trail: Trail) -> Iterator[str]:
    """Say whose calls the policy was made from, and that an intruder's would be among them."""
    calls = len(trail.calls) + len(trail.refused) + len(trail.unknown)
    when = f", {trail.first} to {trail.last}" if trail.first else ""
    yield (
        f"The policy is made of {count(calls, 'call')} in CloudTrail{when}. "
        "IF SOMEBODY ELSE USED THE KEY, "
        "WHAT THEY DID IS IN IT: check the addresses and programs below, and take out what is not "
        "yours."
    )
    if trail.by_root:
        yield (
            f"DANGER: the root user of the account did this ({count(trail.by_root, 'event')}). "
            "Root may do everything, and no role should take its place as it is: delete root's "
            "keys, and check each action below."
        )
    for name, sources in sorted(trail.sources.items())[:_LISTED]:
        yield (
            f"{name} was asked for from {some(sources.addresses, _SOURCES)} by "
            f"{some(sources.agents, _SOURCES)}."
        )
    if len(trail.sources) > _LISTED:
        yield f"And {count(len(trail.sources) - _LISTED, 'other operation')}: see the events."
    yield (
        "CloudTrail has no data events (objects of S3, items of DynamoDB, messages, invocations) "
        "unless a trail records them: what is missing here may still be needed."
    )
    if trail.by_sessions:
        yield (
            f"{count(trail.by_sessions, 'event')} came of sessions that were made with the key; "
            "they are not in the policy. Look at them: a role that the key assumes has its own "
            "permissions."
        )
    if trail.others:
        yield f"Left out: {count(trail.others, 'event')} of other keys in the file."
    if trail.failed:
        yield f"Allowed, and failed otherwise: {count(trail.failed, 'call')}, taken as used."
    for gap in trail.gaps:
        yield f"Not known: {gap}."
    if trail.not_read:
        yield f"Not read, or more than are looked at: {count(trail.not_read, 'event')}."


def of_actions(found: Sequence[Statement], tables: Tables) -> Iterator[str]:
    """Name what changes permissions, what lets its holder rise, and what destroys."""
    actions = sorted({action for one in found for action in one.actions})
    levels = {action: row.level for action in actions if (row := tables.row(action)) is not None}
    manages = [
        action
        for action in actions
        if (_PRINCIPALS.match(action) or levels.get(action) == _ESCALATES)
        and action != "iam:PassRole"
        and levels.get(action) not in _HARMLESS_LEVELS
    ]
    powerful = [action for action in manages if _POWERFUL.match(action)]
    if powerful:
        yield (
            f"DANGER: {some(powerful, _NAMED)} {_verb(powerful, 'change')} who may do what. "
            "Whoever has this role can give themselves more: keep "
            f"{'it' if len(powerful) == 1 else 'them'} out of the role of an application, or bound "
            "it with a permissions boundary."
        )
    shares = [action for action in manages if action not in powerful]
    if shares:
        yield (
            f"{some(shares, _NAMED)} {_verb(shares, 'change')} whom these resources are open to, "
            "other accounts and everybody too. Check that the code needs it."
        )
    rises = [action for action in actions if action in _RISES and action not in manages]
    if rises:
        yield (
            f"{some(rises, _NAMED)}: with it the role can act as something else. Check that each "
            "resource is named, and that what it names has no more rights than this role should."
        )
    destroys = [one for one in actions if _DESTROYS.search(one) and one not in _HARMLESS]
    if destroys:
        yield f"It may destroy: {some(destroys, _NAMED)}. Is that wanted in the same role?"


def _verb(items: Collection[str], verb: str) -> str:
    return f"{verb}s" if len(items) == 1 else verb


def of_resources(found: Sequence[Statement], chosen: Needs, calls: Sequence[Call]) -> Iterator[str]:
    """Say where resources are wide, open, or in another account; `calls` are what is asked for."""
    anything = sorted({a for one in found if one.resources == (("*",),) for a in one.actions})
    if anything:
        yield (
            f"{some(anything, _NAMED)}: IAM lets no resource be named here, so it is * ; "
            "conditions such as aws:RequestedRegion can narrow it."
        )
    if any(
        Hole(name) in text for one in found for text in one.resources for name in chosen.variables
    ):
        yield (
            "Fill in the variables: they are names that only show when the program runs. Where one "
            "variable stands for several things, write a resource for each."
        )
    yield from _wide(found, chosen.needs, calls)
    accounts = sorted({one for two in found for text in two.resources for one in _accounts(text)})
    if len(accounts) > 1:
        yield (
            f"The resources are in several accounts ({some(accounts, _SOURCES)}): in those of "
            "others the resource's own policy, and a KMS key's, must allow the role too."
        )
    if chosen.passed_openly:
        yield (
            "iam:PassRole stands without iam:PassedToService in some statement, since it is not "
            "known to which service the role is handed: add the condition."
        )


def _wide(
    found: Sequence[Statement], needs: Sequence[Need], calls: Sequence[Call]
) -> Iterator[str]:
    """Say of * in resources whether the code's names are open, or only we do not know them."""
    open_spots = {call.spot for call in calls if _is_open(call)}
    wide = {text for one in found for text in one.resources if _is_wide(text)}
    of_code = {text for one in needs if one.spot in open_spots for text in one.resources}
    made = {shown(text) for text in wide & of_code}
    ours = {shown(text) for text in wide - of_code}
    if made:
        yield (
            f"With * in them, as the code makes these names when it runs: "
            f"{some(sorted(made), _SOURCES)}. Write the longest beginning that the names share."
        )
    if ours:
        yield (
            f"With * in them, as nothing that was read says more: "
            f"{some(sorted(ours), _SOURCES)}. Write the names that you know."
        )


def _is_open(call: Call) -> bool:
    """Say whether a call is given a text that only shows when the program runs, in part."""
    return any(
        isinstance(part, Hole)
        for texts in call.arguments.values()
        for text in texts
        for part in text
    )


def _is_wide(text: Text) -> bool:
    parts = "".join(part for part in text if isinstance(part, str))
    return text != ("*",) and "*" in parts.replace("${*}", "").removesuffix(":*")


def _accounts(text: Text) -> Iterator[str]:
    fields = shown(text).split(":")
    if len(fields) > 5 and fields[4].isdigit():
        yield fields[4]


def of_services(needs: Sequence[Need]) -> Iterator[str]:
    """Say what the calls may need besides, which the code does not show."""
    actions = {need.action for need in needs}
    encrypted = sorted(actions & set(_ENCRYPTED))
    if encrypted:
        more = sorted({one for name in encrypted for one in _ENCRYPTED[name].split(", ")})
        yield (
            f"If what {some(encrypted, _NAMED)} touches is encrypted with a KMS key of your own, "
            f"the role needs {some(more, _NAMED)} on that key. {_DEFAULTS}"
        )
    if "s3:GetObject" in actions and "s3:ListBucket" not in actions:
        yield (
            "Without s3:ListBucket S3 answers 403 instead of 404 for an object that is not there. "
            "Add it on the bucket only if the code tells the two apart."
        )
    if "s3:PutObject" in actions and "s3:AbortMultipartUpload" not in actions:
        yield (
            "SDKs upload large objects in parts: s3:AbortMultipartUpload lets them tidy up after a "
            "failure. A lifecycle rule that ends incomplete uploads does without."
        )
    if any(action.startswith("lambda:Create") for action in actions):
        yield "A function in a VPC needs ec2:CreateNetworkInterface and its like in its role."


def of_place(place: str) -> Iterator[str]:
    """Say what the place itself needs of the role, which no code asks for."""
    if place in _PLACES:
        yield _PLACES[place]
