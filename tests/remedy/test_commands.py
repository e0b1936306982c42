"""Every command of every remediation text is one that its program takes."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from leakscan.cli.group import program
from leakscan.cli.main import _COMMANDS
from leakscan.remediation import Entry
from tests.support.aws_commands import AwsCommands, aws_commands
from tests.support.texts import (
    SHIPPED,
    CommandError,
    commands,
    commands_of_line,
    files,
    made_up,
    prose,
    spoken,
)

ENTRIES = list(SHIPPED.entries.values())
EACH_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
ONLY_VERSION_2 = {
    ("configure", "export-credentials"),
    ("configure", "sso"),
    ("sso", "login"),
    ("login",),
    ("configure", "list-profiles"),
}
"""What awscli 1, whose parser judges here, does not have."""
MADE = {"policy.json"}
"""What `leakscan remedy --role` writes."""
UNSEEN = {
    "codebuild/environment.json": b'{"type": "ARM_CONTAINER", "image": "x", "computeType": '
    b'"BUILD_GENERAL1_SMALL"}',
    "ecs-task/task-definition.json": b'{"family": "x", "containerDefinitions": []}',
    "federated-people/metadata.xml": b"x" * 1000,
    "lambda-function/function.zip": b"PK\x05\x06" + bytes(18),
}
"""What may stand in files that the reader has or makes, where it matters to the parser."""
GIT = {
    "filter-repo": {"--sensitive-data-removal", "--replace-text"},
    "log": {"--all", "--oneline", "-G", "-S", "-p", "--"},
    "ls-files": set[str](),
    "push": {"--force", "--mirror"},
    "remote": set[str](),
    "rm": {"--cached", "-r"},
}
PROGRAMS = {
    *("ansible", "ansible-config", "ansible-playbook", "ansible-vault", "aws"),
    *("aws_signing_helper", "cdk"),
    *(
        "base64",
        "cfn-lint",
        "chef",
        "cloud-init",
        "curl",
        "cut",
        "docker",
        "export",
        "find",
        "gh",
        "git",
        "glab",
        "grep",
        "install",
    ),
    *("jupyter", "knife", "kubectl", "leakscan", "nbstripout", "openssl", "packer", "printenv"),
    *("printf", "puppet", "python3", "r10k", "rm", "shred", "terraform", "unzip"),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[AwsCommands]:
    with aws_commands() as judge:
        yield judge


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def only_version_2(words: tuple[str, ...]) -> bool:
    return any(words[: len(known)] == known for known in ONLY_VERSION_2)


@EACH_ENTRY
def test_commands_of_aws_are_taken(entry: Entry, aws: AwsCommands, beside: Path) -> None:
    for name, text in files(entry).items():
        (beside / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / name).write_text(text)
    for name in set(_named(entry)) - files(entry).keys():
        (beside / name).write_bytes(UNSEEN.get(f"{entry.id}/{name}", b"{}"))
    wrong = {
        command.line: problem
        for command in commands(entry)
        if command.words[0] == "aws" and not only_version_2(command.words[1:])
        if (problem := aws.problem([made_up(word) for word in command.words[1:]]))
    }
    assert wrong == {}


@EACH_ENTRY
def test_commands_of_aws_in_sentences_are_taken(
    entry: Entry, aws: AwsCommands, beside: Path
) -> None:
    """They may leave out what a reader knows by then."""
    wrong = {
        command.line: problem
        for command in spoken(entry, "aws")
        if not only_version_2(command.words[1:])
        if (problem := aws.problem([made_up(word) for word in command.words[1:]]))
        and "required" not in problem
    }
    assert wrong == {}


def _named(entry: Entry) -> Iterator[str]:
    """Yield the files that commands read."""
    for command in commands(entry):
        for word in command.words:
            yield from re.findall(r"\bfileb?://([^\s'\",}\]]+)", word)


@EACH_ENTRY
def test_files_of_commands_are_there(entry: Entry) -> None:
    """They are shown, a command makes them, or a sentence tells how they are made."""
    told = set(re.findall(r"[\w.-]+\.\w+", " ".join(prose(entry))))
    for command in commands(entry):
        told.update(re.findall(r"(?:> ?|-out )(\S+)", command.line))
    assert set(_named(entry)) <= files(entry).keys() | MADE | told


@EACH_ENTRY
def test_commands_of_leakscan_are_taken(entry: Entry, beside: Path) -> None:
    own = [one for one in commands(entry) if one.words[0] == "leakscan"]
    (beside / "events-eu-west-1.json").write_text("{}")  # As the key entries save it.
    for command in own + spoken(entry, "leakscan"):
        assert _taken(command.words[1:]), command.line


def _taken(words: tuple[str, ...]) -> bool:
    """Say whether our own parser takes the words: as far as the command that runs."""
    try:
        command: click.Command = program(_COMMANDS)
        context = command.make_context("leakscan", list(words))
        while isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command = found
            context = command.make_context(name, rest, parent=context)
    except click.UsageError:
        return False
    return True


@EACH_ENTRY
def test_other_commands_are_of_programs_that_are_known(entry: Entry) -> None:
    for command in commands(entry):
        assert Path(command.words[0]).name in PROGRAMS, command.line
        if command.words[0] == "git":
            options = {word for word in command.words[2:] if word.startswith("-")}
            assert options <= GIT[command.words[1]], command.line


# -- the judges judge ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sts get-caller-identity extra", "Unknown options: extra"),
        ("sts get-caller-identity --query Arn[", "Invalid jmespath"),
        ("sts get-caller-identity --output pdf", "Invalid choice"),
        ("stss get-caller-identity", "Invalid choice"),
        ("iam create-rol --role-name x", "maybe you meant: * create-role"),
        ("iam create-role --role-name x", "required: --assume-role-policy-document"),
        ("iam list-users --max-item 3", "Unknown options: --max-item"),
        ("iam list-users --max-items three", "invalid int value"),
        ("iam update-access-key --access-key-id A --status Inactive", "Invalid length"),
        ("iam update-access-key --access-key-id AAAAAAAAAAAAAAAA --status Off", "Off is none of"),
        (
            "cloudtrail lookup-events --lookup-attributes AttributeKey=KeyId,AttributeValue=A",
            "none of",
        ),
        ("ec2 run-instances --count 1 --iam-instance-profile Nme=x", "Unknown parameter"),
        ("ec2 describe-instances --filters Name=x,Values=[y", "Error parsing parameter"),
        ("ec2 describe-instances --instance-ids file://nowhere", "Unable to load paramfile"),
        ("ec2 wait instance-runing --instance-ids i", "maybe you meant"),
        ("ec2 wait instance-running --instance-id i", "Unknown options"),
        ("ec2 wait", "too few arguments"),
        (
            "ecs register-task-definition --family x --container-definitions '[{\"name\": 1}]'",
            "Invalid type",
        ),
        ("iam tag-role --role-name x --tags '[{]'", "Invalid JSON"),
        ("s3 ls s3://x --foo", "Unknown options"),
        ("s3", "too few arguments"),
        ("eks update-kubeconfig", "required: --name"),
        ("configure sso", "Invalid choice"),
    ],
)
def test_a_wrong_command_of_aws_is_told(aws: AwsCommands, line: str, says: str) -> None:
    (command,) = commands_of_line(line)
    assert says in aws.problem(command.words)


@pytest.mark.parametrize(
    "line",
    [
        "sts get-caller-identity --query Arn --output text",
        "iam list-users --max-items 3",
        "ec2 wait instance-running --instance-ids i-1 --region us-gov-west-1",
        "s3 cp a s3://b/c",
        "eks update-kubeconfig --name x",
        "lambda update-function-configuration --function-name x --environment Variables={}",
    ],
)
def test_a_good_command_of_aws_is_taken(aws: AwsCommands, line: str) -> None:
    (command,) = commands_of_line(line)
    assert aws.problem(command.words) == ""


@pytest.mark.parametrize(
    "line",
    ["a; b", "a && b", "a & b", "a $(b)", "a `b`", "a 'b", "(a)", "a | ", "a << b", "X=1", "a # b"],
)
def test_what_is_not_one_command_is_refused(line: str) -> None:
    with pytest.raises(CommandError):
        list(commands_of_line(line))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a 'b c' | d", [("a", "b c"), ("d",)]),
        ("a > b", [("a",)]),
        ("sudo -u x a b", [("a", "b")]),
        ("env -u X Y=1 a b", [("a", "b")]),
        ("X=1 a --x='{\"y\": [1]}'", [("a", '--x={"y": [1]}')]),
    ],
)
def test_a_line_becomes_words(line: str, words: list[tuple[str, ...]]) -> None:
    assert [command.words for command in commands_of_line(line)] == words


@pytest.mark.parametrize("line", ["remidy", "hook instal", "hook install --gloabl", "verify --x"])
def test_a_wrong_command_of_leakscan_is_told(line: str) -> None:
    assert not _taken(tuple(line.split()))
