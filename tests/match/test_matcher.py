import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.match.boundary import bounded
from leakscan.match.matcher import Matcher
from leakscan.match.units import normalise
from leakscan.model import (
    Boundary,
    Candidate,
    Content,
    Encoding,
    Kind,
    ObjectId,
    RuleId,
    RuleSet,
    Skipped,
    SkipReason,
)
from leakscan.rules.load import load_rules
from tests.support.keys import KeyMaker

RULES = load_rules()
MATCHER = Matcher(RULES)
UTF16 = {"utf-16-le": Encoding.UTF_16_LE, "utf-16-be": Encoding.UTF_16_BE}


def match(data: bytes, matcher: Matcher = MATCHER, **place: int) -> list[Candidate]:
    found = list(matcher.match(Content(Kind.BLOB, data, **place)))
    assert all(isinstance(one, Candidate) for one in found)
    return [one for one in found if isinstance(one, Candidate)]


def values(data: bytes, matcher: Matcher = MATCHER) -> list[bytes]:
    return [one.value.reveal() for one in match(data, matcher)]


def test_nothing_in_nothing() -> None:
    assert match(b"") == []
    assert match(b"no keys here") == []


@pytest.mark.parametrize("before", [b"", b"_", b"=", b"/", b"+", b"\0", b"\xe9", b"%3D", b"\\n"])
@pytest.mark.parametrize("after", [b"", b"_", b"%2F", b"/", b"\0", b"\xe9", b"\\n", b"\n"])
def test_an_id_between_what_is_no_letter(before: bytes, after: bytes, keys: KeyMaker) -> None:
    key_id = keys.key_id().encode()
    (found,) = match(before + key_id + after)
    assert found.value.reveal() == key_id
    assert (found.start, found.end) == (len(before), len(before) + 20)


ESCAPES = [
    b"\x1b[33m", b"\x1b[m", b"\x1b[1;38:5;9m", b"\x1b[0K", b"\x1b[?2004h", b"\x1b(B", b"[0m",
    b"\\u001b[33m", b"\\\\u001b[33m", b"\\x1b[1m", b"\\033[1m", b"\\33[1m", b"\\e[0;31m",
    b"\\u{1b}[1m",
    b"\\a", b"\\b", b"\\f", b"\\v", b"\\0", b"\\t", b"\\n", b"\\012", b"=3D", b"=20", b"%1B[1m",
]  # fmt: skip


@pytest.mark.parametrize("escape", ESCAPES)
def test_an_escape_does_not_adjoin_what_follows(escape: bytes, keys: KeyMaker) -> None:
    for number in range(8):
        leak = keys.leak(token=True, slash=number % 2 == 1)
        key_id, secret, token = leak.key_id.encode(), leak.secret.encode(), leak.token.encode()
        off = b"\x1b[0m\n"
        assert values(escape + key_id + off) == [key_id]
        assert values(b"aws_secret_key" + off[:4] + b"=" + escape + secret + off) == [secret]
        assert values(b"aws_key: " + escape + secret) == [secret]
        assert values(key_id + b"\n" * 600 + escape + secret + off) == [key_id, secret]
        assert values(b"session " + escape + token + off) == [token]


@pytest.mark.parametrize("escape", [*ESCAPES[:6], *ESCAPES[7:-4]])
def test_a_token_of_any_beginning_begins_after_an_escape(escape: bytes, keys: KeyMaker) -> None:
    token = b"".join(keys.secret().encode() for _ in range(4))
    assert values(b"aws_session_token: " + escape + token) == [token]


@pytest.mark.parametrize(
    "before", [b"[", b"[7", b"m", b"3m", b"\\x4", b"0;1m", b"=3", b"\\q", b"x3D"]
)
def test_what_only_resembles_an_escape_adjoins(before: bytes, keys: KeyMaker) -> None:
    inside = before != b"["
    key_id, secret = keys.key_id().encode(), keys.secret().encode()
    assert values(before + key_id) == ([] if inside else [key_id])
    assert values(b"aws_secret_key: " + before + secret) == ([] if inside else [secret])


@pytest.mark.parametrize(("before", "after"), [(b"x", b""), (b"7", b""), (b"", b"Z"), (b"", b"q")])
def test_an_id_inside_a_word_is_none(before: bytes, after: bytes, keys: KeyMaker) -> None:
    assert match(before + keys.key_id().encode() + after) == []


@pytest.mark.parametrize("before", [b"=", b":", b"%3D", b"\\n", b"\\u003d", b"\xff", b"\0", b"@"])
@pytest.mark.parametrize("after", [b"", b"%26", b"\\n", b"@", b"-", b"\xff", b"\0", b"&#x27;"])
def test_a_secret_between_what_is_no_base64(before: bytes, after: bytes, keys: KeyMaker) -> None:
    secret = keys.secret().encode()
    assert values(b"aws_secret_key " + before + secret + after) == [secret]


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"/", b""), (b"+", b""), (b"a", b""), (b"%2F", b""), (b"&#x2F;", b"")]
    + [(b"", tail) for tail in (b"=", b"/", b"+", b"a", b"\\/", b"%2b", b"%3D", b"\\u002f")],
)
def test_a_part_of_longer_base64_is_no_secret(before: bytes, after: bytes, keys: KeyMaker) -> None:
    assert values(b"aws_secret_key = " + before + keys.secret().encode() + after) == []


def test_overlapping_starts(keys: KeyMaker) -> None:
    key_id = keys.key_id().encode()
    assert values(b"xAKIA" + key_id) == []
    assert values(b"AKIA_" + key_id) == [key_id]
    assert values(b"AKIA\\n" + key_id) == [key_id]
    assert values(key_id + b"," + key_id) == [key_id, key_id]


def test_a_match_may_begin_inside_another() -> None:
    rule = replace(
        RULES.rules[0], pattern="(?P<secret>AKIA.{6})", needle="AKIA.{6}", boundary=Boundary.NONE
    )
    matcher = Matcher(RuleSet((rule,), "t", ""))
    assert values(b"xAKIAAKIA123456", matcher) == [b"AKIAAKIA12", b"AKIA123456"]


def test_normalised_values_keep_their_places(keys: KeyMaker) -> None:
    secret = keys.leak(slash=True).secret
    for slash, plus in ((r"\/", "+"), ("%2F", "%2b"), (r"\u002F", r"\u002b"), ("&#x2f;", "&#43;")):
        written = secret.replace("/", slash).replace("+", plus).encode()
        (found,) = match(b'"SecretAccessKey": "' + written + b'"')
        assert found.value.reveal() == secret.encode()
        assert (found.start, found.end) == (20, 20 + len(written))


@given(st.text("ab/+=", max_size=20))
def test_normalise_undoes_each_spelling(text: str) -> None:
    for slash, plus, equal in (("%2f", "%2B", "%3D"), (r"\u002F", r"\u002b", r"\u003D")):
        written = text.replace("/", slash).replace("+", plus).replace("=", equal)
        assert normalise(written.encode()) == text.encode()


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("codec", UTF16)
@pytest.mark.parametrize("lead", ["", "\ufeff", "é", "上\n", "😀 line\n", "plain\r\n", "ÿ\n日本 "])
def test_utf16_at_either_alignment(codec: str, lead: str, shift: int, keys: KeyMaker) -> None:
    key_id, secret = keys.key_id(), keys.secret()
    text = f"{lead}😀 {key_id} é\naws_secret_key = {secret}日"
    data = b"x" * shift + text.encode(codec)
    found = match(data)
    assert [one.value.reveal().decode() for one in found] == [key_id, secret]
    for one, value in zip(found, (key_id, secret), strict=True):
        assert data[one.start : one.end] == value.encode(codec)
        assert one.encoding is UTF16[codec]


@pytest.mark.parametrize("codec", UTF16)
def test_lines_and_columns_of_utf16(codec: str, keys: KeyMaker) -> None:
    text = f"\ufeff上\r\né😀 {keys.key_id()}"
    (found,) = match(text.encode(codec))
    assert (found.line, found.column) == (2, 4)


@pytest.mark.parametrize("codec", UTF16)
def test_utf16_inside_a_binary(codec: str, keys: KeyMaker) -> None:
    key_id = keys.key_id()
    for lead in (b"\x7fELF\x01\x02", b"\x7fELF\x01\x02\x03", b"a\nb\n\xff\xff"):
        (found,) = match(lead + key_id.encode(codec) + b"\x01\x02\xff")
        assert found.value.reveal() == key_id.encode()


@pytest.mark.parametrize(("text", "column"), [("é ", 3), ("😀 ", 3), ("\t", 2), ("", 1)])
def test_columns_count_characters(text: str, column: int, keys: KeyMaker) -> None:
    (found,) = match(b"one\ntwo\n" + text.encode() + keys.key_id().encode())
    assert (found.line, found.column) == (3, column)


def test_a_newline_before_odd_utf16_counts(keys: KeyMaker) -> None:
    (found,) = match(b"\n" + keys.key_id().encode("utf-16-le"))
    assert (found.start, found.line, found.column) == (1, 2, 1)


def test_columns_of_latin_1_count_bytes(keys: KeyMaker) -> None:
    (found,) = match(b"\xe9\xe8 " + keys.key_id().encode())
    assert found.column == 4


def test_positions_of_many_hits(keys: KeyMaker) -> None:
    ids = [keys.key_id() for _ in range(6)]
    text = f"é {ids[0]} ü {ids[1]}\n{ids[2]}\n\n  {ids[3]} é {ids[4]}\n{ids[5]}"
    for codec in ("utf-8", *UTF16):
        found = match(text.encode(codec))
        assert [(one.line, one.column) for one in found] == [
            (1, 3), (1, 26), (2, 1), (4, 3), (4, 26), (5, 1),
        ]  # fmt: skip


def test_a_piece_knows_its_place(keys: KeyMaker) -> None:
    (found,) = match(b"\n\nx " + keys.key_id().encode(), start=1000, lines_before=41)
    assert (found.start, found.end, found.line, found.column) == (1004, 1024, 44, 3)


def test_bare_tokens_need_an_id_a_word_or_deep(keys: KeyMaker) -> None:
    secret, key_id = keys.secret().encode(), keys.key_id().encode()
    far = b"\n" * 5000
    deep = Matcher(RULES, deep=True)
    assert values(secret) == []
    assert values(secret, deep) == [secret]
    assert values(b"aws_key: " + secret) == [secret]
    assert values(b"aws_key: " + far + secret) == []
    assert values(key_id + far + secret) == [key_id, secret]
    assert values(secret + far + key_id) == [key_id, secret]
    sample = b"AKIA%%IOSFODNN7EXAMPLE".replace(b"%%", b"")
    assert values(sample + far + secret) == [sample]


def test_a_rule_that_takes_too_long_ends_alone(keys: KeyMaker) -> None:
    slow = replace(
        RULES.rules[0],
        id=RuleId("slow"),
        pattern="(?P<secret>(?:a|aa|aaa){2,64}b)",
        needle="a{8}",
        boundary=Boundary.NONE,
    )
    rules = replace(RULES, rules=(slow, *RULES.rules))
    key_id = keys.key_id().encode()
    object_id = ObjectId(b"\1" * 20)
    content = Content(Kind.BLOB, b"a" * 400 + b"\n" + key_id, object_id)
    found = list(Matcher(rules, timeout_s=0.05).match(content))
    (skipped,) = [one for one in found if isinstance(one, Skipped)]
    assert (skipped.reason, skipped.object_id) == (SkipReason.MATCH_TIMEOUT, object_id)
    assert "slow" in skipped.detail
    assert [o.value.reveal() for o in found if isinstance(o, Candidate)] == [key_id]


def test_the_time_of_the_caller_and_the_size_do_not_count(keys: KeyMaker) -> None:
    matcher = Matcher(RULES, timeout_s=0.5)
    lines = [keys.secret().encode() for _ in range(4)]
    data = keys.key_id().encode() + b"\n" + b"\n".join(lines) + b"\n"
    found = []
    for one in matcher.match(Content(Kind.BLOB, data)):
        time.sleep(0.15)
        found.append(one)
    assert len(found) == 5
    assert all(isinstance(one, Candidate) for one in found)


def test_digests_are_no_candidates(keys: KeyMaker) -> None:
    hexes = b"\n".join((b"%08x" % n) * 5 for n in range(50))
    key_id, secret = keys.key_id().encode(), keys.secret().encode()
    assert values(key_id + b"\n" + hexes + b"\n" + secret) == [key_id, secret]


def test_rules_travel_to_another_process(keys: KeyMaker) -> None:
    key_id = keys.key_id().encode()
    assert values(key_id, Matcher(pickle.loads(pickle.dumps(RULES)))) == [key_id]


def test_a_long_token_is_one_candidate(keys: KeyMaker) -> None:
    token = "IQoJb3JpZ2luX2Vj" + "".join(keys.secret() for _ in range(200)) + "=="
    for written in (token, token.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")):
        assert values(f"X-Amz-Security-Token={written}&x".encode()) == [token.encode()]


def test_the_window_of_a_hit_loses_nothing(keys: KeyMaker) -> None:
    """However far the name stands from its value, within what the pattern allows."""
    secret = keys.secret().encode()
    for gap in (1, 2, 80, 159, 160):
        for lead in (b"", b"\n" * 4096):
            assert values(lead + b"x.secret" + b"_" * 48 + b" " * gap + secret) == [secret]
    assert values(b"secret" + b" " * 161 + secret) == []


@pytest.mark.parametrize("decoys", [1, 2])
@pytest.mark.parametrize(
    "kind", ["0123456789abcdef", "0123456789ABCDEF", "0123456789aBcDeF", "abcdefgh/"]
)
def test_a_decoy_does_not_take_the_name(kind: str, decoys: int, keys: KeyMaker) -> None:
    secret = keys.secret().encode()
    decoy = b"".join(b"  revision: %s\n" % (kind * 5)[:40].encode() for _ in range(decoys))
    named = [
        one
        for one in match(b"aws_secret_access_key:\n" + decoy + b"  value: " + secret)
        if one.key_name.startswith(b"aws_secret_access_key")
    ]
    assert named[-1].value.reveal() == secret
    assert named[-1].key_name.endswith(b"value: ")


def test_the_name_behind_a_decoy_is_the_closer_one(keys: KeyMaker) -> None:
    one, other = keys.secret().encode(), keys.secret().encode()
    decoy = b"0123456789abcdef" * 3
    found = match(b"aws_secret: " + decoy[:40] + b" app_secret: " + one + b" " + other)
    assert [c.key_name for c in found if c.value.reveal() == one] == [b"app_secret: "]
    assert [c.value.reveal() for c in found if c.key_name].count(other) == 0
    far = match(b"aws_secret: " + decoy[:40] + b" " * 160 + one)
    assert [c for c in far if c.value.reveal() == one] == []


@pytest.mark.parametrize(
    "layout",
    [
        "{i}/{s}", "{i}+{s}", "+{i}\n+{s}", "//{i}\n//{s}", "/// {i}\n///{s}", "s3://{i}:{s}/bucket",
        "s3://{i}:{s}@bucket", '"+{i}\\n+{s}"',
    ],
)  # fmt: skip
def test_a_sign_that_is_no_part_of_a_secret(layout: str, keys: KeyMaker) -> None:
    for number in range(8):
        leak = keys.leak(slash=number % 2 == 1)
        found = values(layout.format(i=leak.key_id, s=leak.secret).encode())
        assert found == [leak.key_id.encode(), leak.secret.encode()]


@pytest.mark.parametrize(
    ("slash", "plus"),
    [
        (r"\\/", "+"),
        (r"\\\/", "+"),
        ("%252F", "%252b"),
        (r"\x2f", r"\x2B"),
        (r"\\u002f", r"\\u002b"),
    ],
)
def test_quoted_in_what_is_quoted(slash: str, plus: str, keys: KeyMaker) -> None:
    for _ in range(8):
        leak = keys.leak(slash=True)
        written = leak.secret.replace("/", slash).replace("+", plus)
        expected = [leak.secret.encode()]
        assert values(f'aws_secret="{written}"'.encode()) == expected
        assert values(f'{leak.key_id}\n"{written}"'.encode())[1:] == expected


def test_key_name_is_the_whole_name(keys: KeyMaker) -> None:
    (found,) = match(b"  my.aws-secret_key = " + keys.secret().encode())
    assert found.key_name == b"my.aws-secret_key = "


def test_boundary_goes_inside_the_group() -> None:
    pattern = "(?x) a (?P<secret> [)(] \\) (b) # )\n ) c"
    assert bounded(pattern, Boundary.NONE) == "(?x) a (?P<secret>(?: [)(] \\) (b) # )\n )) c"


def test_a_candidate_does_not_print_its_value(keys: KeyMaker) -> None:
    secret = keys.secret()
    (found,) = match(f"aws_secret_key={secret}".encode())
    assert secret not in repr(found)
