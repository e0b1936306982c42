"""Plans as Markdown, read by a parser: whatever a repository says is text or code, never markup."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from leakscan.model import Event, Finding, Occurrence, Part, Place
from leakscan.remediation import Choice, Plan
from leakscan.remedy.catalog import load_catalog
from leakscan.remedy.plan import plan_for
from leakscan.remedy.values import Values
from leakscan.report.base import ReportOptions
from leakscan.report.plan_markdown import code, escaped, render_markdown
from leakscan.report.plans import LeftOut, Planned, Plans
from leakscan.report.words import visible
from tests.verify.builder import akia, finding

CATALOG = load_catalog()
EVIL = "a`b``c```\n```\n# head\n- [x] done\n<b>![x](http://example.com)[y](z)|*e*_f_&amp;@you ~~~"


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


def hostile(place: str, text: str) -> tuple[Finding, Plan]:
    path = text.encode()
    made = replace(
        finding("lk1.is." + "0" * 32, akia("f")),
        occurrences=(Occurrence(Place.FILE, Event.INTRODUCED, (Part.SECRET,), path=path),),
        places=(Choice(place, path, 1, (text,), False),),
    )
    return made, plan_for(made, CATALOG, Values())


@given(st.text(max_size=60))
@example("`")
@example("``` `")
@example(" a ")
@example("")
def test_a_code_span_shows_what_was_there(text: str) -> None:
    inline = [one for one in tokens(f"x {code(text)} y") if one.type not in ("inline", "text")]
    (span,) = [one for one in inline if not one.type.startswith("paragraph")]
    assert span.type == "code_inline"
    assert span.content.strip(" ") == visible(text).strip(" ")


@given(st.text(max_size=60))
@example(EVIL)
def test_an_escaped_sentence_has_no_markup(text: str) -> None:
    found = {one.type for one in tokens(f"x {escaped(text)} y")}
    plain = {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert found <= {*plain, "code_inline"}


@pytest.mark.parametrize(
    "word",
    [
        *("www.evil.com", "WWW.evil.com", "http://evil.com", "evil.com", "me@evil.com", "@you"),
        *("#12", "acme/shop#12", "!3", "GH-12", "0123456789abcdef0123456789abcdef01234567"),
        *("ftp://evil.com", "mailto:a@evil.com", "&3", "~bug", "$7"),
    ],
)
def test_no_host_makes_a_link_or_a_mention_of_a_word(word: str) -> None:
    """GitHub and GitLab look for these in the text after Markdown, but not in code."""
    spans = [one.content for one in tokens(f"x {escaped(f'because {word} said so')} y")]
    text = [one.content for one in tokens(escaped(f"because {word} said so")) if one.type == "text"]
    assert word in spans
    assert not any(word in one for one in text)


@pytest.mark.parametrize("place", ["github-actions", "kubernetes", "ecs-task"])
def test_a_hostile_path_changes_nothing_of_the_plan(place: str) -> None:
    texts = []
    for text in (EVIL, "deploy.yml"):
        its, plan = hostile(place, text)
        plans = Plans((Planned(plan, (its,)),), (LeftOut(text, "of low confidence"),))
        texts.append(render_markdown(plans, ReportOptions()).decode())
    evil, plain = ([one.type for one in tokens(text)] for text in texts)
    assert [one for one in evil if one not in SAID] == [one for one in plain if one not in SAID]
    assert not {"html_inline", "html_block", "image"} & set(evil)


SAID = frozenset({"text", "code_inline", "text_special", "softbreak"})
"""What may differ: sentences, and code in them."""


@pytest.mark.parametrize("place", CATALOG.places)
def test_every_step_is_a_box_and_every_block_a_fence(place: str) -> None:
    its, plan = hostile(place, "deploy.yml")
    text = render_markdown(Plans((Planned(plan, (its,)),)), ReportOptions()).decode()
    assert text.count("\n- [ ] **") == len(plan.steps)
    fences = [one for one in tokens(text) if one.type == "fence"]
    blocks = [part for step in plan.steps for part in step.parts if not isinstance(part, str)]
    (section,) = plan.places
    wholes = [one for one in (section.trust, section.terraform, section.cloudformation) if one]
    assert len(fences) == len(blocks) + len(wholes)
    assert {one.text for one in wholes} <= {one.content.rstrip("\n") for one in fences}
