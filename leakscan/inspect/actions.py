"""The dangerous actions that IAM is asked about, in plain words.

Part of the inspect stage. Each is worth an incident of its own; together they are few enough for a
handful of calls. Source: AWS incident response playbooks and ATT&CK for cloud; the names are
those of the Service Authorization Reference.
"""

from typing import Final

from leakscan.inspection import Harm
from leakscan.record import Record


class Danger(Record, frozen=True):
    """An action and what it is good for in wrong hands."""

    action: str
    harm: Harm
    what: str


def _dangers(harm: Harm, **services: dict[str, str]) -> tuple[Danger, ...]:
    return tuple(
        Danger(f"{service}:{action}", harm, what)
        for service, actions in services.items()
        for action, what in actions.items()
    )


DANGERS: Final = (
    *_dangers(
        Harm.TAKE_OVER,
        iam={
            "AttachUserPolicy": "may give any user every permission, also itself",
            "PutUserPolicy": "may write permissions for any user, also itself",
            "AttachGroupPolicy": "may give any group every permission, also one of its own",
            "PutGroupPolicy": "may write permissions for any group, also one of its own",
            "AttachRolePolicy": "may give any role every permission",
            "PutRolePolicy": "may write permissions for any role",
            "CreatePolicyVersion": "may rewrite policies that are in use",
            "SetDefaultPolicyVersion": "may bring back older texts of policies that allow more",
            "CreateAccessKey": "may create keys for other users",
            "CreateLoginProfile": "may give users a password for the console",
            "UpdateLoginProfile": "may change the passwords of users",
            "AddUserToGroup": "may put users into groups of administrators",
            "UpdateAssumeRolePolicy": "may let anybody assume a role",
            "CreateUser": "may create users, which stay when this key is gone",
        },
    ),
    *_dangers(
        Harm.HIDE,
        cloudtrail={
            "StopLogging": "may stop the records of what it does",
            "DeleteTrail": "may delete trails",
        },
        guardduty={"DeleteDetector": "may switch the detection of threats off"},
        organizations={"LeaveOrganization": "may take the account out of its organization's rules"},
    ),
    *_dangers(
        Harm.READ,
        secretsmanager={"GetSecretValue": "may read secrets of Secrets Manager"},
        ssm={"GetParameters": "may read parameters, passwords among them"},
        kms={"Decrypt": "may decrypt what KMS keys protect"},
        s3={
            "GetObject": "may read files in buckets",
            "ListAllMyBuckets": "may list all buckets",
            "PutBucketPolicy": "may open buckets to anybody",
        },
        dynamodb={"Scan": "may read whole tables"},
        rds={"ModifyDBSnapshotAttribute": "may share copies of databases with other accounts"},
        ec2={"ModifySnapshotAttribute": "may share copies of disks with other accounts"},
        ecr={"BatchGetImage": "may pull container images"},
    ),
    *_dangers(
        Harm.DESTROY,
        kms={"ScheduleKeyDeletion": "may destroy keys, and with them all that they encrypt"},
        s3={"DeleteObject": "may delete files in buckets"},
        rds={"DeleteDBInstance": "may delete databases"},
        dynamodb={"DeleteTable": "may delete tables"},
        ec2={"TerminateInstances": "may delete servers"},
    ),
    *_dangers(
        Harm.SPEND,
        ec2={"RunInstances": "may start servers, as miners of coins do"},
        bedrock={"InvokeModel": "may use language models at your cost"},
        ses={"SendEmail": "may send mail in your name"},
    ),
    *_dangers(
        Harm.MOVE_ON,
        iam={"PassRole": "may give a role to a service and act through it"},
        sts={
            "AssumeRole": "may assume roles that trust this account or this identity",
            "GetFederationToken": "may make sessions, for the console too, that outlive this key",
        },
        ssm={"SendCommand": "may run commands on servers"},
        **{
            "lambda": {"UpdateFunctionCode": "may put its own code into functions"},
            "ecr": {"PutImage": "may replace container images"},
        },
    ),
)
"""In the order of their harm, the worst first."""

LONG_TERM_ONLY: Final = ("sts:GetFederationToken",)
"""What no temporary key can do, whatever its policies allow.

Source: STS API, GetFederationToken: it takes the long-term key of a user, and what it makes lasts
up to 36 hours.
"""

ALL_POWERFUL: Final = {
    "AdministratorAccess": tuple(one.action for one in DANGERS),
    "IAMFullAccess": tuple(one.action for one in DANGERS if one.action.startswith("iam:")),
    "PowerUserAccess": tuple(
        one.action
        for one in DANGERS
        if not one.action.startswith(("iam:", "organizations:", "account:"))
    ),
}
"""What AWS's own policies of these names allow on everything.

Source: AWS managed policy reference. PowerUserAccess leaves out all of iam, organizations and
account, but for a few actions that are not listed here.
"""
