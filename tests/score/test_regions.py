"""Regions near a credential: found, put in order, and of no effect on what it is worth."""

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.aws import PARTITIONS, Partition
from leakscan.match.matcher import Matcher
from leakscan.model import Candidate, Content, Encoding, Identity, Kind, Part, Sighting
from leakscan.redact import Secret
from leakscan.rules.load import load_rules
from leakscan.score.regions import likeliest, near
from leakscan.score.scorer import Scorer
from tests.support.keys import KeyMaker
from tests.support.tokens import token_from

RULES = load_rules()
MATCHER = Matcher(RULES)
SCORER = Scorer()
ID_RULE = next(rule for rule in RULES.rules if rule.part is Part.KEY_ID)
VALUE = Secret(b"x" * 20, "access-key-id")


def sightings(data: bytes, start: int = 0) -> list[Sighting]:
    content = Content(Kind.BLOB, data, start=start)
    found = [one for one in MATCHER.match(content) if isinstance(one, Candidate)]
    return SCORER.score(content, found)


def regions(data: bytes) -> tuple[str, ...]:
    (one,) = sightings(data)
    return one.regions


def part(start: int, end: int, encoding: Encoding = Encoding.PLAIN) -> Candidate:
    return Candidate(ID_RULE, VALUE, start, end, 1, 1, encoding)


def around(before: str, after: str) -> tuple[str, ...]:
    """Return the regions found by a part between two texts."""
    content = Content(Kind.BLOB, before.encode() + bytes(20) + after.encode())
    return near(content, [[part(len(before.encode()), len(before.encode()) + 20)]])[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" region = us-west-2\n", ("us-west-2",)),
        (" 'ap-northeast-3'", ("ap-northeast-3",)),
        (" eusc-de-east-1 ", ("eusc-de-east-1",)),
        (" availability_zone = eu-west-1b", ("eu-west-1",)),
        (" subnet in us-west-2-lax-1a", ("us-west-2",)),
        (" Regions.CN_NORTHWEST_1)", ("cn-northwest-1",)),
        ("%2F20300101%2Fus-gov-east-1%2Fs3%2Faws4_request", ("us-gov-east-1",)),
        (r"\nus-east-2\njson\n", ("us-east-2",)),
        (" https://s3-eu-west-3.amazonaws.com/", ("eu-west-3",)),
        (" https://sqs.cn-northwest-1.amazonaws.com.cn/", ("cn-northwest-1",)),
        (" https://bucket.s3.amazonaws.com.cn/", ("cn-north-1",)),
        (" iam.eusc.amazonaws.eu", ("eusc-de-east-1",)),
        (" arn:aws-cn:iam::111122223333:user/x", ("cn-north-1",)),
        (" arn:aws-us-gov:iam::111122223333:role/x", ("us-gov-west-1",)),
        (" arn:aws-us-gov:s3:${region}:x", ("us-gov-west-1",)),
        (" arn:aws:iam::111122223333:user/x", ("us-east-1",)),
        (" arn:aws-cn:sqs:cn-northwest-1:111122223333:x", ("cn-northwest-1",)),
        (" arn:aws-iso-b:iam::111122223333:user/x", ("us-isob-east-1",)),
        (" arn:${AWS::Partition}:iam::111122223333:user/x", ()),
        (" arn:aws-mars:iam::111122223333:user/x", ()),
        (" https://sts.amazonaws.com/ https://s3.amazonaws.com", ()),
        (" amazonaws.com.cn.example xamazonaws.eux", ()),
        (" us-east-0 us-east-100 xus-east-1 us-east-1x2 us-east-12ab us-nowhere-1", ()),
        (" northeast-1 US EAST 1 us-east us-east-", ()),
        ("", ()),
    ],
)
def test_what_is_named_near_a_part(text: str, found: tuple[str, ...]) -> None:
    assert around("", text) == found
    assert around(text, "") == found


@pytest.mark.parametrize("one", PARTITIONS.values(), ids=lambda one: one.name)
def test_every_partition_is_told_by_its_arns_and_its_own_domain(one: Partition) -> None:
    assert around(f"arn:{one.name}:iam::1:user/x ", "") == (one.default_region,)
    own_domain = one.dns_suffix != "amazonaws.com"
    assert around(f"iam.{one.dns_suffix} ", "") == ((one.default_region,) if own_domain else ())


def test_the_nearest_come_first_and_no_more_than_three() -> None:
    text = " eu-west-1 us-east-1 eu-west-1 us-west-2 sa-east-1"
    assert around("", text) == ("eu-west-1", "us-east-1", "us-west-2")
    assert around("us-west-1 " + "-" * 90, text)[:2] == ("eu-west-1", "us-east-1")
    assert around("us-west-1 ", text) == ("eu-west-1", "us-west-1", "us-east-1")


def test_of_very_many_the_nearest_count_whatever_names_them() -> None:
    assert around("", " arn:aws-cn:iam::" + " us-east-1" * 20) == ("cn-north-1", "us-east-1")
    assert around("us-east-1 " * 20 + ".amazonaws.eu ", "") == ("eusc-de-east-1", "us-east-1")


def test_a_part_inside_another_does_not_end_what_is_near() -> None:
    content = Content(Kind.BLOB, bytes(6000) + b" us-west-2")
    assert near(content, [[part(0, 6000), part(10, 30)]]) == [("us-west-2",)]


def test_what_is_far_away_is_not_named_near() -> None:
    assert around("us-west-1" + "=" * 2048, "") == ("us-west-1",)
    assert around("us-west-1" + "=" * 2049, "") == ()
    assert around("", "=" * 2048 + "us-west-1") == ("us-west-1",)
    assert around("", "=" * 2049 + "us-west-1") == ()
    assert around("", "=" * 2040 + "us-west-12 ") == ("us-west-12",)


@pytest.mark.parametrize("encoding", [Encoding.UTF_16_LE, Encoding.UTF_16_BE])
@pytest.mark.parametrize("shift", [0, 1])
def test_regions_in_utf_16(encoding: Encoding, shift: int, keys: KeyMaker) -> None:
    leak = keys.leak()
    text = "région = cn-north-1\n世界\n" + leak.env().decode() + "[other]\nregion = eu-west-1\n"
    (one,) = sightings(b"\x01" * shift + text.encode(encoding.value))
    assert Encoding.PLAIN not in {position.encoding for position in one.positions}
    assert one.regions == ("eu-west-1", "cn-north-1")


@pytest.mark.parametrize("encoding", [Encoding.UTF_16_LE, Encoding.UTF_16_BE])
@pytest.mark.parametrize("shift", [0, 1, 2, 3])
def test_distances_in_utf_16_count_characters(encoding: Encoding, shift: int) -> None:
    for gap, found in ((2048, ("us-west-1",)), (2049, ())):
        before = ("us-west-1" + "=" * gap).encode(encoding.value)
        content = Content(Kind.BLOB, bytes(shift) + before + bytes(40))
        start = shift + len(before)
        assert near(content, [[part(start, start + 40, encoding)]]) == [found]


def test_each_profile_has_its_own_region(keys: KeyMaker) -> None:
    names = ["us-east-1", "cn-north-1", "us-gov-west-1", "eu-south-2"]
    leaks = keys.leaks(len(names))
    text = b"".join(
        b"[p%d]\n%bregion = %b\n\n" % (at, leak.env(), name.encode())
        for at, (leak, name) in enumerate(zip(leaks, names, strict=True))
    )
    found = {one.identity.access_key_id: one.regions[0] for one in sightings(text)}
    assert found == {leak.key_id: name for leak, name in zip(leaks, names, strict=True)}


def env_with_token(keys: KeyMaker, region: str) -> bytes:
    leak = keys.leak(token=True)
    return leak.env().replace(leak.token.encode(), token_from(region))


def test_the_region_of_the_token_comes_first(keys: KeyMaker) -> None:
    leak = env_with_token(keys, "ap-southeast-4")
    text = b"region=us-east-1\n" + leak + b"region=eu-west-1\nx=us-west-1 us-west-2\n"
    (one,) = sightings(text)
    assert one.identity.session_token is not None
    assert one.regions[0] == "ap-southeast-4"
    assert len(one.regions) == 3
    assert SCORER.conclude([one], []).regions == one.regions


def test_a_lone_token_tells_its_region(keys: KeyMaker) -> None:
    text = b"AWS_SESSION_TOKEN=" + token_from("cn-north-1") + b"\n"
    assert regions(text) == ("cn-north-1",)


def test_no_region_no_hint(keys: KeyMaker) -> None:
    (one,) = sightings(keys.leak().env())
    assert one.regions == ()
    assert SCORER.conclude([one], []).regions == ()


def test_a_piece_of_an_object_has_the_regions_of_the_piece(keys: KeyMaker) -> None:
    text = b"region=eu-north-1\n" + keys.leak().env()
    assert [one.regions for one in sightings(text, start=1 << 33)] == [("eu-north-1",)]


def test_regions_change_nothing_else(keys: KeyMaker) -> None:
    leak = keys.leak().env()
    (plain,), (named,) = sightings(leak), sightings(leak + b"x = us-gov-west-1\n")
    assert replace(named, regions=()) == plain
    before, after = SCORER.conclude([plain], []), SCORER.conclude([named], [])
    assert after.regions == ("us-gov-west-1",)
    assert replace(after, regions=()) == before


def test_sightings_with_regions_travel_between_processes(keys: KeyMaker) -> None:
    (one,) = sightings(keys.leak().env() + b"region=eu-central-2\n")
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.regions == ("eu-central-2",)


# -- many groups --------------------------------------------------------------------------

PIECES = st.one_of(
    st.sampled_from(
        ["KEY", "KEY", "us-east-1", "eu-west-12", "cn_north_1", "arn:aws-cn:iam::", "us-gov-west-1"]
    ),
    st.sampled_from([" ", "-", "=" * 500, "=" * 1500, ".amazonaws.com.cn "]),
    st.integers(2000, 2060).map(lambda length: "=" * length),
)


@given(st.lists(PIECES, max_size=25), st.sampled_from(Encoding), st.integers(0, 3))
def test_groups_have_the_same_regions_together_and_alone(
    pieces: list[str], encoding: Encoding, shift: int
) -> None:
    codec = "ascii" if encoding is Encoding.PLAIN else encoding.value
    data, parts = bytes(shift), []
    for piece in pieces:
        raw = (piece + " ").encode(codec)
        if piece == "KEY":
            parts.append(part(len(data), len(data) + len(raw), encoding))
        data += raw
    content = Content(Kind.BLOB, data)
    groups = [parts[at : at + 2] for at in range(0, len(parts), 2)]
    assert near(content, groups) == [near(content, [one])[0] for one in groups]


@given(
    st.lists(st.sampled_from([b"us-", b"-east-1", b"arn:aws-cn:", b"x", b".", b"\0"]), max_size=60)
)
def test_what_is_near_is_a_region_whatever_the_text(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    known = {one.default_region for one in PARTITIONS.values()}
    middle = len(data) // 2
    for encoding in Encoding:
        found = near(Content(Kind.BLOB, data), [[part(middle, middle, encoding)]])[0]
        assert set(found) <= known


# -- all sightings of one credential ----------------------------------------------------------


def seen(*names: str) -> Sighting:
    return Sighting(Identity(), ID_RULE, Kind.BLOB, None, b"", (), 0, (), names)


def test_the_region_that_most_sightings_name_is_the_likeliest() -> None:
    found = [seen("eu-west-1", "us-east-1"), seen("us-east-1"), seen("us-west-2", "eu-west-1")]
    assert likeliest(found, None) == ("eu-west-1", "us-east-1", "us-west-2")
    assert likeliest([*found, seen("us-west-2"), seen("us-west-2")], None)[0] == "us-west-2"


def test_of_those_named_as_often_the_nearest_is_the_likeliest() -> None:
    found = [seen("us-west-2", "eu-west-1"), seen("sa-east-1", "eu-west-1", "us-west-2")]
    assert likeliest(found, None) == ("us-west-2", "eu-west-1", "sa-east-1")


def test_the_token_comes_before_all_and_five_are_enough() -> None:
    names = [f"us-east-{number}" for number in range(1, 9)]
    found = [seen(name) for name in names]
    assert likeliest(found, None) == tuple(names[:5])
    token = Secret(token_from("us-east-7"), "session-token")
    assert likeliest(found, token) == ("us-east-7", *names[:4])
    assert likeliest([], token) == ("us-east-7",)
    assert likeliest([], None) == ()


NAMES = st.lists(st.sampled_from(["eu-west-1", "us-east-1", "cn-north-1"]), max_size=3, unique=True)


@given(
    st.lists(NAMES, max_size=8).flatmap(
        lambda some: st.tuples(st.just(some), st.permutations(some))
    )
)
def test_the_order_of_the_sightings_does_not_count(
    both: tuple[list[list[str]], list[list[str]]],
) -> None:
    one, other = ([seen(*names) for names in some] for some in both)
    assert likeliest(one, None) == likeliest(other, None)


def test_names_of_regions_are_not_made_ready_where_nothing_is_found() -> None:
    program = (
        "import json, sys\n"
        "from leakscan.model import Content, Kind\n"
        "from leakscan.score.scorer import Scorer\n"
        "found = Scorer().score(Content(Kind.BLOB, b'x'), [])\n"
        "print(json.dumps([found, 'leakscan.score.regions' in sys.modules]))\n"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(made.stdout) == [[], False]
