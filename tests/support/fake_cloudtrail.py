"""CloudTrail's LookupEvents and EC2's DescribeRegions on loopback, for the look at a key's events.

In: events by Region, and Regions that refuse. Out: answers as AWS words them, and a record of every
request. Nothing but 127.0.0.1 is ever bound, and no signature is checked: `Asked.signer` has it.
"""

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs

_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/[0-9]+/([^/]+)/")
_JSON: Final = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what was asked, in which Region, who signed, and what of it is JSON."""

    action: str
    region: str
    signer: str
    body: dict[str, Any]


@dataclass
class FakeCloudTrail:
    """The server; it runs in a thread from `with` on, until its end."""

    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By Region; each is a page of its own."""
    refusing: tuple[str, ...] = ()
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The endpoint to ask."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked) -> tuple[int, str, str]:
        """Record a request; return status, type and text of the answer."""
        self.asked.append(asked)
        if asked.action == "DescribeRegions":
            names = "".join(
                f"<item><regionName>{one}</regionName></item>" for one in sorted(self.events)
            )
            name = "DescribeRegionsResponse"
            text = f"<{name}><regionInfo>{names}</regionInfo></{name}>"
            return 200, "text/xml", text
        if asked.region in self.refusing:
            return 400, _JSON, json.dumps({"__type": "AccessDeniedException", "message": "no"})
        pages = self.events.get(asked.region, [])
        at = int(asked.body.get("NextToken", 0))
        found = [{"EventId": "e", "CloudTrailEvent": json.dumps(one)} for one in pages[at : at + 1]]
        more = {"NextToken": str(at + 1)} if at + 1 < len(pages) else {}
        return 200, _JSON, json.dumps({"Events": found, **more})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: FakeCloudTrail) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        signed = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        signer, region = signed.groups() if signed else ("", "")
        action = target or parse_qs(text).get("Action", [""])[0]
        body = json.loads(text) if target else {}
        status, kind, answer = self.server.owner.answer(Asked(action, region, signer, body))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""
