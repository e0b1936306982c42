"""A small IAM on loopback that answers in AWS's XML, for what moto's server does not do.

In: what it should answer, as plain values. Out: HTTP answers of the Query protocol, and a record of
every request. There is one user, `deploy`, and one role, `worker`; tests change what is said of
them. Nothing but 127.0.0.1 is ever bound. It checks no signature: `Request.signer` says who signed.

    with FakeIam() as iam:
        iam.deny("ListMFADevices")
        ... ask iam.url ...
        assert iam.actions()[0] == "GetCallerIdentity"
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

ACCOUNT: Final = "418892985061"
RESPONDER: Final = f"arn:aws:iam::{ACCOUNT}:user/responder"
USER: Final = f"arn:aws:iam::{ACCOUNT}:user/ci/deploy"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/worker"
SESSION: Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/i-0abc"
MANAGED: Final = f"arn:aws:iam::{ACCOUNT}:policy/buckets"
CREATED: Final = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)
USED: Final = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
_REQUEST_ID: Final = "6f2a9f0c-5b6a-4c1e-9d55-0a1b2c3d4e5f"
_SIGNER: Final = re.compile(r"Credential=([^/]+)/")
_MEMBER: Final = re.compile(r"(.+)\.member\.[0-9]+")

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its action and parameters, who signed it, and its user agent."""

    action: str
    parameters: Mapping[str, Any]
    signer: str
    agent: str
    is_signed_with_token: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as AWS words it."""

    status: int
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is no answer of AWS; with status 0 the connection ends without a byte."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Reply = Values | Refusal | Raw
NOTHING_SUCH: Final = Refusal(404, "NoSuchEntity", "There is no such thing.")


def document(*statements: Values) -> str:
    """Return a policy document as IAM's XML holds it: JSON, percent-encoded."""
    return quote(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def session_of(access_key_id: str, secret: str) -> Values:
    """Return what AssumeRole and its like answer: credentials for an hour."""
    ends = datetime.now(UTC) + timedelta(hours=1)
    return {
        "Credentials": {
            "AccessKeyId": access_key_id,
            "SecretAccessKey": secret,
            "SessionToken": "t" * 120,
            "Expiration": ends,
        },
        "AssumedRoleUser": {"Arn": SESSION, "AssumedRoleId": "AROA" + "Q" * 17 + ":i-0abc"},
    }


def decision(action: str, word: str = "implicitDeny", **more: Any) -> Values:
    """Return one result of a simulation."""
    return {"EvalActionName": action, "EvalResourceName": "*", "EvalDecision": word, **more}


class FakeIam:
    """The server; it runs in a thread from `with` on, until its end."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._key_id = ""
        self._answers: dict[str, Callable[[Values], Reply]] = {}
        self.allowed: dict[str, Values] = {}
        """What the simulation says of actions beside `implicitDeny`."""
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.holds("")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The endpoint to ask."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    # -- what it says ----------------------------------------------------------------------

    def holds(self, key_id: str, status: str = "Active") -> None:
        """Let the user hold a key, and answer all that is asked of user and role."""
        self._key_id = key_id
        keys = [
            {"UserName": "deploy", "AccessKeyId": key_id, "Status": status, "CreateDate": CREATED}
        ]
        for action, values in _DEFAULTS.items():
            self.says(action, values)
        self.says(
            "ListAccessKeys", {"IsTruncated": False, "AccessKeyMetadata": keys if key_id else []}
        )
        self.answers("SimulatePrincipalPolicy", self._simulation)

    def says(self, action: str, reply: Reply) -> None:
        """Answer an action always the same."""
        self._answers[action] = lambda _: reply

    def answers(self, action: str, reply: Callable[[Values], Reply]) -> None:
        """Answer an action by its parameters."""
        self._answers[action] = reply

    def deny(self, action: str) -> None:
        """Refuse an action to the responder, in AWS's words."""
        message = (
            f"User: {RESPONDER} is not authorized to perform: iam:{action} on resource: {USER} "
            f"because no identity-based policy allows the iam:{action} action"
        )
        self.says(action, Refusal(403, "AccessDenied", message))

    def _simulation(self, parameters: Values) -> Reply:
        results = [
            decision(action, **self.allowed.get(action, {})) for action in parameters["ActionNames"]
        ]
        return {"IsTruncated": False, "EvaluationResults": results}

    # -- what it saw -----------------------------------------------------------------------

    def actions(self) -> list[str]:
        """The actions that were asked, in order."""
        return [one.action for one in self.requests]

    def answer(self, request: Request) -> Reply:
        """Record a request and return the reply."""
        self.requests.append(request)
        reply = self._answers.get(request.action)
        return Refusal(400, "InvalidAction") if reply is None else reply(request.parameters)


_DEFAULTS: Final[Mapping[str, Reply]] = {
    "GetCallerIdentity": {"Arn": RESPONDER, "UserId": "AIDA" + "Q" * 17, "Account": ACCOUNT},
    "GetAccessKeyLastUsed": {
        "UserName": "deploy",
        "AccessKeyLastUsed": {"LastUsedDate": USED, "ServiceName": "s3", "Region": "eu-west-1"},
    },
    "GetUser": {
        "User": {
            "Path": "/ci/", "UserName": "deploy", "Arn": USER, "CreateDate": CREATED,
            "PasswordLastUsed": USED,
            "PermissionsBoundary": {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/edge",
            },
        }
    },
    "ListGroupsForUser": {"IsTruncated": False, "Groups": [{"GroupName": "builders"}]},
    "ListAttachedUserPolicies": {
        "IsTruncated": False,
        "AttachedPolicies": [{"PolicyName": "buckets", "PolicyArn": MANAGED}],
    },
    "GetPolicy": {"Policy": {"Arn": MANAGED, "DefaultVersionId": "v3"}},
    "GetPolicyVersion": {
        "PolicyVersion": {
            "VersionId": "v3",
            "Document": document(
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:Put*"],
                    "Resource": "arn:aws:s3:::site/*",
                }
            ),
        }
    },
    "ListUserPolicies": {"IsTruncated": False, "PolicyNames": ["own"]},
    "GetUserPolicy": {
        "PolicyName": "own",
        "PolicyDocument": document({"Effect": "Allow", "Action": "ses:*", "Resource": "*"}),
    },
    "ListAttachedGroupPolicies": {"IsTruncated": False, "AttachedPolicies": []},
    "ListGroupPolicies": {"IsTruncated": False, "PolicyNames": ["shared"]},
    "GetGroupPolicy": {
        "PolicyName": "shared",
        "PolicyDocument": document({"Effect": "Allow", "Action": "logs:*", "Resource": "*"}),
    },
    "ListMFADevices": {"IsTruncated": False, "MFADevices": []},
    "GetLoginProfile": {"LoginProfile": {"UserName": "deploy", "CreateDate": CREATED}},
    "ListServiceSpecificCredentials": {
        "ServiceSpecificCredentials": [
            {
                "ServiceSpecificCredentialId": "ACCA" + "B" * 17,
                "ServiceName": "bedrock.amazonaws.com",
                "Status": "Active",
                "CreateDate": CREATED,
            }
        ]
    },
    "GetRole": {
        "Role": {
            "RoleName": "worker", "Arn": ROLE, "CreateDate": CREATED,
            "AssumeRolePolicyDocument": document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ec2.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ),
            "RoleLastUsed": {"LastUsedDate": USED, "Region": "eu-west-1"},
        }
    },
    "ListAttachedRolePolicies": {"IsTruncated": False, "AttachedPolicies": []},
    "ListRolePolicies": {"IsTruncated": False, "PolicyNames": ["tables"]},
    "GetRolePolicy": {
        "PolicyName": "tables",
        "PolicyDocument": document({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}),
    },
    "GetAccountSummary": {"SummaryMap": {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1}},
}  # fmt: skip
OF_USER: Final = (
    "ListAccessKeys", "GetUser", "ListGroupsForUser", "ListAttachedUserPolicies", "GetPolicy",
    "GetPolicyVersion", "ListUserPolicies", "GetUserPolicy", "ListAttachedGroupPolicies",
    "ListGroupPolicies", "GetGroupPolicy", "ListMFADevices", "GetLoginProfile",
    "ListServiceSpecificCredentials", "SimulatePrincipalPolicy",
)  # fmt: skip
"""All that is asked about the user; each may be denied alone."""


_STS: Final = ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity")


# -- HTTP and XML -------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, iam: FakeIam) -> None:
        self.iam = iam
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        action, parameters = _parameters(body)
        signer = _SIGNER.search(self.headers.get("Authorization", ""))
        request = Request(
            action,
            parameters,
            signer[1] if signer else "",
            self.headers.get("User-Agent", ""),
            "X-Amz-Security-Token" in self.headers,
        )
        self._send(request.action, self.server.iam.answer(request))

    def do_GET(self) -> None:
        """Answer the one call of SSO that gives credentials, by its path."""
        assert isinstance(self.server, _Server)
        request = Request(
            self.path.split("?")[0], {}, "", self.headers.get("User-Agent", ""), False
        )
        self._send(request.action, self.server.iam.answer(request))

    def _send(self, action: str, reply: Reply) -> None:
        if isinstance(reply, Raw) and not reply.status:
            return
        if isinstance(reply, Raw):
            status, headers, body = reply.status, reply.headers, reply.body
        else:
            status = reply.status if isinstance(reply, Refusal) else 200
            headers, body = {"Content-Type": "text/xml"}, _envelope(action, reply).encode()
        headers = {"Content-Length": str(len(body)), **headers}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        with suppress(OSError):  # Who did not want to wait is gone.
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _parameters(body: str) -> tuple[str, dict[str, Any]]:
    """Return the action, and the parameters with lists put together."""
    parameters: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        if (member := _MEMBER.fullmatch(name)) is not None:
            parameters.setdefault(member[1], []).append(value)
        else:
            parameters[name] = value
    return parameters.pop("Action"), parameters


def _envelope(action: str, reply: Values | Refusal) -> str:
    if isinstance(reply, Refusal):
        return (
            '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
            f"<Type>Sender</Type><Code>{reply.code}</Code><Message>{escape(reply.message)}</Message>"
            f"</Error><RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
        )
    service, version = ("sts", "2011-06-15") if action in _STS else ("iam", "2010-05-08")
    return (
        f'<{action}Response xmlns="https://{service}.amazonaws.com/doc/{version}/">'
        f"<{action}Result>{''.join(_xml(reply))}</{action}Result>"
        f"<ResponseMetadata><RequestId>{_REQUEST_ID}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )


def _xml(values: Values) -> Iterator[str]:
    for name, value in values.items():
        if name == "SummaryMap":
            entries = "".join(
                f"<entry><key>{key}</key><value>{number}</value></entry>"
                for key, number in value.items()
            )
            yield f"<{name}>{entries}</{name}>"
        else:
            yield f"<{name}>{_inner(value)}</{name}>"


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_xml(value))
    if isinstance(value, list):
        return "".join(f"<member>{_inner(one)}</member>" for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value))
