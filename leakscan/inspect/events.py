"""What CloudTrail recorded of a key, asked with the responder's profile.

Part of the inspect stage. In: a session and an access key id. Out: events as CloudTrail's own JSON,
unread, and a `Gap` for each Region that could not be asked or has more than is looked at. The key
itself signs nothing. LookupEvents knows management events of the last 90 days, a Region at a time.

Source: CloudTrail User Guide, "Viewing event history"; API reference, LookupEvents.
"""

from collections.abc import Iterator
from typing import Final

from leakscan.inspect.calls import Calls, listed, text
from leakscan.inspect.session import Responding
from leakscan.inspection import Gap, Why
from leakscan.record import Record

MAX_PAGES: Final = 40
"""Of 50 events each; CloudTrail answers two calls a second in a Region."""
_PAGE: Final = 50
_GLOBAL: Final = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where a partition records IAM and STS, and other services without a Region."""
_MAX_REGIONS: Final = 60
_WHAT: Final = "what the key was used for in {}"


class Looked(Record, frozen=True):
    """Events as texts, the newest first in each Region, and what is not known."""

    events: tuple[str, ...]
    regions: tuple[str, ...]
    gaps: tuple[Gap, ...]


def look_up(responding: Responding, access_key_id: str, region: str = "") -> Looked:
    """Return the events of a key: of one Region and the global services, or of all Regions."""
    regions, gaps = _regions(responding, region)
    events: list[str] = []
    for name in regions:
        found, gap = _of_region(responding, access_key_id, name)
        events += found
        gaps += [gap] if gap is not None else []
    return Looked(tuple(events), regions, tuple(gaps))


def _regions(responding: Responding, region: str) -> tuple[tuple[str, ...], list[Gap]]:
    home = region or responding.region
    first = tuple(dict.fromkeys((home, _global(home))))
    if region:
        return first, []
    calls = Calls("ec2", responding.client("ec2", home))
    reply = calls.one("which Regions the account uses", "DescribeRegions")
    found = [text(one, "RegionName") for one in listed(reply.data, "Regions")]
    every = tuple(dict.fromkeys((*first, *sorted(filter(None, found)))))[:_MAX_REGIONS]
    return every, [reply.gap] if reply.gap is not None else []


def _global(region: str) -> str:
    for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(start):
            return _GLOBAL[name]
    return "us-east-1"


def _of_region(
    responding: Responding, access_key_id: str, region: str
) -> tuple[list[str], Gap | None]:
    calls = Calls("cloudtrail", responding.client("cloudtrail", region))
    what = _WHAT.format(region)
    wanted = [{"AttributeKey": "AccessKeyId", "AttributeValue": access_key_id}]
    found: list[str] = []
    parameters: dict[str, object] = {"LookupAttributes": wanted, "MaxResults": _PAGE}
    for _ in range(MAX_PAGES):
        reply = calls.one(what, "LookupEvents", **parameters)
        found += _texts(listed(reply.data, "Events"))
        if reply.gap is not None:
            return found, reply.gap
        token = text(reply.data, "NextToken")
        if not token:
            return found, None
        parameters["NextToken"] = token
    return found, Gap(what, "cloudtrail:LookupEvents", Why.CUT)


def _texts(events: list[object]) -> Iterator[str]:
    for one in events:
        event = one.get("CloudTrailEvent") if isinstance(one, dict) else None
        if isinstance(event, str):
            yield event
