"""A suggested role in all of its formats, each read back by a parser of somebody else's."""

import io
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import hcl2  # type: ignore[import-untyped]
import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.permissions import Difference, Hole, Spot, Statement, Suggestion, Text, Unclear
from leakscan.report.base import ReportOptions
from leakscan.report.role import render
from leakscan.report.role_document import INLINE, MANAGED

FORMATS: Final = ("text", "json", "policy", "terraform", "cloudformation", "cli")
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
OPTIONS: Final = ReportOptions(tool_version="1")


def suggestion(
    *texts: Text, said: str = "s3.get_object()", path: str = "app.py", trust: str = TRUST
) -> Suggestion:
    spot = Spot(path, 3, said)
    found = Statement("S3Read", ("s3:GetObject",), texts, {"s3:GetObject": (spot,)})
    holes = {part.name for text in texts for part in text if isinstance(part, Hole)}
    return Suggestion(
        role="app",
        place="ecs-task",
        trust=trust,
        statements=(found,),
        unknown=(Spot(path, 4, said),),
        unclear=(Unclear(spot, f"not told {said}"),),
        decisions=(f"Look at {said}.",),
        files={"Python": 1},
        left_out={"tests": 1},
        variables=dict.fromkeys(sorted(holes), f"BucketName {said}"),
        difference=Difference((("s3:GetObject", said),), (), ()),
    )


SIMPLE: Final = suggestion(
    ("arn:aws:s3:::", Hole("BUCKET"), "/a/*"),
    ("arn:aws:sqs:", Hole("REGION"), ":", Hole("ACCOUNT_ID"), ":q"),
)


def made(suggested: Suggestion, form: str) -> str:
    return render(suggested, OPTIONS, form).decode("utf-8")


def schema() -> Any:
    file = resources.files("leakscan.report") / "schema" / "role-1.json"
    return json.loads(file.read_bytes())


def policy_in(suggested: Suggestion) -> dict[str, Any]:
    doc = json.loads(made(suggested, "json"))
    jsonschema.Draft202012Validator(schema()).validate(doc)
    assert len(doc["policies"]) == 1
    document: dict[str, Any] = doc["policies"][0]["document"]
    return document


# -- what each says -----------------------------------------------------------------------


def test_json_follows_its_schema() -> None:
    found = policy_in(SIMPLE)
    assert found["Statement"][0]["Resource"] == [
        "arn:aws:s3:::BUCKET/a/*",
        "arn:aws:sqs:REGION:ACCOUNT_ID:q",
    ]


def test_the_schema_refuses_what_it_should() -> None:
    doc = json.loads(made(SIMPLE, "json"))
    doc["policies"][0]["document"]["Statement"][0]["Action"] = ["*"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(doc)


def test_text_says_which_line_asks_and_what_is_open() -> None:
    text = made(SIMPLE, "text")
    assert "app.py:3 s3.get_object()" in text
    assert "What a human must decide" in text
    assert "BUCKET: BucketName" in text
    assert "Used, and asked for by no code that was read" in text
    assert "Calls whose action is not known" in text
    assert "left out: 1 tests" in text


def test_terraform_is_hcl_with_variables() -> None:
    doc = terraform(made(SIMPLE, "terraform"))
    names = {name.strip('"') for one in doc["variable"] for name in one}
    assert names == {"bucket", "region", "account_id"}
    assert "arn:aws:s3:::${var.bucket}/a/*" in made(SIMPLE, "terraform")
    kinds = {name.strip('"') for one in doc["resource"] for name in one}
    assert kinds == {"aws_iam_role", "aws_iam_role_policy"}


def test_cloudformation_is_a_template_with_parameters(tmp_path: Path) -> None:
    text = made(SIMPLE, "cloudformation")
    doc = yaml.safe_load(text)
    assert set(doc["Parameters"]) == {"Bucket"}
    found = doc["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    assert found["Statement"][0]["Resource"] == [
        {"Fn::Sub": "arn:aws:s3:::${Bucket}/a/*"},
        {"Fn::Sub": "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:q"},
    ]
    assert lint(text) == []


def test_the_script_is_one_that_a_shell_and_awscli_understand(tmp_path: Path) -> None:
    script = made(SIMPLE, "cli")
    run = subprocess.run(["sh", "-n"], input=script.encode(), capture_output=True, check=False)
    assert run.stderr == b""
    found = commands(script)
    assert [one[:3] for one in found] == [
        ["aws", "accessanalyzer", "validate-policy"],
        ["aws", "iam", "create-role"],
        ["aws", "iam", "put-role-policy"],
    ]
    for words in found:
        understood(words)
    assert files_of(script)["policy.json"] == policy_in(SIMPLE)
    assert files_of(script)["trust.json"] == json.loads(TRUST)


def test_where_there_is_no_trust_policy_no_role_is_made() -> None:
    bare = suggestion(("arn:aws:s3:::b/*",), trust="")
    assert 'aws_iam_role"' not in made(bare, "terraform")
    assert "AWS::IAM::Role" not in made(bare, "cloudformation")
    assert "create-role" not in made(bare, "cli")
    assert "no role to create" in made(bare, "text").replace("\n", " ").replace("  ", " ")
    assert lint(made(bare, "cloudformation")) == []


# -- size ---------------------------------------------------------------------------------


def size(document: dict[str, Any]) -> int:
    return len(re.sub(r"\s", "", json.dumps(document, ensure_ascii=False, separators=(",", ":"))))


@pytest.mark.parametrize("number", [1, 100, 400])
def test_policies_are_split_where_they_are_too_large(number: int) -> None:
    texts: list[Text] = [
        (f"arn:aws:s3:::bucket-{n:05}/some/longer/prefix/*",) for n in range(number)
    ]
    doc = json.loads(made(suggestion(*texts), "json"))
    sizes = [size(one["document"]) for one in doc["policies"]]
    if len(sizes) == 1:
        assert sizes[0] <= INLINE
    else:
        assert number == 400
        assert max(sizes) <= MANAGED
        assert "Split into" in made(suggestion(*texts), "text")
    held = [
        one
        for its in doc["policies"]
        for two in its["document"]["Statement"]
        for one in two["Resource"]
    ]
    assert held == ["".join(map(str, text)) for text in texts]
    sids = [one["Sid"] for its in doc["policies"] for one in its["document"]["Statement"]]
    assert len(set(sids)) == len(sids)


def test_managed_policies_in_each_format() -> None:
    texts: list[Text] = [(f"arn:aws:s3:::bucket-{n:05}/some/longer/prefix/*",) for n in range(400)]
    large = suggestion(*texts)
    assert "aws_iam_role_policy_attachment" in made(large, "terraform")
    terraform(made(large, "terraform"))
    assert lint(made(large, "cloudformation")) == []
    for words in commands(made(large, "cli")):
        understood(words)


# -- nothing breaks out -------------------------------------------------------------------

HOSTILE: Final = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "${var.x}", "%{ if true }", '"', '"\n}\nresource "x" "y" {', "\\", "\\\"", "*/", "EOF",
            "\nEND_OF_FILE\nrm -rf /\n", "$(touch x)", "`id`", "'; id; '", "!Sub x", "{{x}}",
            "\x1b[2J",
            "\u202e", "\x00", "- a: b", "# x", "\r\nresource", "${AWS::Region}", "${!x}",
            "\ue000BUCKET\ue000",
            "END_OF_FILE", "\ud800", "\u2028x", "<<EOF",
        ]
    ),
)  # fmt: skip


@st.composite
def hostile(draw: st.DrawFn) -> Suggestion:
    parts = draw(st.lists(st.one_of(HOSTILE, st.just(Hole("BUCKET"))), min_size=1, max_size=4))
    made_of: Text = ("arn:aws:s3:::", *parts)
    return suggestion(made_of, said=draw(HOSTILE), path=draw(HOSTILE))


@given(hostile())
def test_terraform_holds_what_it_should_and_nothing_else(suggested: Suggestion) -> None:
    text = made(suggested, "terraform")
    doc = terraform(text)
    assert {name.strip('"') for one in doc["resource"] for name in one} == {
        "aws_iam_role",
        "aws_iam_role_policy",
    }
    assert len(doc["resource"]) == 2
    wanted = policy_in(suggested)["Statement"][0]["Resource"][0]
    line = next(line for line in text.splitlines() if '"arn:aws:s3:::' in line)
    assert unquoted(line.strip().removesuffix(",")) == wanted


def unquoted(text: str) -> str:
    """Read a string of HCL back; a variable of ours becomes its word."""
    assert text[0] == text[-1] == '"'
    body = text[1:-1]
    found = []
    at = 0
    while at < len(body):
        rest = body[at:]
        if rest.startswith(("$${", "%%{")):
            found.append(rest[1:3])
            at += 3
        elif rest.startswith("${"):
            assert rest.startswith("${var.bucket}")
            found.append("BUCKET")
            at += len("${var.bucket}")
        elif escape := re.match(r"\\(u[0-9a-f]{4}|U[0-9a-f]{8}|[\\\"])", rest):
            code = escape[1]
            found.append(chr(int(code[1:], 16)) if code[0] in "uU" else code)
            at += len(escape[0])
        else:
            assert rest[0] not in '"\\\n'
            assert not rest.startswith("%{")
            found.append(rest[0])
            at += 1
    return "".join(found)


@given(hostile())
def test_cloudformation_holds_what_it_should_and_nothing_else(suggested: Suggestion) -> None:
    doc = yaml.safe_load(made(suggested, "cloudformation"))
    assert set(doc["Resources"]) == {"Role"}
    found = doc["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    one = found["Statement"][0]["Resource"][0]
    wanted = policy_in(suggested)["Statement"][0]["Resource"][0]
    if isinstance(one, dict):
        text = one["Fn::Sub"].replace("${Bucket}", "BUCKET")
        assert not re.search(r"\$\{(?!!)", text)
        one = text.replace("${!", "${")
    assert one == wanted


@given(hostile())
@settings(max_examples=50)
def test_the_script_holds_what_it_should_and_nothing_else(suggested: Suggestion) -> None:
    script = made(suggested, "cli")
    assert files_of(script) == {
        "policy.json": policy_in(suggested),
        "trust.json": json.loads(TRUST),
    }
    assert {tuple(one[:3]) for one in commands(script)} == {
        ("aws", "accessanalyzer", "validate-policy"),
        ("aws", "iam", "create-role"),
        ("aws", "iam", "put-role-policy"),
    }


OPEN: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::ACCOUNT_ID:oidc-provider/ISSUER_HOST"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"ISSUER_HOST:aud": "SAML"}},
        }
    ],
}


def of_open_trust() -> Suggestion:
    return replace(
        suggestion(("arn:aws:s3:::", Hole("SAML"), "/a")),
        trust=json.dumps(OPEN),
        variables=dict.fromkeys(("ACCOUNT_ID", "ISSUER_HOST", "SAML"), "a name"),
        trust_words=("ACCOUNT_ID", "ISSUER_HOST"),
    )


def test_open_words_of_the_trust_are_variables_of_terraform() -> None:
    text = made(of_open_trust(), "terraform")
    assert '"arn:aws:iam::${var.account_id}:oidc-provider/${var.issuer_host}"' in text
    assert '"${var.issuer_host}:aud" = "SAML"' in text
    assert "ISSUER_HOST" not in text
    terraform(text)


def test_open_words_of_the_trust_are_parameters_of_cloudformation() -> None:
    text = made(of_open_trust(), "cloudformation")
    assert lint(text) == []
    role = yaml.safe_load(text)["Resources"]["Role"]["Properties"]
    trust = json.loads(role["AssumeRolePolicyDocument"]["Fn::Sub"])["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"${IssuerHost}:aud": "SAML"}}
    assert "${AWS::AccountId}" in trust["Principal"]["Federated"]


def test_the_script_creates_nothing_while_a_word_is_open(tmp_path: Path) -> None:
    aws = tmp_path / "aws"
    aws.write_text("#!/bin/sh\necho called\n")
    aws.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(script: str) -> tuple[int, bool]:
        command = ["sh", "-c", script]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        return done.returncode, b"called" in done.stdout

    script = made(of_open_trust(), "cli")
    assert run(script) == (1, False)
    head, guard, tail = script.partition("if grep")
    for word in ("ACCOUNT_ID", "ISSUER_HOST", "SAML"):
        head = head.replace(word, "x")
    assert run(head + guard + tail) == (0, True)


@given(hostile(), st.sampled_from(FORMATS))
def test_nothing_can_steer_a_terminal(suggested: Suggestion, form: str) -> None:
    text = made(suggested, form)
    assert all(char == "\n" or char.isprintable() for char in text)


@given(hostile())
@settings(max_examples=50)
def test_text_cannot_pass_for_a_line_of_ours(suggested: Suggestion) -> None:
    lines = made(suggested, "text").splitlines()
    assert sum(line == "Permissions" for line in lines) == 1


@pytest.mark.parametrize("form", FORMATS)
def test_what_looks_like_a_secret_is_masked(form: str) -> None:
    secret = "wJalrXUtnFEMI%%K7MDENGbPxRfiCYzQ4r9sT2uVhh".replace("%%", "")[:40]
    assert len(secret) == 40
    text = made(suggestion(("arn:aws:s3:::b/" + secret,), said=f"f({secret})", path=secret), form)
    assert secret not in text.replace("\n", "").replace(" ", "")


# -- parsers of others --------------------------------------------------------------------


def terraform(text: str) -> Any:
    return hcl2.load(io.StringIO(text))


def lint(text: str) -> list[str]:
    from cfnlint.api import lint as cfn_lint
    from cfnlint.config import ManualArgs

    found = cfn_lint(text, config=ManualArgs(regions=["us-east-1"]))
    return [f"{one.rule.id} {one.message}" for one in found]


def commands(script: str) -> list[list[str]]:
    return [shlex.split(line) for line in outside_files(script) if line.startswith("aws ")]


GUARD: Final = ("if grep -nwE '", "  echo 'These words", "  exit 1", "fi")
"""What stops the script while words are not filled in."""


def outside_files(script: str) -> Iterator[str]:
    inside = False
    for line in script.split("\n"):
        if inside:
            inside = line != "END_OF_FILE"
        elif line.startswith("cat > "):
            inside = True
        else:
            assert line == "" or line.startswith(("#", "set -eu", "aws ", *GUARD)), line
            yield line


def files_of(script: str) -> dict[str, Any]:
    found = re.findall(
        r"^cat > (\S+) <<'END_OF_FILE'\n(.*?)\nEND_OF_FILE$", script, re.DOTALL | re.MULTILINE
    )
    return {name: json.loads(text) for name, text in found}


@cache
def driver() -> Any:
    from awscli.clidriver import create_clidriver

    return create_clidriver()


def understood(words: list[str]) -> None:
    """Parse a command with awscli's own parser; it exits where it does not know a word."""
    table = driver()._get_command_table()
    service = table[words[1]]
    operation = (
        service._get_command_table()[words[2]] if hasattr(service, "_get_command_table") else None
    )
    assert operation is not None
    parser = operation._create_operation_parser(operation.arg_table)
    _, rest = parser.parse_known_args(words[3:])
    assert rest == []
