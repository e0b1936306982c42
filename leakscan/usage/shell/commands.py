"""What a command of a shell does with AWS: `aws` itself, pushes to ECR, tools that deploy.

In: a command's words. Out: Calls, and what is surely AWS and not told which as Unclear.
"""

import re
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call, Hole, Spot, Text, Unclear
from leakscan.usage.given import Given, call
from leakscan.usage.operations import members, operation_by_name, operation_of_waiter
from leakscan.usage.services import service_of_cli
from leakscan.usage.shell.options import Line, given_of, line_of_words
from leakscan.usage.shell.s3 import s3_calls
from leakscan.usage.shell.words import Command
from leakscan.usage.syntax import ANY, joined, known, spot

# fmt: off
_COMMAND_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_RUNNERS: Final = frozenset(
    {
        "sudo",
        "time",
        "exec",
        "env",
        "timeout",
        "retry",
        "nice",
        "nohup",
        "command",
        "xargs",
        "aws-vault",
        "poetry",
        "pipenv",
        "uv",
        "run",
        "try",
        "chronic",
        "watch",
        "docker",
        "podman",
        "op",
        "doppler",
        "chamber",
        "aws-okta",
        "saml2aws",
        "unbuffer",
        "stdbuf",
        "eval",
    }
)
# fmt: on
"""Commands that run the command that they are given."""
_IMAGES: Final = ("amazon/aws-cli", "public.ecr.aws/aws-cli/aws-cli")
_LOCAL: Final = frozenset({"configure", "help", "history", "sso", "login", "logout", "--version"})
"""Words after `aws` with which no role is asked for anything."""
_TOOLS: Final = {
    "cdk": ("deploy", "destroy", "bootstrap", "diff", "import"),
    "sam": ("deploy", "delete", "sync", "package"),
    "serverless": ("deploy", "remove"),
    "sls": ("deploy", "remove"),
    "eb": ("deploy", "create", "use", "terminate"),
    "eksctl": ("create", "delete", "upgrade", "scale"),
    "copilot": ("deploy", "svc", "env", "app", "job"),
    "chalice": ("deploy", "delete"),
    "zappa": ("deploy", "update", "undeploy"),
    "amplify": ("push", "publish", "init"),
    "sst": ("deploy", "remove"),
    "s3cmd": ("put", "get", "sync", "del", "ls"),
    "s5cmd": ("cp", "sync", "rm", "mv", "ls"),
    "ecs-cli": ("compose", "up", "push"),
    "ecs-deploy": ("",),
    "ecs": ("deploy", "run"),
    "aws-nuke": ("",),
}
"""Tools that call AWS by themselves, and the words after them that do."""
_TERRAFORM: Final = frozenset({"terraform", "tofu", "terragrunt"})
_TERRAFORM_VERBS: Final = frozenset({"apply", "plan", "destroy", "import", "refresh", "run-all"})
_CUSTOM: Final = {
    ("ecr", "get-login-password"): (("ecr", "GetAuthorizationToken"),),
    ("ecr", "get-login"): (("ecr", "GetAuthorizationToken"),),
    ("ecr-public", "get-login-password"): (("ecr-public", "GetAuthorizationToken"),),
    ("eks", "update-kubeconfig"): (("eks", "DescribeCluster"),),
    ("eks", "get-token"): (),
    ("logs", "tail"): (("logs", "FilterLogEvents"),),
    ("cloudfront", "sign"): (),
    ("codeartifact", "login"): (
        ("codeartifact", "GetAuthorizationToken"),
        ("codeartifact", "GetRepositoryEndpoint"),
    ),
    ("cloudformation", "deploy"): (
        ("cloudformation", "DescribeStacks"),
        ("cloudformation", "CreateChangeSet"),
        ("cloudformation", "DescribeChangeSet"),
        ("cloudformation", "ExecuteChangeSet"),
        ("cloudformation", "GetTemplateSummary"),
    ),
    ("cloudformation", "package"): (("s3", "PutObject"), ("s3", "HeadObject")),
    ("deploy", "push"): (
        ("s3", "PutObject"),
        ("codedeploy", "RegisterApplicationRevision"),
    ),
    ("ecs", "deploy"): (
        ("ecs", "DescribeServices"),
        ("ecs", "RegisterTaskDefinition"),
        ("codedeploy", "GetApplication"),
        ("codedeploy", "GetDeploymentGroup"),
        ("codedeploy", "CreateDeployment"),
        ("codedeploy", "GetDeployment"),
    ),
    ("emr", "create-cluster"): (("emr", "RunJobFlow"),),
    ("emr", "add-steps"): (("emr", "AddJobFlowSteps"),),
    ("emr", "terminate-clusters"): (("emr", "TerminateJobFlows"),),
    ("ddb", "put"): (("dynamodb", "PutItem"),),
}
"""Commands of the CLI that are no operation of the service. Source: awscli/customizations."""
_RENAMED: Final = {
    "s3bucket": "Bucket",
    "name": "name",
    "applicationname": "applicationName",
    "service": "services",
    "cluster": "cluster",
}
_ECR: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]{4,32})\.amazonaws\.com(?:\.cn)?/?"
)
ECR_REGISTRY: Final = Hole("ECR_REGISTRY_OF_LOGIN")
"""A registry that is ECR's for certain: the one that a log-in to ECR gave."""
_PUSH: Final = (
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
)
_PULL: Final = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")
_MAX_NAMES: Final = 8


def command_calls(
    command: Command, path: str, functions: set[str], *, is_aws: bool
) -> Iterator[Call | Unclear]:
    """Yield what one command does; `is_aws` says that the file speaks of AWS elsewhere."""
    name = (known(command.words[0]) or "").rpartition("/")[2]
    words = command.words[1:]
    if name == "aws":
        yield from _aws(words, path, command.line)
    elif name in _RUNNERS or name in functions:
        start = _inner(words)
        if start:
            yield from _aws(words[start:], path, command.line)
        elif name in {"docker", "podman"}:
            yield from _docker(name, words, path, command.line)
    elif name in {"npx", "yarn", "pnpm", "bunx"}:
        yield from _tool(words, path, command.line, is_aws=is_aws)
    else:
        yield from _tool(command.words, path, command.line, is_aws=is_aws)


def _inner(words: tuple[Text, ...]) -> int:
    """Return where the words after an `aws` begin that is run by another command, or 0."""
    for number, word in enumerate(words):
        said = (known(word) or "").rpartition("/")[2]
        image = (known(word) or "").partition(":")[0] in _IMAGES
        if said == "aws" or image:
            return number + 1
    return 0


def _aws(words: tuple[Text, ...], path: str, line_number: int) -> Iterator[Call | Unclear]:
    line = line_of_words(words)
    service, operation = line.word(0), line.word(1)
    where = _spot(path, line_number, line)
    if service in _LOCAL or operation == "help" or not (words and (line.words or line.options)):
        return
    if not service or (not operation and service != "s3"):
        if line.words:
            yield Unclear(where, "which operation it is shows only when it runs")
    elif "--endpoint-url" in line.general:
        yield Unclear(where, "it talks to an address that may be none of AWS")
    elif service == "s3":
        start = next((n for n, word in enumerate(words) if known(word) == "s3"), 0) + 1
        before = line_of_words(words[:start]).region
        found = list(s3_calls(words[start:], where, before))
        yield from found or [Unclear(where, "it is not an understood command of `aws s3`")]
    else:
        yield from _operation(service, operation, line, where)


def _operation(cli_service: str, name: str, line: Line, where: Spot) -> Iterator[Call | Unclear]:
    """Yield what a command does that is named after an operation of a service, or nearly."""
    custom = _CUSTOM.get((cli_service, name))
    if custom is not None:
        yield from _of_cli(custom, given_of(line), where, line.region)
        return
    service = service_of_cli(cli_service)
    if service is None:
        yield Unclear(where, "it is no service that is known")
        return
    if name == "wait":
        operation = operation_of_waiter(service, line.word(2))
    else:
        operation = operation_by_name(service, name)
    if operation is not None:
        given = given_of(line, _single(service, operation))
        yield call(service, operation, given, where, line.region)
    else:
        yield Unclear(where, f"{service} has no operation of this name")


def _single(service: str, operation: str) -> frozenset[str]:
    """Return the options of an operation that have one value, without their dashes."""
    known_members = members(service, operation).items()
    return frozenset(name.lower() for name, one in known_members if not one.is_many)


def _of_cli(
    operations: tuple[tuple[str, str], ...], given: Given, where: Spot, region: str
) -> Iterator[Call]:
    """Yield the calls of a command of the CLI's own, with its options by the names of members."""
    renamed: Given = []
    for path, text in given:
        name = known(path[0]) or ""
        renamed.append((path, text))
        if name in _RENAMED:
            renamed.append((((_RENAMED[name],), *path[1:]), text))
        if name in {"s3prefix", "prefix"}:
            renamed.append(((("Key",),), (*text, "/", ANY)))
        if name == "s3location" and (said := known(text)):
            bucket, _, key = said.removeprefix("s3://").partition("/")
            renamed += [((("Bucket",),), (bucket,)), ((("Key",),), (key,))]
    for service, operation in operations:
        yield call(service, operation, renamed, where, region)


# docker


def _docker(
    name: str, words: tuple[Text, ...], path: str, line_number: int
) -> Iterator[Call | Unclear]:
    """Yield what pushes an image to ECR, or pulls one from it."""
    said = [known(word) or "" for word in words]
    verbs = [word for word in said if word in {"push", "pull", "build"}]
    if not verbs or (verbs[0] == "build" and "--push" not in said):
        return
    operations = _PULL if verbs[0] == "pull" else _PUSH
    where = spot(path, line_number, f"{name} {verbs[0]}")
    for word in words:
        text = "".join(part if isinstance(part, str) else "\0" for part in word)
        found = _ECR.match(text)
        if found is not None:
            repository = text[found.end() :].rpartition(":")[0] or text[found.end() :]
            given: Given = [((("repositoryName",),), _with_holes(repository, word, found.end()))]
            for operation in operations:
                one = call("ecr", operation, given, where, found["region"])
                yield Call(
                    one.service,
                    one.operation,
                    one.arguments,
                    where,
                    (),
                    found["region"],
                    found["account"],
                )
        elif word and word[0] == ECR_REGISTRY and text.startswith("\0/"):
            given = [((("repositoryName",),), _image(word))]
            yield from (call("ecr", operation, given, where) for operation in operations)
        elif ".dkr.ecr." in text or any("ECR" in p.name for p in word if isinstance(p, Hole)):
            yield Unclear(
                where,
                "it needs actions of ECR on a repository that shows only when it runs: "
                + ", ".join(f"ecr:{operation}" for operation in operations),
            )


def _image(word: Text) -> Text:
    """Return the repository of an image, without its registry and tag."""
    path = joined(((word[1] if isinstance(word[1], str) else "").removeprefix("/"),), word[2:])
    last = path[-1] if path else ""
    if isinstance(last, Hole) and len(path) > 1 and str(path[-2]).endswith(":"):
        return joined(path[:-2], (str(path[-2])[:-1],))
    return joined(path[:-1], (last.partition(":")[0],)) if isinstance(last, str) else path


def _with_holes(text: str, word: Text, skipped: int) -> Text:
    """Return a text in which the holes of the word that it is from are put back."""
    if "\0" not in text:
        return (text,)
    holes = iter([part for part in word if isinstance(part, Hole)])
    parts: list[str | Hole] = []
    for number, piece in enumerate(text.split("\0")):
        if number:
            parts.append(next(holes, ANY))
        if piece:
            parts.append(piece)
    return tuple(parts)


# Tools


def _tool(
    words: tuple[Text, ...], path: str, line_number: int, *, is_aws: bool
) -> Iterator[Unclear]:
    said = [known(word) or "" for word in words]
    name = said[0].rpartition("/")[2].partition("@")[0] if said else ""
    verb = next((word for word in said[1:] if word and not word.startswith("-")), "")
    where = spot(path, line_number, f"{name} {verb}")
    if name in _TOOLS and (verb in _TOOLS[name] or _TOOLS[name] == ("",)):
        yield Unclear(
            where, f"{name} calls AWS by itself; which actions depends on what it is given"
        )
    elif name in _TERRAFORM and verb in _TERRAFORM_VERBS and is_aws:
        yield Unclear(where, f"{name} needs the actions of all resources that it manages")


def _spot(path: str, line_number: int, line: Line) -> Spot:
    """Return where a command stands: its service and operation, and its options without values."""
    words = [line.word(number) or "" for number in range(min(len(line.words), 2))]
    words = [word if _COMMAND_NAME.fullmatch(word) else "..." for word in words]
    names = dict.fromkeys(name for name, _ in line.options[:_MAX_NAMES])
    return spot(path, line_number, " ".join(["aws", *words, *names]))
