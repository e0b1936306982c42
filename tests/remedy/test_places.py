"""The role that is named fits the place where a key was found."""

import pytest

from leakscan.remedy.places import role_for


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (".github/workflows/release.yml", "OpenID Connect (aws-actions"),
        ("sub/.github/actions/x/action.yml", "OpenID Connect (aws-actions"),
        (".gitlab-ci.yml", "AssumeRoleWithWebIdentity"),
        (".circleci/config.yml", "OpenID Connect"),
        ("bitbucket-pipelines.yml", "OpenID Connect"),
        ("Jenkinsfile", "build agent"),
        ("ci/buildspec-test.yml", "CodeBuild"),
        ("infra/main.tf", "Terraform"),
        ("infra/prod.tfvars", "Terraform"),
        ("Dockerfile.prod", "image"),
        ("docker-compose.override.yml", "image"),
        ("k8s/app/secret.yaml", "Pod Identity"),
        ("chart/values-prod.yaml", "Pod Identity"),
        ("serverless.yml", "execution role"),
        ("home/.aws/credentials", "Identity Center"),
        (".env.production", "Identity Center"),
        ("app/.env", "Identity Center"),
        ("ios/App/Keys.swift", "Cognito"),
        ("src/main.py", "instance profile on EC2"),
        ("environment.txt", "instance profile on EC2"),
        ("", "instance profile on EC2"),
    ],
)
def test_role_for(path: str, word: str) -> None:
    assert word in role_for(path)
