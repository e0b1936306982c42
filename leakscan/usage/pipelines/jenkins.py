"""Calls of AWS in a Jenkinsfile, or in a shared library of Jenkins.

Part of the usage stage. In: one file of Groovy. Out: Calls of what its `sh` steps run, as far as
they are texts that are written there; what else is surely AWS is Unclear.
"""

import re
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call, Text, Unclear
from leakscan.record import Record
from leakscan.usage.given import call
from leakscan.usage.other_languages import command_lines, unread
from leakscan.usage.shell.calls import script_calls
from leakscan.usage.shell.words import mark
from leakscan.usage.syntax import spot

_NAME: Final = re.compile(
    r"(?i)(?:.*/)?(?:jenkinsfile[^/]*|[^/]+\.jenkinsfile|vars/[^/]+\.groovy)\Z"
)
_MENTIONS: Final = re.compile(rb"(?i)aws|\becr|\bcdk\b|\bsam\b|serverless|s3|cfn|amazon")
_STEP: Final = re.compile(
    r"\b(?:sh|bat|pwsh|powershell)\b[ \t]{0,64}\(?[ \t\n]{0,64}"
    r"(?:[^'\"\n()]{0,128}\bscript[ \t]{0,64}:[ \t]{0,64})?(?=['\"])"
)
_ENDS: Final = {
    "'''": re.compile(r"(?s)\\.|'''"),
    '"""': re.compile(r'(?s)\\.|"""'),
    "'": re.compile(r"(?s)\\.|['\n]"),
    '"': re.compile(r'(?s)\\.|["\n]'),
}
"""What ends a string of Groovy by what begins it, or stands for another letter in it."""
_ESCAPED: Final = {"n": "\n", "t": "\t", "\n": ""}
_DOLLAR: Final = "\ue002"
"""A dollar that Groovy leaves to the shell."""
_SET: Final = re.compile(
    r"(?m)^[ \t]*(?:def[ \t]+|String[ \t]+|final[ \t]+)?([A-Za-z_]\w{0,63})[ \t]*=[ \t]*"
    r"(?:'([^'\n$\\]{0,512})'|\"([^\"\n$\\]{0,512})\")[ \t]*$"
)
_PUT_IN: Final = re.compile(r"\$\{([^{}\n]{1,256})\}")
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_WITH: Final = re.compile(r"\bwithAWS[ \t]*\(([^()\n]{0,512})\)")
_REGION: Final = re.compile(r"\bregion[ \t]*:[ \t]*['\"]([a-z0-9-]{4,32})['\"]")
_PLUGIN: Final = re.compile(
    r"\b(s3Upload|s3Download|s3Copy|s3Delete|s3FindFiles|s3DoesObjectExist|s3PresignURL|cfnUpdate"
    r"|cfnUpdateStackSet|cfnDelete|cfnDescribe|cfnExports|cfnCreateChangeSet|cfnExecuteChangeSet"
    r"|snsPublish|invokeLambda|lambdaVersionCleanup|deployAPI|cfInvalidate|ebCreateApplicationVersion"
    r"|ebUpdateEnvironment|ebWaitOnEnvironmentStatus|ecrDeleteImage|ecrListImages|updateTrustPolicy"
    r"|elbRegisterInstance|awsCodeBuild|awaitDeploymentCompletion|ec2ShareAmi|listAWSAccounts"
    r"|s3CopyArtifact|codebuildStart)\b[ \t]*[(\w'\"]"
)
"""Source: steps of the plugins pipeline-aws and aws-codebuild."""
_MAX_STEPS: Final = 1000


class _Literal(Record, frozen=True):
    text: str
    end: int


def is_jenkins(path: str, _: bytes) -> bool:
    """Say whether a file is one that `calls` reads, by its name."""
    return bool(_NAME.match(path))


def calls(path: str, source: bytes) -> Iterator[Call | Unclear]:
    """Yield what a file makes Jenkins do with AWS."""
    if not _MENTIONS.search(source):
        return
    text = source.decode("utf-8", "replace").replace("\r\n", "\n")
    variables = _variables(text)
    covered: set[int] = set()
    end = 0
    for number, step in enumerate(_STEP.finditer(text)):
        if number >= _MAX_STEPS:
            yield Unclear(spot(path, 1, ""), f"of more than {_MAX_STEPS} steps the first are read")
            break
        if step.start() < end:
            continue
        literal = _literal(text, step.end())
        if literal is None:
            continue
        end = literal.end
        first = text.count("\n", 0, step.end()) + 1
        covered.update(range(first, text.count("\n", 0, literal.end) + 2))
        yield from script_calls(path, literal.text, first, variables)
    yield from _steps(path, text)
    yield from _rest(path, source, covered)


def _variables(text: str) -> dict[str, Text]:
    """Return what names are that are set once, and the region that all `withAWS` name."""
    found: dict[str, set[str]] = {}
    for name, single, double in _SET.findall(text):
        found.setdefault(name, set()).add(single or double)
    regions = {
        region[1] if (region := _REGION.search(inside)) is not None else ""
        for inside in _WITH.findall(text)
    }
    if regions:
        found["AWS_REGION"] = regions
    return {name: (next(iter(said)),) for name, said in found.items() if _is_one(said)}


def _is_one(said: set[str]) -> bool:
    return len(said) == 1 and "" not in said


def _literal(text: str, start: int) -> _Literal | None:
    """Return the string that begins somewhere, as a shell gets it, or None of one without end."""
    quotes = next(one for one in _ENDS if text.startswith(one, start))
    at, parts = start + len(quotes), []
    for found in _ENDS[quotes].finditer(text, at):
        parts.append(text[at : found.start()])
        at = found.end()
        if found[0] == quotes:
            whole = "".join(parts)
            filled = _PUT_IN.sub(_filled, whole) if quotes[0] == '"' else whole
            return _Literal(filled.replace(_DOLLAR, "$"), at)
        if found[0] == "\n":
            return None
        after = found[0][1]
        parts.append(_DOLLAR if after == "$" else _ESCAPED.get(after, after))
    return None


def _filled(found: re.Match[str]) -> str:
    inside = found[1].strip()
    return mark(inside.rpartition(".")[2] if _DOTTED.match(inside) else "_")


def _steps(path: str, text: str) -> Iterator[Call | Unclear]:
    """Yield what steps of plugins do."""
    for number, found in enumerate(_PLUGIN.finditer(text)):
        if number < _MAX_STEPS:
            where = spot(path, text.count("\n", 0, found.start()) + 1, found[1])
            yield Unclear(where, f"the step {found[1]} calls AWS by itself")
    for found in _WITH.finditer(text):
        if re.search(r"\brole(?:Account)?[ \t]*:", found[1]):
            where = spot(path, text.count("\n", 0, found.start()) + 1, "withAWS(role)")
            yield Unclear(where, "it takes another role: sts:AssumeRole, and what that may do")
    for found in re.finditer(r"\becrLogin[ \t]*\(|['\"]ecr:[a-z0-9-]{4,32}:", text):
        where = spot(path, text.count("\n", 0, found.start()) + 1, "a log-in to ECR")
        yield call("ecr", "GetAuthorizationToken", [], where)


def _rest(path: str, source: bytes, covered: set[int]) -> Iterator[Unclear]:
    """Yield an Unclear for the first command outside of steps that were read, and for the SDK."""
    line = next((line for line in command_lines(source) if line not in covered), None)
    if line is not None:
        yield Unclear(
            spot(path, line, "aws"), "a command of the AWS CLI in a text that is not read"
        )
    other = unread("a.groovy", source)
    if other is not None and "SDK" in other.why:
        yield Unclear(spot(path, other.spot.line, other.spot.said), other.why)
