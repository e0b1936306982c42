from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.permissions import Call, Unclear
from leakscan.usage.pipelines.scripts import calls, is_scripts
from tests.support.keys import KeyMaker
from tests.usage.told import told

_WORKFLOW = ".github/workflows/deploy.yml"
_PUSHED = [
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
]


def step(text: str) -> str:
    """A workflow with one step."""
    return "jobs:\n  a:\n    steps:\n" + "".join(
        f"      {line}\n" for line in dedent(text).strip().splitlines()
    )


_STEPS = {
    "a script": (
        """
        - env: {BUCKET: b}
          run: |
            set -e
            aws s3 rm s3://$BUCKET/${{ github.sha }}/${{ secrets.NAME }}
        """,
        ["s3:DeleteObject Bucket=b Key=<SHA>/<NAME>"],
    ),
    "variables that are filled in": (
        """
        - env: {BUCKET: "${{ vars.THE_BUCKET }}"}
          run: aws s3 rb s3://$BUCKET
        """,
        ["s3:DeleteBucket Bucket=<THE_BUCKET>"],
    ),
    "more than a name is filled in": (
        "- run: aws s3 rb s3://x-${{ github.ref == 'a' && 'b' }}",
        ["s3:DeleteBucket Bucket=x-<>"],
    ),
    "the keys themselves, without a role": (
        """
        - uses: aws-actions/configure-aws-credentials@v4
          with: {aws-access-key-id: "${{ secrets.A }}", aws-region: eu-west-1}
        """,
        [],
    ),
    "a role taken with keys": (
        """
        - uses: aws-actions/configure-aws-credentials@v4
          with:
            aws-access-key-id: ${{ secrets.A }}
            role-to-assume: arn:aws:iam::123456789012:role/r
            role-skip-session-tagging: true
        """,
        ["sts:AssumeRole RoleArn=arn:aws:iam::123456789012:role/r"],
    ),
    "a role taken without keys": (
        """
        - uses: aws-actions/configure-aws-credentials@v4
          with: {role-to-assume: "arn:aws:iam::123456789012:role/r"}
        """,
        [],
    ),
    "images": (
        """
        - uses: aws-actions/amazon-ecr-login@v2
          id: login
        - env: {REGISTRY: "${{ steps.login.outputs.registry }}"}
          run: docker push $REGISTRY/app:${{ github.sha }}
        """,
        ["ecr:GetAuthorizationToken", *(f"ecr:{name} repositoryName=app" for name in _PUSHED)],
    ),
    "images of a registry that is not known": (
        "- run: aws; docker push $ECR_REGISTRY/app:1",
        ["? docker push"],
    ),
    "images, by an action": (
        """
        - uses: docker/build-push-action@v6
          with:
            push: true
            tags: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1
        """,
        [f"ecr:{name} repositoryName=app" for name in _PUSHED],
    ),
    "a service": (
        """
        - uses: aws-actions/amazon-ecs-deploy-task-definition@v2
          with: {task-definition: t.json, service: s, cluster: c}
        """,
        [
            "ecs:RegisterTaskDefinition",
            "ecs:DescribeServices cluster=c services=s",
            "ecs:UpdateService cluster=c service=s",
            "? uses: aws-actions/amazon-ecs-deploy-task-definition",
        ],
    ),
    "secrets": (
        """
        - uses: aws-actions/aws-secretsmanager-get-secrets@v2
          with:
            secret-ids: |
              A, prod/a
              prod/b*
        """,
        [
            "secretsmanager:GetSecretValue SecretId=prod/a",
            "secretsmanager:ListSecrets",
            "secretsmanager:GetSecretValue SecretId=prod/b<>",
        ],
    ),
    "a website": (
        """
        - uses: jakejarvis/s3-sync-action@master
          with: {args: --delete}
          env: {AWS_S3_BUCKET: "${{ secrets.BUCKET }}", SOURCE_DIR: dist}
        """,
        [
            "s3:ListObjectsV2 Bucket=<BUCKET>",
            "s3:PutObject Bucket=<BUCKET> Key=<>",
            "s3:AbortMultipartUpload Bucket=<BUCKET> Key=<>",
            "s3:DeleteObject Bucket=<BUCKET> Key=<>",
        ],
    ),
    "a step that is given keys": (
        """
        - uses: someone/deploy@v1
          with: {aws_access_key_id: "${{ secrets.A }}"}
        """,
        ["? uses: someone/deploy"],
    ),
    "a step that has AWS in its name": (
        "- uses: someone/aws-thing@v1",
        ["? uses: someone/aws-thing"],
    ),
    "a step of nothing": ("- uses: actions/checkout@v4\n- run: echo aws", []),
}


@pytest.mark.parametrize("name", _STEPS)
def test_workflows(name: str) -> None:
    text, expected = _STEPS[name]
    assert told(calls, _WORKFLOW, step(text)) == expected


_FILES = {
    "gitlab": (
        ".gitlab-ci.yml",
        """
        variables: {BUCKET: b, PATH_: {value: p, description: where}}
        .base: &base
          before_script: ["export K=k"]
        deploy:
          <<: *base
          script:
            - aws s3 rm s3://$BUCKET/$PATH_/$K
            - !reference [.base, script]
            - [aws s3 mb s3://c, [aws s3 rb s3://d]]
          after_script: aws s3 ls
        """,
        [
            "s3:DeleteObject Bucket=b Key=p/k",
            "s3:CreateBucket Bucket=c",
            "s3:DeleteBucket Bucket=d",
            "s3:ListBuckets",
        ],
    ),
    "circleci": (
        ".circleci/config.yml",
        """
        orbs: {aws-s3: circleci/aws-s3@4, aws-cli: circleci/aws-cli@4}
        jobs:
          a:
            environment: {BUCKET: b}
            steps:
              - aws-cli/setup
              - aws-cli/setup: {region: x}
              - run: aws s3 mb s3://$BUCKET
              - run: {name: n, environment: {BUCKET: c}, command: aws s3 rb s3://$BUCKET}
              - aws-s3/sync: {from: dist, to: "s3://<< parameters.bucket >>/x"}
              - aws-ecs/update-service: {cluster: c}
        """,
        [
            "s3:CreateBucket Bucket=b",
            "s3:DeleteBucket Bucket=c",
            "s3:ListObjectsV2 Bucket=<BUCKET> Prefix=x",
            "s3:PutObject Bucket=<BUCKET> Key=x<>",
            "s3:AbortMultipartUpload Bucket=<BUCKET> Key=x<>",
            "? aws-ecs/update-service",
        ],
    ),
    "bitbucket": (
        "bitbucket-pipelines.yml",
        """
        pipelines:
          default:
            - step:
                script:
                  - aws s3 mb s3://a
                  - pipe: atlassian/aws-s3-deploy:1.1.0
                    variables: {S3_BUCKET: b/x, LOCAL_PATH: dist}
                  - pipe: atlassian/aws-ecs-deploy:1.0.0
        """,
        [
            "s3:CreateBucket Bucket=a",
            "s3:ListObjectsV2 Bucket=b Prefix=x",
            "s3:PutObject Bucket=b Key=x<>",
            "s3:AbortMultipartUpload Bucket=b Key=x<>",
            "? pipe: atlassian/aws-ecs-deploy:1.0.0",
        ],
    ),
    "buildspec": (
        "ci/buildspec.yml",
        """
        version: 0.2
        env:
          variables: {BUCKET: b}
          parameter-store: {TOKEN: /app/token}
          secrets-manager: {KEY: "app/key:json:AWSCURRENT"}
        phases:
          pre_build: {commands: ["KEY=k", "aws sts get-caller-identity"]}
          build:
            commands:
              - aws s3 rm s3://$BUCKET/$KEY
              - |
                aws s3 ls
        """,
        [
            "ssm:GetParameters Names=/app/token",
            "secretsmanager:GetSecretValue SecretId=app/key",
            "sts:GetCallerIdentity",
            "s3:DeleteObject Bucket=b Key=k",
            "s3:ListBuckets",
        ],
    ),
    "buildkite": (
        ".buildkite/pipeline.yml",
        """
        steps:
          - command: aws s3 mb s3://a
          - commands: [aws s3 mb s3://b]
        """,
        ["s3:CreateBucket Bucket=a", "s3:CreateBucket Bucket=b"],
    ),
    "compose": (
        "docker-compose.prod.yml",
        """
        services:
          a: {command: aws s3 mb s3://a}
          b:
            environment: [BUCKET=b]
            command: ["sh", "-c", "aws s3 mb s3://$BUCKET"]
        """,
        ["s3:CreateBucket Bucket=a", "s3:CreateBucket Bucket=b"],
    ),
}


@pytest.mark.parametrize("name", _FILES)
def test_other_files(name: str) -> None:
    path, text, expected = _FILES[name]
    assert is_scripts(path)
    assert told(calls, path, text) == expected


def test_lines_are_those_of_the_file() -> None:
    text = step("- name: n\n  run: |\n    # one\n    aws s3 ls\n- run: aws s3 mb s3://b")
    assert [found.spot.line for found in calls(_WORKFLOW, text.encode())] == [7, 8]
    listed = "a:\n  script:\n    - aws s3 ls\n\n    - aws s3 mb s3://b\n"
    assert [found.spot.line for found in calls(".gitlab-ci.yml", listed.encode())] == [3, 5]


def test_no_value_is_said(keys: KeyMaker) -> None:
    secret = keys.secret()
    text = step(
        f"- uses: a/aws-x@v1\n  with: {{aws_secret: '{secret}'}}\n"
        f"- run: aws ssm put-parameter --name '{secret}' --value '{secret}'"
    )
    found = list(calls(_WORKFLOW, text.encode()))
    assert len(found) == 2
    assert secret not in str([one.spot.said for one in found])
    assert secret not in str([one.arguments for one in found if isinstance(one, Call)])


def test_what_is_no_yaml_is_unclear() -> None:
    for text in ("aws: [", "aws: " + "[" * 50 + "]" * 50, "aws: &a [*a, " + "x, " * 200_000 + "]"):
        (found,) = calls(_WORKFLOW, text.encode())
        assert isinstance(found, Unclear)


def test_aliases_that_multiply_end() -> None:
    lines = ["aws: &a0 {run: aws s3 ls}"]
    lines += [f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert told(calls, _WORKFLOW, "\n".join(lines)) == ["s3:ListBuckets"]


def test_an_alias_to_itself_ends() -> None:
    assert told(calls, _WORKFLOW, "a: &a {run: aws s3 ls, b: *a}") == ["s3:ListBuckets"]


def test_other_yaml_is_none_of_ours() -> None:
    for path in ("values.yml", "k8s/job.yaml", "workflows/a.yml"):
        assert not is_scripts(path)
        assert not list(calls(path, b"run: aws s3 ls"))


_PIECES = """
run: script: env: - aws s3 ls &a *a {{ }} ${{ }} [ ] { } | > ' " : uses: with: pipe: <<: !x #
variables: commands: b: aws-actions/amazon-ecr-login@v2 aws-s3/sync: docker push $X << >>
"""


@given(st.lists(st.sampled_from([*_PIECES.split(), "\n", "\n  "]), max_size=60).map(" ".join))
def test_any_text_is_read(text: str) -> None:
    for path in (_WORKFLOW, ".gitlab-ci.yml", "buildspec.yml", "compose.yml"):
        list(calls(path, f"# aws\n{text}".encode()))


@given(st.binary(max_size=300))
def test_any_bytes_are_read(source: bytes) -> None:
    list(calls(_WORKFLOW, b"# aws\n" + source))


_SIGNED_IN = """
env: {{REGION: eu-west-1}}
jobs:
  a:
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with: {{aws-region: {}, role-to-assume: x}}
      - run: aws sqs list-queues
      - uses: aws-actions/aws-codebuild-run-build@v1
"""


@pytest.mark.parametrize("said", ["eu-west-1", '"${{ env.REGION }}"'])
def test_the_region_of_a_job_is_told(said: str) -> None:
    found = list(calls(".github/workflows/a.yml", _SIGNED_IN.format(said).encode()))
    assert {one.region for one in found if isinstance(one, Call)} == {"eu-west-1"}


def test_a_region_that_only_shows_when_it_runs_is_not_told() -> None:
    text = _SIGNED_IN.format('"${{ secrets.REGION_OF_IT }}"')
    found = list(calls(".github/workflows/a.yml", text.encode()))
    assert {one.region for one in found if isinstance(one, Call)} == {""}


def test_the_region_of_variables_is_told() -> None:
    text = b"variables: {AWS_DEFAULT_REGION: eu-west-1}\na: {script: [aws sqs list-queues]}"
    (found,) = calls(".gitlab-ci.yml", text)
    assert isinstance(found, Call)
    assert found.region == "eu-west-1"
