"""What ready-made steps of pipelines do with AWS: actions, pipes, orbs, plugins.

In: a mapping of a workflow. Out: Calls of the ones that are known, Unclear of others that are
given keys of AWS or are called after it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Spot, Text, Unclear
from leakscan.usage.given import Given, call
from leakscan.usage.pipelines.yaml_nodes import line_of, member, pairs, scalar
from leakscan.usage.shell.commands import command_calls
from leakscan.usage.shell.s3 import s3_calls
from leakscan.usage.shell.words import Command, Script
from leakscan.usage.syntax import ANY, joined, spot

if TYPE_CHECKING:
    from yaml.nodes import Node

Marked = Callable[[str], str]

_KEY_INPUT: Final = re.compile(r"(?i)aws[_-]?(?:access[_-]?key|secret)")
_OF_AWS: Final = re.compile(
    r"(?i)(?:\A|[/_-])(?:aws|amazon|s3|ecr|ecs|cloudfront|dynamodb)(?:[/_-]|\Z)"
)
_QUIET: Final = frozenset(
    {
        "aws-actions/setup-sam",
        "aws-actions/amazon-ecs-render-task-definition",
        "aws-actions/closed-issue-message",
        "aws-actions/stale-issue-cleanup",
        "aws-cli/setup",
        "aws-cli/install",
    }
)
_ACTIONS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "aws-actions/amazon-ecs-deploy-task-definition": (
        ("ecs", "RegisterTaskDefinition"),
        ("ecs", "DescribeServices"),
        ("ecs", "UpdateService"),
    ),
    "aws-actions/aws-cloudformation-github-deploy": (
        ("cloudformation", "DescribeStacks"),
        ("cloudformation", "CreateChangeSet"),
        ("cloudformation", "DescribeChangeSet"),
        ("cloudformation", "ExecuteChangeSet"),
        ("cloudformation", "DeleteChangeSet"),
    ),
    "aws-actions/aws-codebuild-run-build": (
        ("codebuild", "StartBuild"),
        ("codebuild", "BatchGetBuilds"),
        ("logs", "GetLogEvents"),
    ),
    "aws-actions/aws-lambda-deploy": (
        ("lambda", "GetFunctionConfiguration"),
        ("lambda", "UpdateFunctionConfiguration"),
        ("lambda", "UpdateFunctionCode"),
    ),
    "chetan/invalidate-cloudfront-action": (("cloudfront", "CreateInvalidation"),),
}
"""Actions, and what they call. Source: the README of each."""
_INPUTS: Final = {
    "cluster": ("cluster",),
    "service": ("services", "service"),
    "name": ("StackName",),
    "project-name": ("projectName",),
    "function-name": ("FunctionName",),
    "DISTRIBUTION": ("DistributionId",),
}
_MORE: Final = {
    "aws-actions/amazon-ecs-deploy-task-definition": (
        "the roles that the task definition names need iam:PassRole"
    ),
    "aws-actions/aws-cloudformation-github-deploy": (
        "what the template makes needs actions of its own, or a role for CloudFormation"
    ),
    "aws-actions/aws-lambda-deploy": "a function that it creates needs more, and iam:PassRole",
}


def step_calls(
    node: "Node", path: str, variables: Mapping[str, Text], marked: Marked
) -> Iterator[Call | Unclear]:
    """Yield what a mapping does that is a step of a kind that is ready-made."""
    members = dict(pairs(node))
    uses, pipe = scalar(members.get("uses")), scalar(members.get("pipe"))
    step = _Step(path, variables, marked)
    if uses is not None:
        with_, line = members.get("with"), line_of(members["uses"])
        yield from step.action(uses.partition("@")[0], with_, members.get("env"), line)
    elif pipe is not None:
        yield from step.pipe(pipe, members.get("variables"), line_of(members["pipe"]))
    elif "parameter-store" in members or "secrets-manager" in members:
        yield from step.build_variables(members)
    for name, value in members.items():
        if re.match(r"aws-[a-z0-9-]+/", name) and uses is None:
            yield from step.orb(name, value)


class _Step:
    def __init__(self, path: str, variables: Mapping[str, Text], marked: Marked) -> None:
        self.path = path
        self.marked = marked
        self.script = Script("", 1, variables)

    def _text(self, node: "Node | None", default: Text = (ANY,)) -> Text:
        """Return the text of an input, with the variables around it put in."""
        said = scalar(node)
        if said is None:
            return default
        return self.script.filled(self.marked(said.strip()))

    def action(
        self, name: str, with_: "Node | None", env: "Node | None", line: int
    ) -> Iterator[Call | Unclear]:
        """Yield what an action of GitHub does."""
        where = spot(self.path, line, f"uses: {name}")
        inputs = dict(pairs(with_))
        match name:
            case "aws-actions/configure-aws-credentials":
                yield from self._credentials(inputs, where)
            case "aws-actions/amazon-ecr-login":
                public = scalar(inputs.get("registry-type")) == "public"
                yield call("ecr-public" if public else "ecr", "GetAuthorizationToken", [], where)
            case "aws-actions/aws-secretsmanager-get-secrets":
                yield from self._secrets(inputs.get("secret-ids"), where)
            case "jakejarvis/s3-sync-action":
                yield from self._sync_action(inputs.get("args"), where)
            case "docker/login-action" | "docker/build-push-action":
                yield from self._docker(name, inputs, where)
            case _ if name in _ACTIONS:
                yield from self._known(name, {**inputs, **dict(pairs(env))}, where)
            case _ if name not in _QUIET:
                yield from self._other(name, [*inputs, *dict(pairs(env))], where)

    def _known(self, name: str, inputs: "dict[str, Node]", where: Spot) -> Iterator[Call | Unclear]:
        given: Given = [
            (((member_name,),), self._text(value))
            for key, value in inputs.items()
            for member_name in _INPUTS.get(key, ())
        ]
        for service, operation in _ACTIONS[name]:
            yield call(service, operation, given, where)
        if name in _MORE:
            yield Unclear(where, _MORE[name])

    def _credentials(self, inputs: "dict[str, Node]", where: Spot) -> Iterator[Call]:
        """Yield what a role needs that is taken with keys; OIDC needs nothing of them."""
        keys = "aws-access-key-id" in inputs or scalar(inputs.get("role-chaining")) == "true"
        if "role-to-assume" not in inputs or not keys:
            return
        given: Given = [((("RoleArn",),), self._text(inputs["role-to-assume"]))]
        if scalar(inputs.get("role-skip-session-tagging")) != "true":
            given.append(((("Tags",), ("Key",)), ("GitHub",)))
        yield call("sts", "AssumeRole", given, where)

    def _secrets(self, node: "Node | None", where: Spot) -> Iterator[Call | Unclear]:
        for one in (scalar(node) or "").splitlines():
            named = one.rpartition(",")[2].strip()
            if named.endswith("*"):
                yield call("secretsmanager", "ListSecrets", [], where)
                named = f"{named[:-1]}"
            if named:
                text = self.script.filled(self.marked(named))
                text = joined(text, (ANY,)) if one.strip().endswith("*") else text
                yield call("secretsmanager", "GetSecretValue", [((("SecretId",),), text)], where)

    def _sync_action(self, args: "Node | None", where: Spot) -> Iterator[Call | Unclear]:
        """Yield what `aws s3 sync` does that this action runs.

        Source: https://github.com/jakejarvis/s3-sync-action/blob/master/entrypoint.sh
        """
        bucket = self.script.variable("AWS_S3_BUCKET")
        known_folder = self.script.has("DEST_DIR")
        folder = self.script.variable("DEST_DIR") if known_folder else ()
        more = [(word,) for word in (scalar(args) or "").split()]
        words: tuple[Text, ...] = (("sync",), (".",), joined(("s3://",), bucket, ("/",), folder))
        yield from s3_calls((*words, *more), where, "")

    def _docker(
        self, name: str, inputs: "dict[str, Node]", where: Spot
    ) -> Iterator[Call | Unclear]:
        """Yield what signing in to ECR does, or pushing images there."""
        if name == "docker/login-action":
            if ".dkr.ecr." in (scalar(inputs.get("registry")) or ""):
                yield call("ecr", "GetAuthorizationToken", [], where)
            return
        if scalar(inputs.get("push")) not in {None, "false"}:
            for tag in re.split(r"[,\n]", scalar(inputs.get("tags")) or ""):
                word = self.script.filled(self.marked(tag.strip()))
                command = Command((("docker",), ("push",), word), where.line)
                yield from command_calls(command, self.path, set(), is_aws=True)

    def _other(self, name: str, inputs: list[str], where: Spot) -> Iterator[Unclear]:
        if any(map(_KEY_INPUT.search, inputs)):
            yield Unclear(where, "this step is given keys of AWS; what it calls is its own affair")
        elif _OF_AWS.search(name):
            yield Unclear(where, "this step is made for AWS; what it calls is its own affair")

    def pipe(self, name: str, inputs: "Node | None", line: int) -> Iterator[Call | Unclear]:
        """Yield what a pipe of Bitbucket does."""
        where = spot(self.path, line, f"pipe: {name}")
        given = dict(pairs(inputs))
        if name.startswith("atlassian/aws-s3-deploy:"):
            bucket = self._text(given.get("S3_BUCKET"))
            extra = (scalar(given.get("EXTRA_ARGS")) or "").split()
            delete = ["--delete"] if scalar(given.get("DELETE_FLAG")) == "true" else []
            acl = ["--acl", "x"] if "ACL" in given else []
            more = [(word,) for word in (*delete, *acl, *extra)]
            yield from s3_calls((("sync",), (".",), joined(("s3://",), bucket), *more), where, "")
        else:
            yield from self._other(name.partition(":")[0], list(given), where)

    def orb(self, name: str, node: "Node") -> Iterator[Call | Unclear]:
        """Yield what a command of an orb of CircleCI does."""
        where = spot(self.path, line_of(node), name)
        if name in {"aws-s3/sync", "aws-s3/copy"}:
            verb = "sync" if name.endswith("sync") else "cp"
            source, target = self._text(member(node, "from")), self._text(member(node, "to"))
            arguments = (scalar(member(node, "arguments")) or "").split()
            more = [(word,) for word in arguments]
            yield from s3_calls(((verb,), source, target, *more), where, "")
        elif name not in _QUIET:
            yield Unclear(where, "this step is made for AWS; what it calls is its own affair")

    def build_variables(self, members: "dict[str, Node]") -> Iterator[Call]:
        """Yield what CodeBuild gets for the variables of a buildspec.

        Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
        """
        for _, value in pairs(members.get("parameter-store")):
            where = spot(self.path, line_of(value), "env: parameter-store")
            yield call("ssm", "GetParameters", [((("Names",),), self._text(value))], where)
        for _, value in pairs(members.get("secrets-manager")):
            where = spot(self.path, line_of(value), "env: secrets-manager")
            said = scalar(value) or ""
            name = ":".join(said.split(":")[:7]) if said.startswith("arn:") else said.split(":")[0]
            given: Given = [((("SecretId",),), self.script.filled(self.marked(name)))]
            yield call("secretsmanager", "GetSecretValue", given, where)
