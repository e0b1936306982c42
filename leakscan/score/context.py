"""What stands around a value and what it says: names, placeholder words, paths.

Part of the score stage. In: a content and a candidate, or paths. Out: reasons with their points.
"""

import re
from collections.abc import Collection
from typing import Final

from leakscan.model import Candidate, Content, Encoding, Reason
from leakscan.record import Record

_BEFORE: Final = 256
_AFTER: Final = 48

_AWS_NAME: Final = re.compile(
    rb"(?i)(?:aws|amazon|amzn).{0,24}secret|secret.{0,3}access.{0,3}key"
    rb"|s3[an]?\b.{0,12}secret|s3_?secret|secret.{0,8}s3"
)
_AWS_KEY: Final = re.compile(rb"(?i)(?:aws|amazon|amzn|s3).{0,16}(?:key|pass|pw|cred|token|auth)")
_AWS_WORD: Final = re.compile(
    rb"(?i)(?<![a-z])(?:aws|amazon|amzn|s3[an]?|boto3?|dynamodb|ec2|cloudwatch|route53)(?![a-z])"
    rb"|amazonaws|access.?key.?id|(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}"
)
_TOKEN_NAME: Final = re.compile(
    rb"(?i)(?:aws|amz|session|security).{0,3}(?:session|security)?.?tok"
)
_OTHER_VENDOR: Final = re.compile(
    rb"(?i)client.?secret|consumer.?secret|app.?secret|oauth|github|gitlab|bitbucket|twitter"
    rb"|facebook|google|gcp|azure|slack|stripe|webhook|jwt|cookie|django|firebase|ali(?:baba|yun)"
    rb"|tencent|recaptcha|session.?secret|secret_key_base|auth0|okta|heroku|npm|docker"
)
_DIGEST: Final = re.compile(
    rb"(?i)integrity|sha-?(?:1|224|256|384|512)|checksum|digest|(?<![a-z])commit|revision"
    rb"|etag|md5|signature|fingerprint|subproject"
)
_PLACEHOLDER: Final = re.compile(
    rb"(?i)(?<![a-z])(?:test(?:ing|s)?|fake|dummy|sample|example|examples|mock(?:ed)?|stub"
    rb"|placeholder|redacted|bogus|not[ _-]?real)(?![a-z])|x{4}|change.?me|your[ _-]"
)

# Folders and files by what their keys usually are. `docs/` and fixtures hold samples; settings
# files hold what runs.
_LOWER_PATH: Final = re.compile(
    rb"(?i)(?:^|/)(?:tests?|testing|testdata|test[_-]data|__tests__|specs?|fixtures?|mocks?"
    rb"|examples?|samples?|docs?|documentation|vendor|node_modules|third_party|site-packages)/"
    rb"|(?:^|/)(?:test_[^/]*|[^/]*[_.-](?:test|tests|spec|example|sample|dist|template)"
    rb"(?:\.[^/]*)?|(?:readme|changelog|changes|history|contributing)[^/]*|[^/]*\.(?:md|rst|adoc))$"
    rb"|(?:^|/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|[^/]*\.lock|go\.sum)$"
)
_HIGHER_PATH: Final = re.compile(
    rb"(?i)(?:^|/)(?:\.env(?:\.[^/]*)?|[^/]*\.env|credentials|\.?s3cfg|\.boto|rclone\.conf"
    rb"|rootkey\.csv|[^/]*accesskeys[^/]*\.csv|[^/]*credentials[^/]*\.(?:csv|ini|json|ya?ml|xml)"
    rb"|[^/]*\.tfvars(?:\.json)?|[^/]*\.tfstate(?:\.backup)?|\.bash_history)$"
    rb"|(?:^|/)\.aws/"
)


class Surroundings(Record, frozen=True):
    """The text before and after a value, as its decoding shows it, and its own line alone."""

    before: bytes
    after: bytes

    @property
    def line(self) -> bytes:
        """The line of the value, without the value."""
        return self.line_before + b" " + self.after.split(b"\n", 1)[0]

    @property
    def line_before(self) -> bytes:
        """The line of the value up to the value."""
        return self.before.rsplit(b"\n", 1)[-1]


def surroundings(content: Content, candidate: Candidate) -> Surroundings:
    """Return what stands around a candidate of the content."""
    width = 1 if candidate.encoding is Encoding.PLAIN else 2
    start, end = candidate.start - content.start, candidate.end - content.start
    before = content.data[max(0, start - _BEFORE * width) : start]
    after = content.data[end : end + _AFTER * width]
    if width == 2:
        before, after = before.replace(b"\0", b""), after.replace(b"\0", b"")
    return Surroundings(before, after)


def name_reasons(near: Surroundings, key_name: bytes) -> list[Reason]:
    """Return what the name of a secret and the words near it say."""
    reasons: list[Reason] = []
    named = bool(key_name)
    name = key_name or near.line_before
    if _AWS_NAME.search(name) or (named and _AWS_NAME.search(near.line_before)):
        reasons.append(Reason("aws-name", 35, "A name of AWS secret keys stands before it."))
    else:
        if named:
            reasons.append(Reason("generic-name", 5, "A name with `secret` stands before it."))
        elif _AWS_KEY.search(near.line_before):
            reasons.append(Reason("aws-key-name", 10, "A name of AWS keys stands before it."))
        if _AWS_WORD.search(near.before) or _AWS_WORD.search(near.after):
            reasons.append(Reason("aws-word", 15 if named else 5, "A word of AWS stands near it."))
        if _DIGEST.search(near.line_before):
            reasons.append(Reason("digest", -30, "Its line speaks of a digest or a commit."))
        if _OTHER_VENDOR.search(name):
            reasons.append(Reason("other-vendor", -20, "Its name belongs to another service."))
    return reasons


def token_reasons(near: Surroundings, key_name: bytes) -> list[Reason]:
    """Return what the name of a session token says."""
    text = key_name or near.line_before
    if _TOKEN_NAME.search(text) and (_AWS_WORD.search(near.before) or b"mz-" in text):
        return [Reason("aws-name", 20, "A name of AWS session tokens stands before it.")]
    return []


def placeholder_reasons(near: Surroundings) -> list[Reason]:
    """Return what words of samples on the same line say."""
    if _PLACEHOLDER.search(near.line):
        return [Reason("placeholder-word", -20, "Its line speaks of a test or a sample.")]
    return []


def path_reasons(paths: Collection[bytes]) -> list[Reason]:
    """Return what the paths say: the one that speaks most for a real key decides."""
    if any(_HIGHER_PATH.search(path) and not _LOWER_PATH.search(path) for path in paths):
        return [Reason("settings-path", 10, "It is in a file for settings or credentials.")]
    if paths and all(_LOWER_PATH.search(path) for path in paths):
        return [Reason("sample-path", -20, "It is only in tests, samples, docs or vendored code.")]
    return []
