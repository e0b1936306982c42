"""What a human must decide before a suggested role is used, a sentence each.

Part of the privilege stage. In: statements, needs, usage, events. Out: sentences, the most
dangerous first. They name actions and counts; what comes from a repository or an event and is named
here is cleaned where it is written.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from leakscan.permissions import Call, Hole, Need, Statement, Text, Usage
from leakscan.privilege.cloudtrail import Trail
from leakscan.privilege.needs import Needs
from leakscan.privilege.policy import shown
from leakscan.privilege.tables import Tables
from leakscan.usage.collect import DATA, NO_CODE, TESTS, VENDORED

REFINE: Final = (
    "This is a starting point. Run with it, then compare with what IAM Access Analyzer says: "
    "unused access, and a policy generated from CloudTrail (aws accessanalyzer "
    "start-policy-generation)."
)
_CHOSEN: Final = (TESTS, VENDORED, NO_CODE, DATA)
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
_CREATES: Final = frozenset({"terraform", "cloudformation", "cdk"})
"""Places whose role is that of whoever applies what the files say."""
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
        f"The policy is made of {_count(calls, 'call')} in CloudTrail{when}. "
        "IF SOMEBODY ELSE USED THE KEY, "
        "WHAT THEY DID IS IN IT: check the addresses and programs below, and take out what is not "
        "yours."
    )
    if trail.by_root:
        yield (
            f"DANGER: the root user of the account did this ({_count(trail.by_root, 'event')}). "
            "Root may do everything, and no role should take its place as it is: delete root's "
            "keys, and check each action below."
        )
    for name, sources in sorted(trail.sources.items())[:_LISTED]:
        yield (
            f"{name} was asked for from {_some(sources.addresses, _SOURCES)} by "
            f"{_some(sources.agents, _SOURCES)}."
        )
    if len(trail.sources) > _LISTED:
        yield f"And {_count(len(trail.sources) - _LISTED, 'other operation')}: see the events."
    yield (
        "CloudTrail has no data events (objects of S3, items of DynamoDB, messages, invocations) "
        "unless a trail records them: what is missing here may still be needed."
    )
    if trail.by_sessions:
        yield (
            f"{_count(trail.by_sessions, 'event')} came of sessions that were made with the key; "
            "they are not in the policy. Look at them: a role that the key assumes has its own "
            "permissions."
        )
    if trail.others:
        yield f"Left out: {_count(trail.others, 'event')} of other keys in the file."
    if trail.failed:
        yield f"Allowed, and failed otherwise: {_count(trail.failed, 'call')}, taken as used."
    for gap in trail.gaps:
        yield f"Not known: {gap}."
    if trail.not_read:
        yield f"Not read, or more than are looked at: {_count(trail.not_read, 'event')}."


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
            f"DANGER: {_some(powerful, _NAMED)} {_verb(powerful, 'change')} who may do what. "
            "Whoever has this role can give themselves more: keep "
            f"{'it' if len(powerful) == 1 else 'them'} out of the role of an application, or bound "
            "it with a permissions boundary."
        )
    shares = [action for action in manages if action not in powerful]
    if shares:
        yield (
            f"{_some(shares, _NAMED)} {_verb(shares, 'change')} whom these resources are open to, "
            "other accounts and everybody too. Check that the code needs it."
        )
    rises = [action for action in actions if action in _RISES and action not in manages]
    if rises:
        yield (
            f"{_some(rises, _NAMED)}: with it the role can act as something else. Check that each "
            "resource is named, and that what it names has no more rights than this role should."
        )
    destroys = [one for one in actions if _DESTROYS.search(one) and one not in _HARMLESS]
    if destroys:
        yield f"It may destroy: {_some(destroys, _NAMED)}. Is that wanted in the same role?"


def _verb(items: Collection[str], verb: str) -> str:
    return f"{verb}s" if len(items) == 1 else verb


def of_resources(found: Sequence[Statement], chosen: Needs, calls: Sequence[Call]) -> Iterator[str]:
    """Say where resources are wide, open, or in another account; `calls` are what is asked for."""
    anything = sorted({a for one in found if one.resources == (("*",),) for a in one.actions})
    if anything:
        yield (
            f"{_some(anything, _NAMED)}: IAM lets no resource be named here, so it is * ; "
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
            f"The resources are in several accounts ({_some(accounts, _SOURCES)}): in those of "
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
            f"{_some(sorted(made), _SOURCES)}. Write the longest beginning that the names share."
        )
    if ours:
        yield (
            f"With * in them, as nothing that was read says more: "
            f"{_some(sorted(ours), _SOURCES)}. Write the names that you know."
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
            f"If what {_some(encrypted, _NAMED)} touches is encrypted with a KMS key of your own, "
            f"the role needs {_some(more, _NAMED)} on that key. {_DEFAULTS}"
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


def of_code(usage: Usage, chosen: Needs, *, is_from_events: bool) -> Iterator[str]:
    """Say what was not understood, and what was not looked at."""
    if chosen.unknown:
        number = len(chosen.unknown)
        yield (
            f"No action of IAM is known for {_count(number, 'call')}: look in the Service "
            "Authorization Reference. Nothing was guessed."
        )
    if usage.unclear:
        yield (
            f"What AWS is used for could not be told in {_count(len(usage.unclear), 'place')}: "
            "read them, and add what they do."
        )
    folders = _folders(usage)
    if len(folders) > 1:
        where = [f"{name} ({number})" for name, number in folders]
        yield (
            f"Calls come from {len(folders)} folders: {_some(where, _NAMED)}. If they are "
            "programs of their own, each gets its own role: --code FOLDER."
        )
    yield from _aside(usage)
    if not is_from_events:
        yield (
            "The code at HEAD may not be what runs: other branches, other repositories and people "
            "may use the same key. aws iam get-access-key-last-used and CloudTrail tell."
        )


def of_gaps(
    usage: Usage, found: Sequence[Statement], place: str, *, is_from_events: bool
) -> Iterator[str]:
    """Say first what makes a policy worth less than it looks: that it is empty, or of a part."""
    if not found and is_from_events:
        yield (
            "NOTHING WAS INFERRED: the role has no permission, for none of the events is a call "
            "that was allowed and whose action is known. It does not mean that the key needs none."
        )
    elif not found:
        yield (
            "NOTHING WAS INFERRED: the role has no permission, for no call of AWS was understood "
            f"in what was read ({_read(usage)}). It does not mean that the key needs none. What it "
            "is used for, CloudTrail tells: --events FILE, or --profile NAME --access-key-id ID."
        )
    if usage.gaps:
        yield (
            f"NOT READ, though it may be code: {_listed(usage.gaps)}. What it needs is not in this "
            "policy. git fsck tells what a store lacks; --code FOLDER looks at a part."
        )
    if usage.creates and (place in _CREATES or not found):
        yield (
            f"Files that say what to create were seen ({_listed(usage.creates)}). Whoever applies "
            "them needs permissions for all that they create, and this policy has none of these. "
            "Take them from CloudTrail: apply once with the permissions of today, then --events "
            "FILE, or --profile NAME --access-key-id ID."
        )
    unread = _unread(usage)
    if unread:
        yield (
            f"Not read, for the language: {_listed(unread)}. Nothing in these files names AWS's "
            "SDK or runs its CLI in a way that is known; if they use AWS, add what they do."
        )


def is_complete(usage: Usage, chosen: Needs, found: Sequence[Statement], place: str) -> bool:
    """Say whether the code was read and understood; tests apart, and what others wrote.

    A policy that is empty is no answer as long as there is anything that was not looked into.
    """
    if usage.gaps or usage.unclear or chosen.unknown or (usage.creates and place in _CREATES):
        return False
    doubts = (usage.creates, _unread(usage), usage.aside.get(VENDORED))
    return bool(found) or (bool(usage.files) and not any(doubts))


def _unread(usage: Usage) -> dict[str, int]:
    """Return the languages that nobody reads, with the number of their files."""
    return {
        name: number
        for name, number in usage.left_out.items()
        if name not in usage.gaps and name not in _CHOSEN
    }


def _aside(usage: Usage) -> Iterator[str]:
    if tests := usage.left_out.get(TESTS):
        yield (
            f"Left out: {_count(tests, 'file')} of tests{_where(usage.aside.get(TESTS, {}))}; "
            "--include-tests takes them in, --code FOLDER what is in a folder."
        )
    if others := usage.aside.get(VENDORED):
        yield (
            f"Left out: {_count(sum(others.values()), 'file')} of code that others wrote, as the "
            f"folders are called{_where(others)}. If it is yours, --code FOLDER takes it in."
        )


def _where(folders: dict[str, int]) -> str:
    most = sorted(folders.items(), key=lambda one: (-one[1], one[0]))
    named = [f"{name}: {number}" for name, number in most]
    return f" ({_some(named, _NAMED)})" if named else ""


def _read(usage: Usage) -> str:
    return (
        ", ".join(f"{_count(n, 'file')} of {name}" for name, n in usage.files.items()) or "no file"
    )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _folders(usage: Usage) -> list[tuple[str, int]]:
    """Return the folders that part the calls, and how many each has, the most first."""
    paths = [one.spot.path.split("/")[:-1] for one in usage.calls]
    depth = 0
    while paths and all(len(path) > depth and path[depth] == paths[0][depth] for path in paths):
        depth += 1
    counted = Counter("/".join(path[: depth + 1]) or "." for path in paths)
    return counted.most_common()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(items: Collection[str], number: int) -> str:
    shown_items = list(items)[:number]
    rest = len(items) - len(shown_items)
    return ", ".join(shown_items) + (f" and {rest} more" if rest else "")
