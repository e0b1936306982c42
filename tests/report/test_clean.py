"""Strings that come again and again are masked once."""

from leakscan.report.clean import Cleaner, text_of


class Mask:
    """Counts what it masks."""

    def __init__(self) -> None:
        self.masked: list[str] = []

    def __call__(self, text: str) -> str:
        """Keep the text and return another one."""
        self.masked.append(text)
        return text.upper()


def test_what_was_masked_before_is_not_masked_again() -> None:
    mask = Mask()
    clean = Cleaner(mask)
    for _ in range(3):
        assert clean.many(["step", "other"]) == ["STEP", "OTHER"]
        assert clean.path(b"a/b") == "A/B"
        assert clean.one("") == ""
    assert mask.masked == ["step", "other", "a/b", ""]


def test_bytes_and_text_are_told_apart() -> None:
    clean = Cleaner(str)
    assert (clean.one(b"\xff"), clean.one("\xff")) == ("\\xff", "\xff")


def test_what_is_kept_is_bounded() -> None:
    mask = Mask()
    clean = Cleaner(mask)
    clean.one("first")
    for number in range(20):
        clean.one(f"{number:06}" * 200_000)
    again = len(mask.masked)
    clean.one("first")
    assert len(mask.masked) == again
    clean.one(f"{19:06}" * 200_000)
    assert len(mask.masked) == again + 1
    assert text_of(b"first") in mask.masked
