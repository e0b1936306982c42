"""What an answer of STS says of a key, and what it does not say.

Part of the verify stage. In: an `Answer`. Out: a `Verdict` with AWS's own code and a sentence.
Whatever is no clear yes or no of AWS becomes `unknown`; nothing an answer holds is quoted, but for
a code, an ARN and a request id that look as AWS's do.

Source: IAM User Guide, "Troubleshoot access denied error messages"; IAM API Reference, "Common
Errors". STS models no errors of this call, so they are known by their codes alone.
"""

import re
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from leakscan.aws import REGIONS_OF_ALL, account_id
from leakscan.verdict import Cause, Holder, Verdict, VerdictState
from leakscan.verify.base import Answer, Endpoint

_CODE: Final = re.compile(r"[A-Za-z.]{1,64}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ARN: Final = re.compile(
    r"arn:aws(?:-[a-z]+)*:(?P<service>iam|sts)::(?P<account>[0-9]{12}):"
    # The path of a user may hold any printable character.
    r"(?P<resource>[\x21-\x7e]{1,700})"
)
_DENIED_TO: Final = re.compile(r"User: (?P<arn>arn:[\x21-\x7e]{1,800}) is not authorized to ")

_MISMATCH: Final = ("SignatureDoesNotMatch", "InvalidSignatureException")
_MISMATCH_WORDS: Final = "does not match the signature you provided"
_CLOCK_WORDS: Final = ("signature expired", "not yet current")
_CLOCK: Final = frozenset({"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"})
_SCOPE_WORDS: Final = "should be scoped to a valid region"
_UNKNOWN_ID: Final = frozenset({"InvalidClientTokenId", "UnrecognizedClientException"})
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_REGION: Final = frozenset({"RegionDisabledException", "RegionDisabled", "OptInRequired"})
_SLOWER: Final = frozenset(
    {"RequestLimitExceeded", "SlowDown", "TooManyRequestsException", "RequestThrottled"}
    | {"RequestThrottledException", "LimitExceededException", "BandwidthLimitExceeded"}
)
_UNREADABLE: Final = frozenset(
    {"IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException"}
    | {"ValidationError", "InvalidAction", "InvalidParameterValue", "MissingAction"}
)


def judge(answer: Answer, access_key_id: str, endpoint: Endpoint, at: datetime) -> Verdict:
    """Return what an answer that came at a time says of a key id and what was tried with it."""
    if answer.failed_as is not None:
        verdict = _unknown(answer.failed_as, f"Nothing is known: {answer.failure}.")
    else:
        verdict = _said(answer, access_key_id, endpoint)
    return replace(
        verdict,
        code=_shaped(_CODE, answer.code),
        asked=(endpoint.host,),
        checked_at=at,
        request_id=_shaped(_UUID, answer.request_id),
    )


def is_clock(answer: Answer) -> bool:
    """Return whether AWS refused the time of the call: our clock is off, not the key.

    Source: aws/aws-cli#6676; STS lets a request be 15 minutes off.
    """
    words = answer.message.lower()
    is_signature = answer.code in _MISMATCH and any(each in words for each in _CLOCK_WORDS)
    return is_signature or answer.code in _CLOCK


def account_of(arn: str) -> str | None:
    """Return the account of an ARN that GetCallerIdentity can name, None if it can not."""
    found = _ARN.fullmatch(arn)
    return found["account"] if found else None


def _said(answer: Answer, key_id: str, endpoint: Endpoint) -> Verdict:
    """Return what an answer says that came from AWS, as far as that can be told."""
    if answer.status == 200:
        return _live(answer.arn, key_id)
    if answer.status == 429 or answer.code.startswith("Throttl") or answer.code in _SLOWER:
        return _unknown(Cause.THROTTLED, "AWS asks for fewer calls; it said nothing of the key.")
    if answer.status >= 500:
        text = "AWS could not answer because of a failure of its own; it said nothing of the key."
        return _unknown(Cause.SERVER, text)
    if answer.status < 400:
        return _unknown(Cause.ANSWER, "The answer is none that AWS is known to give.")
    if is_clock(answer):
        text = "AWS refused the time of the call: this machine's clock is off. That says nothing"
        return _unknown(Cause.CLOCK, f"{text} of the key.")
    return _refused(answer, key_id, endpoint)


def _refused(answer: Answer, key_id: str, endpoint: Endpoint) -> Verdict:
    if answer.code in _UNKNOWN_ID:
        return _not_accepted(key_id, endpoint)
    if answer.code in _MISMATCH:
        return _mismatch(answer, endpoint)
    if answer.code in _EXPIRED:
        text = "It was temporary and has run out. What it came from may still give out others."
        return Verdict(VerdictState.EXPIRED, text)
    if answer.code in _DENIED:
        return _denied(answer, key_id)
    if answer.code in _REGION:
        text = f"STS is off, or not subscribed to, in {endpoint.region}; that says nothing of the"
        return _unknown(Cause.REGION, f"{text} key.")
    # AWS said something, but no yes and no no: that leakscan does not know what is the honest word.
    if answer.code in _UNREADABLE:
        text = "AWS could not read the call, which something on the way may have changed; it said"
        return _unknown(Cause.ANSWER, f"{text} nothing of the key.")
    return _unknown(Cause.ANSWER, "The answer is neither a yes nor a no that AWS is known to give.")


def _live(arn: str, key_id: str) -> Verdict:
    found = _ARN.fullmatch(arn)
    if found is None:
        return _unknown(Cause.ANSWER, "The answer names nobody as AWS does.")
    holder = _holder(found["service"], found["resource"])
    account, own = found["account"], account_id(key_id)
    text = f"AWS accepts it, as {_WHO[holder].format(account)}."
    if own is not None and own != account:
        text += f" The id itself tells account {own}."
    text += _NOT_SHOWN.get(holder, "")
    return Verdict(VerdictState.LIVE, text, arn=arn, holder=holder, account=account)


_WHO: Final = {
    Holder.ROOT: "the root user of account {}, whom no policy of that account limits",
    Holder.USER: "an IAM user of account {}",
    Holder.ROLE_SESSION: "a session of a role of account {}",
    Holder.FEDERATED: "a federated user of account {}",
    Holder.OTHER: "a principal of account {}",
}
_REVOKED: Final = " A policy that revokes it does not show here: it is accepted until it ends."
_NOT_SHOWN: Final = {
    Holder.USER: " A quarantine by AWS, or a policy that denies everything, does not show here.",
    Holder.ROLE_SESSION: _REVOKED,
    Holder.FEDERATED: _REVOKED,
}


def _holder(service: str, resource: str) -> Holder:
    """Source: IAM User Guide, "IAM identifiers"."""
    if service == "iam":
        if resource == "root":
            return Holder.ROOT
        return Holder.USER if resource.startswith("user/") else Holder.OTHER
    if resource.startswith("assumed-role/"):
        return Holder.ROLE_SESSION
    return Holder.FEDERATED if resource.startswith("federated-user/") else Holder.OTHER


def _not_accepted(key_id: str, endpoint: Endpoint) -> Verdict:
    if endpoint.partition == "aws" and endpoint.region not in REGIONS_OF_ALL:
        text = f"{endpoint.region} does not know it, as it knows no key of an account that has not"
        return _unknown(Cause.REGION, f"{text} switched that region on.")
    text = f"AWS (partition {endpoint.partition}) does not accept it: "
    if key_id.startswith("ASIA"):
        text += "the id is unknown there or no longer valid, or the session token is not its own."
        return Verdict(VerdictState.NOT_ACCEPTED, f"{text} AWS does not say which.")
    text += "the id is unknown there, deleted or deactivated. AWS does not say which, and a"
    return Verdict(VerdictState.NOT_ACCEPTED, f"{text} deactivated key can be activated again.")


def _mismatch(answer: Answer, endpoint: Endpoint) -> Verdict:
    """Tell a secret that is not the id's from a call that AWS did not want there.

    Source: cognitect-labs/aws-api#27, hashicorp/terraform-provider-aws#34865.
    """
    words = answer.message.lower()
    if _MISMATCH_WORDS in words:
        text = f"AWS (partition {endpoint.partition}) knows the id, and this secret is not its own,"
        text += " unless something on the way changed the call. With another secret the key may be"
        return Verdict(VerdictState.WRONG_SECRET, f"{text} live.")
    if _SCOPE_WORDS in words:
        text = f"The host that was asked is of another region than {endpoint.region}; it said"
        return _unknown(Cause.REGION, f"{text} nothing of the key.")
    return _unknown(Cause.ANSWER, "AWS refused the signature and did not say why.")


def _denied(answer: Answer, key_id: str) -> Verdict:
    """Tell a refusal that names who asked from one that names nobody.

    No policy of the key's can deny this call, so one on the way did: AWS names the caller only
    after it has accepted the key.
    """
    found = _DENIED_TO.search(answer.message)
    if found is not None and account_of(found["arn"]):
        verdict = _live(found["arn"], key_id)
        return replace(verdict, text=f"{verdict.text} The call itself was denied on the way.")
    text = "The call was denied on the way, by an endpoint's policy or a proxy, without a word on"
    return _unknown(Cause.DENIED, f"{text} whose key it is; it may be live.")


def _unknown(cause: Cause, text: str) -> Verdict:
    return Verdict(VerdictState.UNKNOWN, text, cause)


def _shaped(pattern: re.Pattern[str], text: str) -> str:
    """Return text if it looks as AWS's does, else nothing; whoever answers may write anything."""
    return text if pattern.fullmatch(text) else ""
