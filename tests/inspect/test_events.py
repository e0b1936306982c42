"""LookupEvents with the responder's profile: pages, Regions, and what is not known."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from leakscan.inspect.events import MAX_PAGES, look_up
from leakscan.inspection import Why

KEY = "AKIA%%Z2Q7LEAKSCAN2345".replace("%%", "")
WANTED = {
    "LookupAttributes": [{"AttributeKey": "AccessKeyId", "AttributeValue": KEY}],
    "MaxResults": 50,
}


class Stubbed:
    """A session whose clients answer what a test says, and nothing else."""

    def __init__(self, region: str = "eu-west-1") -> None:
        self.region = region
        self._session = Session()
        self._session.set_credentials("none", "none")
        self._clients: dict[tuple[str, str], Any] = {}
        self._stubs: list[Stubber] = []

    def client(self, service: str, region: str | None = None) -> Any:
        return self._clients[service, region or self.region]

    def answering(self, service: str, region: str) -> Stubber:
        client = self._session.create_client(service, region_name=region)
        stub = Stubber(client)
        stub.activate()
        self._clients[service, region] = client
        self._stubs.append(stub)
        return stub

    def assert_all_was_asked(self) -> None:
        for stub in self._stubs:
            stub.assert_no_pending_responses()


@pytest.fixture
def responder() -> Iterator[Stubbed]:
    stubbed = Stubbed()
    yield stubbed
    stubbed.assert_all_was_asked()


def page(*texts: str, token: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"Events": [{"CloudTrailEvent": text} for text in texts]}
    return {**found, "NextToken": token} if token else found


def test_all_pages_of_a_region_and_of_the_global_services(responder: Stubbed) -> None:
    home = responder.answering("cloudtrail", "eu-west-1")
    home.add_response("lookup_events", page("a", "b", token="t"), WANTED)
    home.add_response("lookup_events", page("c"), {**WANTED, "NextToken": "t"})
    everywhere = responder.answering("cloudtrail", "us-east-1")
    everywhere.add_response("lookup_events", page("d"), WANTED)
    looked = look_up(responder, KEY, "eu-west-1")  # type: ignore[arg-type]
    assert looked.events == ("a", "b", "c", "d")
    assert looked.regions == ("eu-west-1", "us-east-1")
    assert looked.gaps == ()


def test_all_regions_where_none_is_named(responder: Stubbed) -> None:
    names = ["eu-west-1", "sa-east-1", "us-east-1"]
    regions = {"Regions": [{"RegionName": name} for name in names]}
    responder.answering("ec2", "eu-west-1").add_response("describe_regions", regions)
    for name in names:
        responder.answering("cloudtrail", name).add_response("lookup_events", page(name), WANTED)
    looked = look_up(responder, KEY)  # type: ignore[arg-type]
    assert looked.regions == ("eu-west-1", "us-east-1", "sa-east-1")
    assert set(looked.events) == set(names)


def test_a_refusal_is_a_gap_and_the_rest_goes_on(responder: Stubbed) -> None:
    responder.answering("ec2", "eu-west-1").add_client_error(
        "describe_regions", "UnauthorizedOperation"
    )
    responder.answering("cloudtrail", "eu-west-1").add_client_error(
        "lookup_events", "AccessDeniedException"
    )
    responder.answering("cloudtrail", "us-east-1").add_response("lookup_events", page("x"), WANTED)
    looked = look_up(responder, KEY)  # type: ignore[arg-type]
    assert looked.events == ("x",)
    assert [(one.action, one.why) for one in looked.gaps] == [
        ("ec2:DescribeRegions", Why.NOT_PERMITTED),
        ("cloudtrail:LookupEvents", Why.NOT_PERMITTED),
    ]


def test_more_pages_than_are_looked_at_are_a_gap(responder: Stubbed) -> None:
    responder.region = "us-east-1"
    stub = responder.answering("cloudtrail", "us-east-1")
    for _ in range(MAX_PAGES):
        stub.add_response("lookup_events", page("x", token="t"))
    looked = look_up(responder, KEY, "us-east-1")  # type: ignore[arg-type]
    assert len(looked.events) == MAX_PAGES
    assert [one.why for one in looked.gaps] == [Why.CUT]


def test_the_global_region_of_another_partition(responder: Stubbed) -> None:
    responder.answering("cloudtrail", "cn-northwest-1").add_response("lookup_events", page("a"))
    responder.answering("cloudtrail", "cn-north-1").add_response("lookup_events", page("b"))
    looked = look_up(responder, KEY, "cn-northwest-1")  # type: ignore[arg-type]
    assert looked.regions == ("cn-northwest-1", "cn-north-1")
