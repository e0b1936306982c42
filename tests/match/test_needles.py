"""What is known of first-phase expressions without parsing them is true."""

from re import _parser as parser  # type: ignore[attr-defined]

from leakscan.match.needles import first_phase
from leakscan.rules.load import load_rules


def test_the_length_of_a_literal_is_that_of_its_expression() -> None:
    literals = [one for one in first_phase(load_rules().rules) if one.literal_bytes]
    assert literals
    for one in literals:
        assert parser.parse(one.source).getwidth() == (one.literal_bytes, one.literal_bytes)
