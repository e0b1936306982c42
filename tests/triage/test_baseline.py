"""The baseline file: what it holds, what it accepts, and that a broken one is an error."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.redact import Secret
from leakscan.triage.baseline import (
    MAX_BYTES,
    Baseline,
    BaselineError,
    Entry,
    baseline,
    load_baseline,
    mark_of,
    render,
    salted,
    updated,
)
from tests.triage.made import credential, found, identity

SALT = bytes(range(16))
OTHER_SALT = bytes(range(16, 32))
HEAD = f"# leakscan baseline 1\n# salt {SALT.hex()}\n"


def created(*seeds: str, reason: str = "", salt: bytes = SALT) -> Baseline:
    return updated([found(seed) for seed in seeds], None, salt, reason, "file")


def accepts(made: Baseline, seed: str, *, secret: bool = True) -> bool:
    return bool(made.entries_of(credential(identity(seed, secret=secret)).fingerprint))


def refused(text: str | bytes) -> BaselineError:
    with pytest.raises(BaselineError) as caught:
        load_baseline(text if isinstance(text, bytes) else text.encode(), "name")
    assert caught.value.code is ExitCode.CONFIG
    assert caught.value.hint
    return caught.value


# -- what it accepts ----------------------------------------------------------------------------


def test_it_accepts_what_it_was_made_of_and_nothing_else() -> None:
    made = load_baseline(render(created("one", "two")))
    assert accepts(made, "one")
    assert accepts(made, "two")
    assert not accepts(made, "three")


def test_a_lone_id_does_not_accept_its_pair_nor_the_pair_its_id() -> None:
    lone = load_baseline(render(updated([found("x", secret=False)], None, SALT, "", "file")))
    assert accepts(lone, "x", secret=False)
    assert not accepts(lone, "x")
    pair = load_baseline(render(created("x")))
    assert not accepts(pair, "x", secret=False)


def test_a_new_secret_of_the_same_id_is_new() -> None:
    made = load_baseline(render(created("x")))
    who = replace(identity("x"), secret=identity("y").secret)
    assert not made.entries_of(credential(who).fingerprint)


def test_a_value_that_could_be_guessed_is_stored_under_the_salt() -> None:
    lone = credential(identity("x", secret=False))
    pair = credential(identity("x"))
    assert mark_of(lone, SALT) == salted(SALT, lone.fingerprint)
    assert mark_of(lone, SALT) != mark_of(lone, OTHER_SALT)
    assert mark_of(lone, SALT).startswith("lk1s.i.")
    assert mark_of(pair, SALT) == pair.fingerprint
    weak = replace(pair, entropy_bits=2.0)
    assert mark_of(weak, SALT).startswith("lk1s.is.")


@given(st.integers())
def test_no_random_secret_is_taken_for_one_that_could_be_guessed(seed: int) -> None:
    assert mark_of(credential(identity(str(seed))), SALT).startswith("lk1.is.")


def test_the_file_holds_no_secret_id_path_or_line() -> None:
    text = render(created("one", "two", reason="because"))
    for seed in ("one", "two"):
        who = identity(seed)
        assert who.secret is not None
        assert who.secret.reveal() not in text
        assert (who.access_key_id or "").encode() not in text
    assert b"app.env" not in text
    assert b":7" not in text


def test_a_line_for_each_sorted_and_the_same_each_time() -> None:
    text = render(created("one", "two", "three", reason="why"))
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    assert len(lines) == 3
    assert lines == sorted(lines)
    assert all(line.endswith("  aws-secret-access-key  why") for line in lines)
    assert render(created("three", "one", "two", reason="why")) == text


def test_a_reason_is_made_one_line_without_secret_and_day() -> None:
    value = identity("pasted").secret
    assert isinstance(value, Secret)
    reason = f"expires=2020-01-01 two\nlines {value.reveal().decode()}\x1b"
    (entry,) = load_baseline(render(created("one", reason=reason))).entries
    assert entry.expires is None
    assert entry.reason == "expires 2020-01-01 two lines <masked>"


# -- merging and updating -----------------------------------------------------------------------


def test_the_union_of_two_branches_is_a_baseline() -> None:
    ours, theirs = render(created("one", "two")), render(created("one", "three", salt=OTHER_SALT))
    lone = render(updated([found("x", secret=False)], None, OTHER_SALT, "", "file"))
    made = load_baseline(ours + theirs + lone)
    assert all(accepts(made, seed) for seed in ("one", "two", "three"))
    assert accepts(made, "x", secret=False)


def test_an_update_keeps_lines_that_fit_and_drops_the_others() -> None:
    lone = found("x", secret=False)
    old = load_baseline(
        (
            f"{HEAD}{salted(SALT, lone.credential.fingerprint)} aws-access-key-id "
            "expires=2027-01-31 why\n"
            f"{credential(identity('gone')).fingerprint} aws-secret-access-key old\n"
        ).encode()
    )
    made = updated([lone, found("new")], old, OTHER_SALT, "added", "file")
    assert made.salts == (SALT,)
    assert {(entry.reason, entry.expires) for entry in made.entries} == {
        ("why", date(2027, 1, 31)),
        ("added", None),
    }
    assert render(updated([lone, found("new")], made, OTHER_SALT, "again", "file")) == render(made)


def test_an_update_writes_a_line_that_stands_twice_once() -> None:
    text = render(created("one", reason="why"))
    old = load_baseline(text + text)
    assert len(old.entries) == 2
    assert render(updated([found("one")], old, OTHER_SALT, "", "file")) == text


ENTRIES = st.builds(
    Entry,
    mark=st.builds(
        "lk1{}.{}.{:032x}".format,
        st.sampled_from(["", "s"]),
        st.sampled_from(["i", "is", "ist", "s", "t", "st"]),
        st.integers(0, 2**128 - 1),
    ),
    rule=st.sampled_from(["aws-access-key-id", "a1"]),
    reason=st.sampled_from(["", "two words", "# not a comment", "lk1.is.x", "ä"]),
    expires=st.none() | st.dates(min_value=date(1000, 1, 1)),
)


@given(st.lists(ENTRIES, max_size=6), st.lists(st.binary(min_size=16, max_size=16), min_size=1))
def test_what_is_written_is_what_is_read(entries: list[Entry], salts: list[bytes]) -> None:
    made = baseline("name", salts[:16], entries)
    read = load_baseline(render(made), "name")
    assert [replace(entry, line=0) for entry in read.entries] == entries
    assert read.salts == made.salts
    assert render(read) == render(made)
    crlf = load_baseline(b"\xef\xbb\xbf" + render(made).replace(b"\n", b"\r\n"), "name")
    assert crlf.by_mark.keys() == made.by_mark.keys()


# -- errors -------------------------------------------------------------------------------------

LINE = f"lk1.is.{'0a' * 16}  aws-secret-access-key"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name: is no baseline"),
        ("\n\n", "name: is no baseline"),
        (f"{LINE}\n", "name: is no baseline"),
        ("# leakscan baseline 2\n", "name: is of a version"),
        ("# leakscan baseline 1\n", "name: has no line `# salt"),
        ("# leakscan baseline 1\n# salt 12\n", "name:2: has a salt that is not 32 hex digits"),
        (f"{HEAD}{LINE} y\nnonsense\n", "name:4: is not `FINGERPRINT RULE"),
        (f"{HEAD}lk1.is.{'0a' * 16}\n", "name:3: is not `FINGERPRINT RULE"),
        (f"{HEAD}lk2.is.{'0a' * 16} rule\n", "name:3: is not `FINGERPRINT RULE"),
        (f"{HEAD}lk1.si.{'0a' * 16} rule\n", "name:3: is not `FINGERPRINT RULE"),
        (f"{HEAD}{LINE} expires=soon\n", "name:3: expires= must be a day"),
        (f"{HEAD}{LINE} expires=\n", "name:3: expires= must be a day"),
        (f"{HEAD}{LINE} expires=2027-02-30 why\n", "name:3: expires= must be a day"),
        (b"# leakscan baseline 1\n\xff", "name: is not UTF-8"),
        (HEAD + "\n".join(f"# salt {n:032x}" for n in range(17)), "more than 16 salts"),
        (b"#" * (MAX_BYTES + 1), "is larger than 16 MiB"),
    ],
)
def test_what_is_no_baseline_is_an_error(text: str | bytes, said: str) -> None:
    assert said in refused(text).message


@pytest.mark.parametrize("marks", ["<<<<<<< HEAD", "=======", ">>>>>>> topic", "||||||| base"])
def test_the_marks_of_a_merge_are_named_with_what_to_do(marks: str) -> None:
    error = refused(f"{HEAD}{marks}\n{LINE}\n")
    assert "name:3: has the marks of a merge conflict" in error.message
    assert "both sides" in error.hint
    first = refused(f"<<<<<<< HEAD\n{HEAD}")
    assert "name:1: has the marks of a merge conflict" in first.message
