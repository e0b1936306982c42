import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.match.matcher import Matcher
from leakscan.model import (
    Candidate,
    Content,
    Credential,
    Identity,
    Kind,
    Level,
    Part,
    Reason,
    Sighting,
)
from leakscan.redact import Secret
from leakscan.rules.load import load_rules
from leakscan.score.assign import assign
from leakscan.score.bigram import ALPHABET, CUT, bits_per_character
from leakscan.score.entropy import shannon
from leakscan.score.fingerprint import fingerprint
from leakscan.score.scorer import Scorer
from tests.support.keys import KeyMaker

MATCHER = Matcher(load_rules())
SCORER = Scorer()


def sightings(text: str) -> list[Sighting]:
    content = Content(Kind.BLOB, text.encode())
    found = [one for one in MATCHER.match(content) if isinstance(one, Candidate)]
    return SCORER.score(content, found)


def conclude(text: str, *paths: bytes) -> Credential:
    found = sightings(text)
    assert len({one.identity for one in found}) == 1
    return SCORER.conclude(found, paths)


def names(credential: Credential) -> set[str]:
    return {reason.name for reason in credential.reasons}


def secret(value: str) -> Secret:
    return Secret(value.encode(), "secret-access-key")


@given(st.binary(max_size=200))
def test_entropy_has_bounds(data: bytes) -> None:
    assert 0.0 <= shannon(data) <= 8.0
    assert shannon(data) == pytest.approx(shannon(data[::-1]))


def test_bigrams_tell_random_from_text() -> None:
    rng = random.Random(7)
    made = [bytes(rng.choices(ALPHABET, k=40)) for _ in range(5000)]
    assert sum(bits_per_character(value) < CUT for value in made) <= 3
    for text in (
        b"GetBucketLoggingRequestMarshallerFactory",
        b"com/amazonaws/services/s3/internal/XmlDo",
        b"5aef35982fb2d34e9d9d4502f6ede1072793222d",
    ):
        assert bits_per_character(text) < CUT


def test_fingerprints_differ_by_what_is_known(keys: KeyMaker) -> None:
    one, two = keys.leak(token=True), keys.leak(token=True)
    values = [
        Identity(one.key_id),
        Identity(None, secret(one.secret)),
        Identity(one.key_id, secret(one.secret)),
        Identity(one.key_id, secret(one.secret), secret(one.token)),
        Identity(one.key_id, secret(two.secret)),
        Identity(two.key_id, secret(two.secret)),
    ]
    made = [fingerprint(value) for value in values]
    assert len(set(made)) == len(made)
    assert [name.split(".")[1] for name in made] == ["i", "s", "is", "ist", "is", "is"]
    assert all(len(name.split(".")[2]) == 32 for name in made)


def test_a_fingerprint_ignores_places(keys: KeyMaker) -> None:
    leak = keys.leak()
    first = conclude(leak.env().decode(), b"a")
    second = conclude("\n\n" + leak.json().decode(), b"b/c", b"d")
    assert first.fingerprint == second.fingerprint == fingerprint(first.identity)


def test_a_pair_has_the_positions_of_its_parts(keys: KeyMaker) -> None:
    (found,) = sightings(keys.leak(token=True).env().decode())
    assert [(p.part, p.line) for p in found.positions] == [
        (Part.KEY_ID, 1),
        (Part.SECRET, 2),
        (Part.TOKEN, 3),
    ]
    assert found.points == sum(reason.effect for reason in found.reasons)


def test_levels(keys: KeyMaker) -> None:
    leak, temporary = keys.leak(), keys.leak(token=True)
    table = {
        leak.env().decode(): (Level.HIGH, Level.HIGH),
        temporary.env().decode(): (Level.HIGH, Level.HIGH),
        "\n".join(temporary.env().decode().splitlines()[:2]): (Level.MEDIUM, Level.HIGH),
        f"AWS_SECRET_ACCESS_KEY={leak.secret}": (Level.MEDIUM, Level.MEDIUM),
        f"secret = '{leak.secret}'": (Level.LOW, Level.LOW),
        f"x {leak.key_id} y": (Level.LOW, Level.HIGH),
        "x " + keys.key_id("ABIA"): (Level.LOW, Level.HIGH),
    }
    for text, levels in table.items():
        credential = conclude(text)
        assert (credential.severity, credential.confidence) == levels


def test_ids_with_digits_aws_does_not_use(keys: KeyMaker) -> None:
    odd = keys.key_id()[:-2] + "18"
    assert conclude(odd).confidence is Level.LOW
    pair = conclude(f"AWS_ACCESS_KEY_ID={odd}\nAWS_SECRET_ACCESS_KEY={keys.secret()}")
    assert (pair.confidence, pair.severity) == (Level.HIGH, Level.MEDIUM)
    assert "malformed-id" in names(pair)


def test_documentation_accounts_and_canaries_are_low(keys: KeyMaker) -> None:
    for prefix, reason in (("RZPUZDIKA", "documentation-account"), ("YVP4CIPPA", "canary-account")):
        text = f"AWS_ACCESS_KEY_ID=AKIA{prefix}B4C5D6E\nAWS_SECRET_ACCESS_KEY={keys.secret()}"
        credential = conclude(text)
        assert credential.severity is Level.LOW
        assert reason in names(credential)


def test_an_id_beside_a_published_secret_is_low(keys: KeyMaker) -> None:
    fake = "wJalrXUtnFEMI/K7MDENG/%%bPxRfiCYEXAMPLEKEY".replace("%%", "")
    text = f"AWS_ACCESS_KEY_ID={keys.key_id()}\nAWS_SECRET_ACCESS_KEY={fake}\n"
    credential = conclude(text)
    assert credential.identity.secret is None
    assert (credential.confidence, credential.severity) == (Level.LOW, Level.LOW)
    assert "known-fake-secret" in names(credential)


def test_paths_move_confidence(keys: KeyMaker) -> None:
    text = f"AWS_SECRET_ACCESS_KEY={keys.secret()}"
    assert conclude(text, b"src/main.c").confidence is Level.MEDIUM
    assert conclude(text, b"deploy/.env").confidence is Level.HIGH
    assert conclude(text, b"tests/.env").confidence is Level.MEDIUM
    assert "sample-path" in names(conclude(text, b"tests/.env"))
    assert "sample-path" in names(conclude(text, b"docs/a.txt", b"x/README.md"))
    assert "sample-path" not in names(conclude(text, b"docs/a.txt", b"src/a.txt"))


@pytest.mark.parametrize(
    "layout", ["{}\n\n{}", "`{}`\n\n`{}`", "{}\n\n{} # test", "{}\n{{\n{}\n}}"]
)
@pytest.mark.parametrize("path", [b"README.md", b"docs/setup.md", b"app/x.txt"])
def test_a_pair_is_as_sure_as_its_id(layout: str, path: bytes, keys: KeyMaker) -> None:
    leak = keys.leak()
    (pair,) = sightings(layout.format(leak.key_id, leak.secret))
    assert pair.identity.secret is not None
    lone = conclude(f"key {leak.key_id}", path)
    assert SCORER.conclude([pair], [path]).confidence.rank >= lone.confidence.rank


@pytest.mark.parametrize("name", ["aws_secret_key = ", "github_client_secret: "])
def test_a_triple_is_as_sure_as_its_token(name: str, keys: KeyMaker) -> None:
    leak = keys.leak(token=True)
    odd = leak.key_id[:-2] + "18"
    token = f"aws_session_token = {leak.token}"
    text = f"{odd}\n{name}{leak.secret} # sample\n{token}"
    (whole,) = sightings(text)
    for part in (text.splitlines()[1], token):
        assert whole.points >= sightings(part)[0].points


def test_the_fullest_sighting_says_what_a_credential_is(keys: KeyMaker) -> None:
    leak = keys.leak()
    (pair,) = sightings(f"{leak.key_id}\n\n{leak.secret}")
    (lone,) = sightings(f"x {leak.key_id}")
    for low in (replace(pair, points=20, reasons=(Reason("r", 20, "r"),)), pair):
        credential = SCORER.conclude([low, lone], [])
        assert credential.identity == pair.identity
        assert credential.confidence is Level.HIGH
        assert sum(reason.effect for reason in credential.reasons) >= lone.points


@pytest.mark.parametrize("word", ["test", "dummy", "example", "changeme", "xxxx"])
def test_words_of_samples_lower(word: str, keys: KeyMaker) -> None:
    text = f"AWS_SECRET_ACCESS_KEY={keys.secret()}"
    assert "placeholder-word" in names(conclude(f"{text} # {word}"))
    assert "placeholder-word" not in names(conclude(f"{text}\n# {word}"))
    assert "placeholder-word" not in names(conclude(f"{text} # latest"))


def test_digests_and_other_vendors_are_low(keys: KeyMaker) -> None:
    for name in ("github_client_secret", "consumer_secret", "secret sha512 integrity"):
        assert conclude(f"{name}: {keys.secret()}").confidence is Level.LOW


def test_each_place_of_a_paired_value_is_seen(keys: KeyMaker) -> None:
    leak = keys.leak(token=True)
    env = leak.env().decode()
    far = "\n" * 50
    for line in (*env.splitlines(), f"x {leak.key_id}"):
        for text, at in ((env + far + line, 54), (line + far + env, 1)):
            found = sightings(text)
            assert len(found) == 2
            lone = next(s for s in found if len(s.positions) == 1)
            whole = next(s for s in found if len(s.positions) == 3)
            assert lone.positions[0].line == at
            assert SCORER.conclude(found, []).identity == whole.identity
    assert [len(s.positions) for s in sightings(env + far + env)] == [3, 3]


def test_a_repeat_takes_no_token(keys: KeyMaker) -> None:
    leak, token = keys.leak(), keys.leak(token=True).token
    far = "\n" * 50
    found = sightings(f"{leak.env().decode()}{far}aws_secret={leak.secret}\nsession={token}")
    assert [[p.part for p in s.positions] for s in found] == [
        [Part.KEY_ID, Part.SECRET],
        [Part.SECRET],
        [Part.TOKEN],
    ]


def test_a_value_inside_a_token_is_a_part_of_it(keys: KeyMaker) -> None:
    tokens = [keys.leak(token=True).token for _ in range(3)]
    inner = keys.key_id()
    texts = [f"session={token[:80]}/{inner}/{token[80:]}" for token in tokens]
    found = sightings("\n".join(texts) + f"\n{keys.key_id()}")
    assert all(s.identity.access_key_id != inner for s in found)
    assert sum(s.identity.access_key_id is not None for s in found) == 1


def profiles(found: list[Sighting]) -> set[tuple[str | None, str]]:
    return {
        (s.identity.access_key_id, s.identity.secret.reveal().decode())
        for s in found
        if s.identity.secret
    }


@pytest.mark.parametrize("count", [2, 6, 10, 40])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("secrets_first", [False, True])
def test_numbered_columns_are_paired_by_number(
    count: int, order: int, secrets_first: bool, keys: KeyMaker
) -> None:
    leaks = list(enumerate(keys.leaks(count)))
    ids = "".join(f"AWS_ACCESS_KEY_ID_{n}={one.key_id}\n" for n, one in leaks)
    secrets = "".join(f"AWS_SECRET_ACCESS_KEY_{n}={one.secret}\n" for n, one in leaks[::order])
    found = sightings(secrets + ids if secrets_first else ids + secrets)
    assert profiles(found) == {(one.key_id, one.secret) for _, one in leaks}
    assert {SCORER.conclude([s], []).severity for s in found} == {Level.HIGH}


@pytest.mark.parametrize("count", [2, 6, 10])
@pytest.mark.parametrize(("line", "end"), [("{}\n", ""), ("{} ", "\n"), ('"{}", ', "]\n[")])
def test_columns_without_names_are_paired_by_rank(
    line: str, end: str, count: int, keys: KeyMaker
) -> None:
    leaks = keys.leaks(count)
    ids = "".join(line.format(one.key_id) for one in leaks)
    secrets = "".join(line.format(one.secret) for one in leaks)
    found = sightings(ids + end + secrets)
    assert profiles(found) == {(one.key_id, one.secret) for one in leaks}
    for one in found:
        credential = SCORER.conclude([one], [])
        assert credential.severity is Level.MEDIUM
        assert "ambiguous-pair" in names(credential)


def test_more_ids_than_secrets_leave_a_doubt(keys: KeyMaker) -> None:
    leaks = keys.leaks(5)
    text = "".join(f"{one.key_id}\n" for one in leaks)
    found = sightings(text + "".join(f"{one.secret}\n" for one in leaks[:4]))
    pairs = [SCORER.conclude([one], []) for one in found if one.identity.secret]
    assert len(pairs) == 4
    assert all(one.severity is not Level.HIGH for one in pairs)


def test_structure_outweighs_rank(keys: KeyMaker) -> None:
    (one, two, three) = keys.leaks(3)
    text = f"{one.key_id}\n\n{two.key_id}\n{two.secret}\n\n{three.secret}\n"
    found = [s for s in sightings(text) if s.identity.access_key_id == two.key_id]
    assert profiles(found) == {(two.key_id, two.secret)}


def test_a_secure_blob_is_no_part_of_a_pair(keys: KeyMaker) -> None:
    blob = "".join(keys.secret() for _ in range(18))[:684]
    text = f'access_key_id: {keys.key_id()}\nsecret_access_key:\n  secure: "{blob}="\n'
    assert conclude(text).identity.secret is None


def test_a_secret_of_another_section_is_not_taken(keys: KeyMaker) -> None:
    one, two = keys.leaks(2)
    text = f"[a]\naws_access_key_id={one.key_id}\n[b]\naws_access_key_id={two.key_id}\n"
    found = sightings(text + f"aws_secret_access_key={two.secret}\n")
    assert [(s.identity.access_key_id, s.identity.secret is None) for s in found] == [
        (one.key_id, True),
        (two.key_id, False),
    ]


def test_far_apart_in_one_text(keys: KeyMaker) -> None:
    leak = keys.leak()
    far = "\n".join(f"line {n}" for n in range(200))
    text = f"AWS_SECRET_ACCESS_KEY={leak.secret}\n{far}\nAWS_ACCESS_KEY_ID={leak.key_id}\n"
    assert conclude(text).identity.access_key_id == leak.key_id
    assert len(sightings(f"{leak.secret}\n{far}\n{leak.key_id}\n")) == 2


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 50), max_size=14
    )
)
def test_assignment_is_the_heaviest(weights: dict[tuple[int, int], int]) -> None:
    chosen = assign(weights)
    assert len({i for i, _ in chosen}) == len({j for _, j in chosen}) == len(chosen)
    best = max(
        sum(weights.get((i, j), 0) for i, j in enumerate(order)) for order in permutations(range(5))
    )
    assert sum(weights[pair] for pair in chosen) == best


def test_reasons_name_no_value(keys: KeyMaker) -> None:
    leak = keys.leak()
    credential = conclude(leak.env().decode())
    assert all(reason.text and leak.secret not in reason.text for reason in credential.reasons)
    assert leak.secret not in repr(credential)
