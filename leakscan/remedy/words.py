"""The words in capitals that a reader of a plan has to fill in, and what they mean.

Part of the remedy stage. In: the blocks of a plan. Out: each word in them that is no name of
something, with its meaning. Words with an underscore are to fill in unless they are known to be a
name; others are only if they have a meaning here. Most say themselves what they are.
"""

import re
from collections.abc import Iterable
from typing import Final

from leakscan.remediation import PLACEHOLDERS, Block

WORD: Final = re.compile(
    r"(?<![$A-Z0-9_])(?<!\$\{)(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|(?<![a-z])[A-Z]{3,})(?![A-Za-z0-9_(])"
)
_NAMES: Final = re.compile(
    r"(AWS|CI|GITHUB|GITLAB|CIRCLE|BITBUCKET|BUILDKITE|JENKINS|CODEBUILD|CAPABILITY|AS3CF)_.*"
)
"""Variables, settings and values that programs know."""
_FIXED: Final = frozenset(
    {word for word, _ in PLACEHOLDERS.values()}
    | {
        "ACTION_LEVEL",
        "ALL_PROVISIONED_ACCOUNTS",
        "BUILD_GENERAL1_SMALL",
        "CERTIFICATE_BUNDLE",
        "ID_TOKEN",
        "LINUX_CONTAINER",
        "LONG_TERM",
        "PYTHON_3_13",
        "REGISTRY_PASSWORD",
        "SERVICE_CONTROL_POLICY",
        "SERVICE_LEVEL",
    }
)
"""Values of options and the like, which stand for themselves."""
MEANINGS: Final = {
    "ALIAS": "the alias through which the function is called",
    "APP_CLIENT_ID": "the id of the app client in the user pool",
    "APP_USER": "the user of the operating system that the program runs as",
    "ASSOCIATION_ID": "the id of the association, as the command before prints it",
    "BOUNDARY_POLICY": "the name of the policy that bounds what new roles may do",
    "BUCKET": "the name of the S3 bucket",
    "BUILD_FOLDER": "the folder with the built app",
    "BUILD_ID": "the id of a build that printed the key",
    "CANDIDATES_FILE": "a file with the key ids and the secret to try with them",
    "CA_CERTIFICATE_PEM": "the certificate of your authority, PEM, each line end as \\n",
    "CLUSTER": "the name of the cluster",
    "COMPANY": "your name for the identity provider",
    "COOKBOOK": "the name of the cookbook",
    "DATABASE_PASSWORD": "the variable in which the program expects the value",
    "DATA_BAG": "the name of the data bag",
    "DEPLOYMENT": "the name of the deployment",
    "DEPLOYMENT_BUCKET": "the bucket that packages of functions are put into",
    "DISTRIBUTION_ID": "the id of the CloudFront distribution",
    "DOMAIN": "the domain that is sent from",
    "DOMAIN_ID": "the id of the SageMaker domain",
    "EXTERNAL_ID_OF_VENDOR": "the external id that the vendor made for you",
    "FAMILY": "the family of the task definition",
    "FIRST_KEY_ID": "the id of the key that is in use so far",
    "GROUP_ID": "the id of the group in IAM Identity Center",
    "GROUP_NAME": "the name of the Auto Scaling group",
    "HIERA_KEY": "the name under which Hiera has the secret",
    "HOME_REGION": "the Region in which IAM Identity Center is administered",
    "HOST": "the host name of the web server",
    "IMAGE": "the name of the image with its registry",
    "IMAGE_ID": "the id of the AMI",
    "IMAGE_VERSION": "the version of the image",
    "INSTANCE_ARN": "the ARN of IAM Identity Center: aws sso-admin list-instances",
    "ISSUER": "the OIDC issuer of the cluster, without https://",
    "ISSUER_HOST": "the host name of the issuer of the tokens",
    "ITEM": "the item of the data bag",
    "LOG_STREAM": "the log stream that has the key in it",
    "MAKER_OF_USERS": "the one role that may make users",
    "NAMESPACE": "the namespace in Kubernetes",
    "NEW_TAG": "the tag of the new image",
    "NEW_VERSION": "the number of the version without the key",
    "NODE": "the name of the node",
    "NOTEBOOK": "the name of the notebook instance",
    "OBJECT_KEY": "the object that has the key in it",
    "OBJECT_VERSION": "the version of that object",
    "OLD_DIGEST": "the digest of an image that has the key in it, sha256:...",
    "OLD_IMAGE_ID": "the id of an AMI that has the key in it",
    "OLD_REPLICA_SET": "a replica set that has the key in it",
    "OLD_REVISION": "the number of a revision that has the key in it",
    "OLD_TAG": "the tag of an image that has the key in it",
    "OLD_VERSION": "the number of a version that has the key in it",
    "ORGANIZATION": "the name of your organization there",
    "ORGANIZATIONAL_UNIT_ID": "the id of the organizational unit, the root or the account",
    "ORGANIZATION_ID": "the id of your organization there",
    "PERMISSION_SET_ARN": "the ARN of the permission set",
    "PIPELINE": "the name of the pipeline there",
    "PIPELINE_ROLE": "the role that the pipeline runs with",
    "POLICY_ID": "the id that create-policy prints",
    "PREFIX": "the beginning of the names of the objects",
    "PRODUCT": "the name of the product, in letters, digits and hyphens",
    "PROFILE": "your name for the profile",
    "PROFILE_ARN": "the ARN that create-profile prints",
    "PROFILE_ID": "the id of the inference profile",
    "PROJECT_ID": "the id of the project there",
    "PROJECT_NAME": "the name of the project",
    "RELEASE": "the name of the Helm release",
    "RUN_ID": "the id of a run that printed the key, as the command before prints it",
    "SECRET_NAME": "the name of the secret",
    "SENDER": "the name before the @ that mail is sent from",
    "SERVER_NAME": "the common name in the certificate of the server",
    "SERVICE": "the name of the service",
    "SERVICE_ACCOUNT": "the service account in Kubernetes",
    "SETTING_NAME": "the name of the other secret",
    "SMTP_USER": "the IAM user that the SMTP password is made from",
    "SOURCE_VERSION": "the number of the version to start from",
    "STATE_BUCKET": "the bucket that holds the state",
    "STATE_KEY": "the path of the state in its bucket",
    "SUBJECT_OF_PIPELINE_AND_BRANCH": "the sub claim of the token of this pipeline and branch",
    "TAG_NAME": "the tag that holds the key",
    "TASK_ID": "the id of a running task",
    "TEAM": "the team that answers for it",
    "USERS_ACCESS_KEY_ID": "the id of the key that the sessions are made with",
    "USER_DATA_BASE64": "the user data without the key, encoded by base64",
    "VENDOR_ACCOUNT_ID": "the AWS account of the vendor, from its documentation",
    "WORKSPACE": "the name of the workspace",
    "WORKSPACE_UUID": "the id of the workspace, with its hyphens and without braces",
}
_CAPITALS: Final = re.compile(r"\b(api|arn|ca|kms|url|uuid)\b")


def meanings(blocks: Iterable[Block]) -> dict[str, str]:
    """Return the words to fill in, in the order in which they stand, with what they mean."""
    words = dict.fromkeys(word for block in blocks for word in WORD.findall(block.text))
    return {word: _meaning(word) for word in words if is_open(word)}


def is_open(word: str) -> bool:
    """Say whether a word in capitals is for the reader to fill in."""
    if word in MEANINGS:
        return True
    return "_" in word and word not in _FIXED and not _NAMES.fullmatch(word)


def _meaning(word: str) -> str:
    said = _CAPITALS.sub(lambda found: found[0].upper(), word.lower().replace("_", " "))
    return MEANINGS.get(word) or f"the {said}"
