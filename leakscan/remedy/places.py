"""Which role takes the place of a key, told from the kind of file it stands in.

Part of the remedy stage. In: a path. Out: one sentence. Source: AWS documentation, IAM User Guide,
"Security best practices in IAM" and "Temporary security credentials"; GitHub and GitLab
documentation, "OpenID Connect in AWS".
"""

import re
from typing import Final

_ANYWHERE: Final = (
    "Where the program runs an IAM role does it: an instance profile on EC2, a task role on ECS, "
    "the execution role of Lambda; SDKs find it by themselves."
)
# The first that fits decides.
_PLACES: Final = {
    r"(^|/)\.github/(workflows|actions)/": (
        "GitHub Actions needs no key: let the workflow assume an IAM role through OpenID "
        "Connect (aws-actions/configure-aws-credentials with role-to-assume)."
    ),
    r"(^|/)\.gitlab-ci\.ya?ml$": (
        "GitLab CI needs no key: give the job an id_token and let it assume an IAM role with "
        "AssumeRoleWithWebIdentity."
    ),
    r"(^|/)(\.circleci/|bitbucket-pipelines\.yml$|\.buildkite/|\.travis\.yml$)": (
        "This CI can assume an IAM role through OpenID Connect, without a key."
    ),
    r"(^|/)Jenkinsfile|(^|/)buildspec[^/]*\.ya?ml$": (
        "Give the build agent an IAM role (its instance profile, or the service role of "
        "CodeBuild) in place of the key."
    ),
    r"\.tf(vars)?(\.json)?$|(^|/)terraform\.tfstate": (
        "Terraform runs with the role of whoever runs it: leave access_key and secret_key out "
        "of the provider and use assume_role, or OpenID Connect in CI."
    ),
    r"(^|/)(Dockerfile|Containerfile)|(^|/)(docker-)?compose[^/]*\.ya?ml$": (
        "An image must hold no key: its container gets an IAM role when it runs, a task role "
        "on ECS, Pod Identity on EKS, an instance profile on EC2."
    ),
    r"(^|/)(k8s|kubernetes|helm|charts|manifests|deploy)/.*\.ya?ml$|(^|/)values[^/]*\.yaml$": (
        "On EKS give the service account an IAM role (EKS Pod Identity, or IRSA) in place of "
        "a Secret with a key."
    ),
    r"(^|/)serverless\.ya?ml$|(^|/)template\.ya?ml$|(^|/)samconfig\.toml$|lambda": (
        "A Lambda function has an execution role: give that the permissions, and delete the "
        "key from its environment."
    ),
    r"(^|/)\.aws/(credentials|config)$|(^|/)\.boto$|(^|/)\.s3cfg$|(^|/)\.env(\.|$)": (
        "On a person's machine sign in through IAM Identity Center (aws configure sso), which "
        "gives a role for some hours; where the program is deployed, an IAM role."
    ),
    r"\.(swift|kt|m|dart)$|(^|/)AndroidManifest\.xml$": (
        "An app on other people's devices can keep no key: let it get a role for its user "
        "through Amazon Cognito."
    ),
}


def role_for(path: str) -> str:
    """Return what to use in place of a key at a path; a path may be empty."""
    fitting = (say for pattern, say in _PLACES.items() if re.search(pattern, path, re.IGNORECASE))
    return next(fitting, _ANYWHERE)
