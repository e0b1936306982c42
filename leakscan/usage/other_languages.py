"""Files that no reader reads: their language, and whether they speak to AWS.

In: a path and bytes. Out: the name of a programming language, and for what names AWS's SDK or runs
its CLI an Unclear, with the services that the text names for certain. What only looks like a name
of a service is left out: nothing is guessed.
"""

import re
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Spot, Unclear
from leakscan.record import Record
from leakscan.usage.services import service_of_cli, service_of_go_package
from leakscan.usage.syntax import spot

_JVM: Final = (
    rb"software\.amazon\.awssdk(?:\.services\.([a-z0-9]{1,48}))?",
    rb"com\.amazonaws(?!\.services\.lambda\.runtime)(?:\.services\.([a-z0-9]{1,48}))?",
    rb"aws\.sdk\.kotlin(?:\.services\.([a-z0-9]{1,48}))?",
    rb"io\.awspring\.cloud|org\.springframework\.cloud\.aws|zio\.aws\.|org\.scanamo|\bs3a://",
    rb"cognitect\.aws|\bamazonica\b",
)
_NET: Final = (
    rb"(?:\bAmazon|AWSSDK)\.(?!Lambda\.|CDK|Runtime\b|Util\b|Extensions\b)([A-Z][A-Za-z0-9]{1,48})",
    rb"\bAmazon\.(?:Runtime|Extensions)\b|\bAWSSDK\b",
)
_CPP: Final = (
    rb"#\s*(?:include|import)\s*[<\"]aws/([a-z0-9-]{1,48})/",
    rb"\bAws::(?!Lambda|Utils|Client\b)([A-Z][A-Za-z0-9]{1,48})",
    rb"\bAWSServiceConfiguration\b|<AWS(?:Core|S3)/",
)
_RUBY: Final = (
    rb"\bAws::([A-Z][A-Za-z0-9]{1,48})",
    rb"aws-sdk(?:-([a-z0-9]{1,48}))?",
    rb"\bAWS::(?:S3|DynamoDB|SQS|SNS)\b|\bfog[/-]aws\b|\bcarrierwave-aws\b",
)
_POWERSHELL: Final = (
    rb"(?i)\bAWS\.Tools(?:\.([A-Za-z0-9]{1,48}))?",
    rb"(?i)\bAWSPowerShell\b|\b(?:Set|Initialize|Get|Use)-(?:AWS|STS)[A-Za-z]{1,48}",
    rb"\b[A-Z][a-z]{1,16}-(S3|EC2|SQS|SNS|SSM|KMS|ECS|ECR|DDB|LM|CFN|SEC|CWL?|EB|R53|RDS|CF)[A-Z]",
)
_SWIFT: Final = (
    rb"(?m)^\s*import\s+(?:AWS|Soto)([A-Z][A-Za-z0-9]{1,48})",
    rb"\bAWS(?:S3|Core|Mobile|DynamoDB|Cognito)[A-Za-z]{0,48}\b|\bAWSClient\(",
)
_BROWSER: Final = (
    rb"aws-sdk-[0-9][0-9.]{0,16}(?:\.min)?\.js",
    rb"@aws-sdk/(?:client-)?([a-z0-9-]{1,48})",
)

_ALIASES: Final = {
    "ddb": "dynamodb",
    "lm": "lambda",
    "cfn": "cloudformation",
    "sec": "secretsmanager",
    "cw": "cloudwatch",
    "cwl": "logs",
    "r53": "route53",
    "eb": "elasticbeanstalk",
    "cf": "cloudfront",
    "dynamodbv2": "dynamodb",
    "simpleemail": "ses",
    "simpleemailv2": "sesv2",
    "simplenotificationservice": "sns",
    "simplesystemsmanagement": "ssm",
    "securitytoken": "sts",
    "identitymanagement": "iam",
    "keymanagementservice": "kms",
    "elasticfilesystem": "efs",
    "stepfunctions": "stepfunctions",
    "cloudwatchevents": "events",
}
"""Names of services in SDKs and cmdlets that do not follow from the models."""


class Language(Record, frozen=True):
    """A language that is not read: how its files end, and what in one names AWS's SDK."""

    name: str
    endings: tuple[str, ...]
    signs: tuple[bytes, ...] = ()


_LANGUAGES: Final = (
    Language("Java", (".java", ".jsp"), _JVM),
    Language("Kotlin", (".kt", ".kts"), _JVM),
    Language("Scala", (".scala", ".sc", ".sbt"), _JVM),
    Language("Groovy", (".groovy", ".gradle", ".gvy"), _JVM),
    Language("Clojure", (".clj", ".cljc", ".cljs", ".edn"), _JVM),
    Language("C#", (".cs", ".csx", ".cshtml", ".razor", ".csproj"), _NET),
    Language("F#", (".fs", ".fsx", ".fsproj"), _NET),
    Language("Visual Basic", (".vb", ".vbproj", ".vbs"), _NET),
    Language("Ruby", (".rb", ".rake", ".erb", ".ru", ".gemspec", "/gemfile", "/rakefile"), _RUBY),
    Language(
        "PHP",
        (".php", ".phtml", ".inc"),
        (
            rb"(?:\bAws|\\Aws|AsyncAws)\\{1,2}([A-Z][A-Za-z0-9]{1,48})",
            rb"\b(?:S3|Sqs|Sns|DynamoDb)Client::factory|Flysystem\\{1,2}AwsS3|aws-autoloader",
        ),
    ),
    Language(
        "Rust",
        (".rs",),
        (
            rb"\b(?:aws_sdk|rusoto)_([a-z0-9]{1,48})",
            rb"\baws_config::|\baws_types::|object_store::aws|\bs3::(?:bucket|Bucket|creds)",
        ),
    ),
    Language(
        "Perl",
        (".pl", ".pm", ".psgi"),
        (
            rb"\bPaws(?:::|->service\(['\"])([A-Z][A-Za-z0-9]{1,48})",
            rb"\bPaws\b|\b(?:Net::)?Amazon::(?:S3|SQS|DynamoDB|AWSSign)|\bAWS::(?:S3|Signature4)",
        ),
    ),
    Language("Swift", (".swift",), _SWIFT),
    Language("Objective-C", (".m", ".mm"), _SWIFT + _CPP),
    Language(
        "Dart",
        (".dart",),
        (
            rb"package:aws_([a-z0-9_]{1,48}?)_api/",
            rb"package:(?:aws_|amplify_|minio|simple_s3|flutter_s3)",
        ),
    ),
    Language("C and C++", (".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".ipp"), _CPP),
    Language(
        "R",
        (".r", ".rmd", ".qmd"),
        (
            rb"\bpaws(?:\.[a-z.]{1,32})?::([a-z0-9]{1,48})",
            rb"\baws\.(s3|ec2|sqs|sns|iam|dynamodb|lambda)\b",
            rb"\bpaws(?:\.[a-z.]{1,32})?\b|\bboto3\b|\bs3fs\b|arrow::s3_bucket",
        ),
    ),
    Language(
        "Elixir",
        (".ex", ".exs", ".heex", ".eex"),
        (rb"\b(?:ExAws|AWS)\.([A-Z][A-Za-z0-9]{1,48})", rb"\bExAws\b|:ex_aws\b|:aws_elixir\b"),
    ),
    Language("Erlang", (".erl", ".hrl"), (rb"\berlcloud_([a-z0-9]{1,48})", rb"\berlcloud\b")),
    Language("PowerShell", (".ps1", ".psm1", ".psd1"), _POWERSHELL),
    Language(
        "Haskell",
        (".hs", ".lhs"),
        (rb"\bAmazonka(?:\.([A-Z][A-Za-z0-9]{1,48}))?", rb"Network\.AWS\b"),
    ),
    Language("Lua", (".lua",), (rb"resty\.aws|lua-resty-s3|\baws-sdk\b",)),
    Language(
        "Julia",
        (".jl",),
        (rb"\b(?:AWSS3|AWSCore|AWSSQS)\b|\busing AWS\b|@service ([A-Z]\w{1,48})",),
    ),
    Language("Cython", (".pyx", ".pxd", ".pxi"), (rb"\b(?:boto3|botocore|aiobotocore)\b",)),
    Language("CoffeeScript", (".coffee", ".litcoffee"), (rb"\baws-sdk\b", *_BROWSER)),
    Language("Astro", (".astro", ".marko"), _BROWSER),
    Language("Nim", (".nim",), (rb"\bawss?3?client\b|\batoz\b",)),
    Language("Crystal", (".cr",), (rb"\bAwscr::([A-Z]\w{1,48})",)),
    Language("OCaml", (".ml", ".mli"), (rb"\bAws_?[Ss]3\b|\bAws\.",)),
    Language("batch files", (".bat", ".cmd")),
    Language("fish", (".fish",)),
    Language("AppleScript", (".applescript",)),
    Language("Tcl", (".tcl",)),
    Language("COBOL", (".cbl", ".cob")),
    Language("Fortran", (".f90", ".f95", ".for")),
    Language("Delphi", (".pas", ".dpr"), (rb"\bAWS\.(S3|SQS|SNS)\b|\bTAmazon\w{1,48}",)),
    Language("Zig", (".zig",)),
    Language("Solidity", (".sol",)),
)  # fmt: skip
_BY_ENDING: Final = {
    ending.lstrip("/"): language for language in _LANGUAGES for ending in language.endings
}
_PAGES: Final = Language("a page", (), _BROWSER)
_PAGE_ENDINGS: Final = frozenset({".html", ".htm", ".ejs", ".hbs", ".pug"})

_PROSE: Final = frozenset(
    {".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc", ".asciidoc", ".tex", ".org", ".log"}
    | {".lock", ".css", ".scss", ".sass", ".less", ".svg", ".csv", ".tsv", ".po", ".pot", ".map"}
    | {".html", ".htm", ".diff", ".patch", ".sum", ".snap", ".1", ".d.ts"}
)
"""Endings of texts that nothing runs: what stands there of commands is for people."""
_PROSE_NAME: Final = re.compile(
    r"(?i)(?:readme|changelog|changes|history|license|licence|copying|notice|authors|contributing"
    r"|todo|codeowners)(?:\..*)?\Z|package-lock\.json\Z|.*\.(?:git|docker|npm|eslint)ignore\Z"
)
_COMMAND: Final = re.compile(
    rb"(?m)(?:^|[\s\"'`;&|(=\[,])aws[\"']?,?[ \t]+(?:--[a-z-]{1,32}[ =][^\s\"']{1,128}[ \t]+){0,4}"
    rb"[\"']?([a-z][a-z0-9-]{1,32})[\"']?,?[ \t]+[\"']?([a-z][a-z0-9-]{1,64})\b"
)
_BINARY_HEAD: Final = 4096
_MAX_NAMES: Final = 8
_MAX_SIGNS: Final = 2000


def language_of(path: str) -> str | None:
    """Return the name of the programming language of a file that no reader reads, or None."""
    found = _language(path)
    return found.name if found is not None else None


def is_prose(path: str, data: bytes) -> bool:
    """Say whether nothing runs what stands in a file: texts for people, data, images."""
    name = path.rpartition("/")[2].lower()
    if _PROSE_NAME.match(name) or b"\0" in data[:_BINARY_HEAD]:
        return True
    return _ending(name) in _PROSE and _ending(name) not in _PAGE_ENDINGS


def unread(path: str, data: bytes) -> Unclear | None:
    """Return what is said of a file that no reader reads and that speaks to AWS, or None."""
    language = _language(path)
    if language is None and is_prose(path, data):
        return None
    is_page = language is None and _ending(path.lower()) in _PAGE_ENDINGS
    found = _first_sign(data, language.signs if language else _BROWSER if is_page else ())
    if found is not None:
        name = language.name if language is not None else "a script in a page"
        services = sorted(set(_services(data, language or _PAGES)))
        what = f"the SDK's {_listed(services)}" if services else "AWS's SDK"
        return Unclear(_spot(path, data, found), f"{name} is not read: it uses {what}")
    command = None if is_page else next(_commands(data), None)
    if command is not None:
        name = language.name if language is not None else "a file of this kind"
        return Unclear(_spot(path, data, command), f"{name} is not read: it runs the AWS CLI")
    return None


def _language(path: str) -> Language | None:
    name = path.rpartition("/")[2].lower()
    return _BY_ENDING.get(name) or _BY_ENDING.get(_ending(name))


def _ending(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:] if dot > 0 else ""


def _first_sign(data: bytes, signs: tuple[bytes, ...]) -> re.Match[bytes] | None:
    found = [match for sign in signs if (match := re.search(sign, data)) is not None]
    return min(found, key=lambda match: match.start(), default=None)


def command_lines(data: bytes) -> Iterator[int]:
    """Yield the lines, from 1, on which a command of the AWS CLI is seen in any text."""
    line, at = 1, 0
    for match in _commands(data):
        start = match.start(1)
        line += data.count(b"\n", at, start)
        at = start
        yield line


def _commands(data: bytes) -> Iterator[re.Match[bytes]]:
    if b"aws" not in data:
        return
    for number, match in enumerate(_COMMAND.finditer(data)):
        if number > _MAX_SIGNS:
            return
        service = match[1].decode("ascii")
        if service == "s3" or service_of_cli(service) is not None:
            yield match


def _services(data: bytes, language: Language) -> Iterator[str]:
    """Yield botocore's names of the services that a text names in the way of its SDK."""
    for sign in language.signs:
        pattern = re.compile(sign)
        if not pattern.groups:
            continue
        for number, match in enumerate(pattern.finditer(data)):
            if number > _MAX_SIGNS:
                break
            name = (match[1] or b"").decode("ascii", "replace").lower()
            service = service_of_go_package(_ALIASES.get(name, name)) or service_of_go_package(
                name.removesuffix("client")
            )
            if service is not None:
                yield service


def _listed(names: list[str]) -> str:
    shown = names[:_MAX_NAMES]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _spot(path: str, data: bytes, match: re.Match[bytes]) -> Spot:
    start = data.rfind(b"\n", 0, match.start(match.lastindex or 0)) + 1
    line = data.count(b"\n", 0, start) + 1
    text = data[start : start + 512].partition(b"\n")[0].decode("utf-8", "replace")
    return spot(path, line, text.strip())
