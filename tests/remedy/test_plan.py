"""Plans: two entries merged phase by phase, filled for one finding or for several."""

import pytest
from msgspec.structs import replace

from leakscan.model import Event, Finding, Occurrence, Part, Place, Status
from leakscan.remediation import (
    PLACEHOLDERS,
    Block,
    Choice,
    Control,
    Entry,
    EntryKind,
    Phase,
    Plan,
    Step,
)
from leakscan.remedy.catalog import Catalog, load_catalog
from leakscan.remedy.filling import MAX_PATHS, MAX_TOLD_APART
from leakscan.remedy.plan import (
    CANARY_KEY,
    ROOT_KEY,
    USUAL_KEY,
    grouped,
    key_of,
    plan_for,
    plan_for_all,
    plan_of_place,
    remediation_of,
)
from leakscan.remedy.values import Values
from leakscan.verdict import Verdict, VerdictState
from tests.verify.builder import akia, asia, finding

SHOP = Values(
    repository="acme/shop",
    host="github.com",
    branch="main",
    role="shop",
    now="2026-11-22T12:00:00Z",
)
CATALOG = load_catalog()


def entry(name: str, kind: EntryKind, phases: str, **given: object) -> Entry:
    """Return an entry whose steps are called after it: a step of `phases` by its first letters."""
    by_letter = {"c": "contain", "r": "replace", "v": "prove", "d": "delete", "p": "purge"}
    steps = tuple(Step(Phase(by_letter[one]), (f"{name} {one}",)) for one in phases)
    made = Entry(
        name, kind, f"Title of {name}", f"mechanism of {name}", "", (), f"Why {name}.", steps,
        (f"Caution of {name}.",), None, None, None, ("least-privilege",),
        (f"https://example.com/{name}", "https://example.com/both"),
    )  # fmt: skip
    return replace(made, **given)


def catalog(*entries: Entry) -> Catalog:
    control = Control("least-privilege", "Least", {"CWE": {"": ("CWE-1",)}})
    return Catalog({one.id: one for one in entries}, {control.id: control})


KEY = entry(USUAL_KEY, EntryKind.KEY, "cvdp")
HERE = entry("here", EntryKind.PLACE, "rvp")
THERE = entry("there", EntryKind.PLACE, "rv")


def found(
    name: str = "f", *places: str, user: str = "", path: bytes = b"a.env", rule: str = USUAL_KEY
) -> Finding:
    made = finding(name, akia(name), regions=("eu-west-1",))
    where = Occurrence(Place.FILE, Event.INTRODUCED, (Part.SECRET,), path=path)
    arn = f"arn:aws:iam::418892985061:user/{user}" if user else ""
    return replace(
        made,
        credential=replace(made.credential, rule=replace(made.credential.rule, remediation=rule)),
        occurrences=(where,),
        places=tuple(Choice(one, path, 10, (f"it looks like {one}",), True) for one in places),
        verdict=Verdict(VerdictState.LIVE, arn=arn),
    )


def told(plan: Plan) -> list[str]:
    return [str(step.parts[0]) for step in plan.steps]


def commands(plan: Plan) -> list[str]:
    parts = [part for step in plan.steps for part in step.parts]
    blocks = [part for part in parts if isinstance(part, Block) and part.language == "sh"]
    return [command for block in blocks for command in block.commands]


def unfilled(plan: Plan) -> list[str]:
    """Return the placeholders that stand in any text of a plan."""
    parts: list[str | Block | None] = [part for step in plan.steps for part in step.parts]
    for one in plan.places:
        parts += [one.why, one.trust, one.terraform, one.cloudformation]
    texts = [part.text if isinstance(part, Block) else part or "" for part in parts]
    texts += [plan.why, *plan.cautions]
    return [name for name in PLACEHOLDERS for text in texts if f"{{{name}}}" in text]


def with_block(text: str, language: str = "sh", file: str = "") -> Catalog:
    step = Step(Phase.CONTAIN, ("Do it.", Block(language, text, file)))
    return catalog(replace(KEY, steps=(step,)), HERE)


# -- merging -----------------------------------------------------------------------------


def test_steps_are_merged_by_phase_and_the_place_replaces_first() -> None:
    plan = plan_for(found("f", "here"), catalog(KEY, HERE), SHOP)
    assert told(plan) == [
        f"{USUAL_KEY} c", "here r", "here v", f"{USUAL_KEY} v", f"{USUAL_KEY} d",
        f"{USUAL_KEY} p", "here p",
    ]  # fmt: skip
    assert [step.phase for step in plan.steps] == sorted(
        (step.phase for step in plan.steps), key=list(Phase).index
    )
    assert plan.cautions == (f"Caution of {USUAL_KEY}.", "Caution of here.")
    assert plan.references == (
        f"https://example.com/{USUAL_KEY}", "https://example.com/both", "https://example.com/here",
    )  # fmt: skip
    assert [control.id for control in plan.controls] == ["least-privilege"]


def test_each_place_has_its_steps_and_says_why() -> None:
    plan = plan_for(found("f", "here", "there"), catalog(KEY, HERE, THERE), SHOP)
    assert [one.id for one in plan.places] == ["here", "there"]
    assert told(plan)[1:3] == ["here r", "there r"]
    assert plan.places[0].reasons == ("it looks like here",)
    assert plan.places[0].paths == (b"a.env",)
    assert plan.places[0].sure


def test_a_place_that_the_catalogue_does_not_have_is_left_out() -> None:
    plan = plan_for(found("f", "gone", "here"), catalog(KEY, HERE), SHOP)
    assert [one.id for one in plan.places] == ["here"]


def test_a_finding_without_a_place_still_has_the_steps_of_its_key() -> None:
    plan = plan_for(found("f"), catalog(KEY, HERE), SHOP)
    assert told(plan) == [f"{USUAL_KEY} {one}" for one in "cvdp"]


def test_the_plan_of_a_place_has_no_values_but_those_given() -> None:
    plan = plan_of_place(HERE, catalog(KEY, HERE), Values())
    assert plan.key == USUAL_KEY
    assert not plan.values
    assert told(plan)[1] == "here r"
    key_alone = plan_of_place(KEY, catalog(KEY, HERE), Values())
    assert not key_alone.places


# -- values ------------------------------------------------------------------------------


def test_what_is_known_is_filled_in_and_the_rest_is_open() -> None:
    known = with_block("aws iam get-user --user-name {user_name} --region {region} --x {role_name}")
    plan = plan_for(found("f", "here", user="ada"), known, SHOP)
    assert commands(plan) == ["aws iam get-user --user-name ada --region eu-west-1 --x ROLE_NAME"]
    assert plan.open_values == {"ROLE_NAME": "the role whose session it is"}
    assert plan.values == {"region": "eu-west-1", "user_name": "ada"}


def test_words_of_the_texts_are_open_and_names_of_variables_are_not() -> None:
    known = with_block("aws eks describe-cluster --name CLUSTER_NAME --query $MY_VAR AWS_REGION")
    assert plan_for(found(), known, SHOP).open_values == {"CLUSTER_NAME": "the cluster name"}


def test_braces_of_other_languages_stay() -> None:
    text = "${path} ${{ secrets.X }} {role}"
    plan = plan_for(found(), with_block(text, "yaml"), SHOP)
    block = plan.steps[0].parts[1]
    assert isinstance(block, Block)
    assert block.text == "${path} ${{ secrets.X }} shop"


def test_a_command_of_several_lines_is_one() -> None:
    known = with_block("aws iam get-user \\\n  --user-name {user_name}\naws iam list-users")
    plan = plan_for(found(user="ada"), known, SHOP)
    assert commands(plan) == ["aws iam get-user --user-name ada", "aws iam list-users"]


# -- several findings --------------------------------------------------------------------


def test_findings_of_one_kind_of_key_and_place_share_a_plan() -> None:
    known = catalog(KEY, HERE, THERE)
    here, also, there = found("a", "here"), found("b", "here"), found("c", "there")
    assert grouped([here, there, also], known, SHOP) == [(here, also), (there,)]


def test_keys_of_another_partition_have_a_plan_of_their_own() -> None:
    known = with_block("arn:{partition}:iam::aws:policy/X", "json", "a.json")
    plain, gov = found("a", "here"), found("b", "here")
    arn = "arn:aws-us-gov:iam::418892985061:user/ci"
    gov = replace(gov, verdict=Verdict(VerdictState.LIVE, arn=arn))
    groups = grouped([plain, gov], known, SHOP)
    assert groups == [(plain,), (gov,)]
    (plan,) = [plan_for_all(group, known, SHOP) for group in groups[1:]]
    assert plan.steps[0].parts[1] == Block("json", "arn:aws-us-gov:iam::aws:policy/X", "a.json")
    accounts = [found("a", "here"), replace(found("b", "here"), verdict=plain.verdict)]
    assert len(grouped(accounts, known, SHOP)) == 1


# -- several files -----------------------------------------------------------------------


def files(*paths: bytes) -> Finding:
    made = found("f", "here")
    return replace(made, places=tuple(replace(made.places[0], path=path) for path in paths))


def with_files(text: str, *paths: bytes) -> Plan:
    step = Step(Phase.PURGE, ("Delete it from {path}.", Block("sh", text)))
    here = replace(HERE, steps=(*HERE.steps, step))
    return plan_for(files(*paths), catalog(KEY, here), SHOP)


def test_a_command_is_written_for_each_file_and_a_sentence_lists_them() -> None:
    plan = with_files("git rm --cached {path}\ngit status", b"web/.env", b"api/.env")
    assert commands(plan) == [
        "git rm --cached web/.env",
        "git rm --cached api/.env",
        "git status",
    ]
    assert "Delete it from web/.env, api/.env." in told(plan)
    assert plan.values["path"] == "web/.env, api/.env"
    assert "FILE" not in plan.open_values


def test_files_of_several_keys_are_each_acted_on() -> None:
    one, other = files(b"web/.env"), replace(files(b"api/.env"), status=Status.KNOWN)
    step = Step(Phase.PURGE, (Block("sh", "git rm --cached {path}"),))
    known = catalog(KEY, replace(HERE, steps=(step,)))
    plan = plan_for_all([one, other], known, SHOP)
    assert commands(plan) == ["git rm --cached web/.env", "git rm --cached api/.env"]


def test_of_very_many_files_it_is_said_how_many_more_there_are() -> None:
    paths = [f"{number}/.env".encode() for number in range(MAX_PATHS + 3)]
    plan = with_files("git rm --cached {path}", *paths)
    assert len(commands(plan)) == MAX_PATHS
    assert "The same for 3 more files." in plan.steps[-1].parts
    assert told(plan)[-1].endswith("9/.env and 3 more.")


def test_a_file_whose_name_is_no_word_of_a_shell_leaves_its_word() -> None:
    plan = with_files("git rm --cached {path}", b"web/.env", b"my file/.env")
    assert commands(plan) == ["git rm --cached web/.env", "git rm --cached FILE"]
    assert "1 more" in told(plan)[-1]
    assert plan.open_values["FILE"].endswith("; 1 with a name that is not put into commands")
    alone = with_files("git rm --cached {path}", b"my file/.env")
    assert commands(alone) == ["git rm --cached FILE"]


def test_commands_are_written_once_for_each_key_and_once_where_they_are_alike() -> None:
    known = with_block("aws x --id {access_key_id}\naws y --user-name {user_name}")
    keys = [found(name, "here", user="ada") for name in ("a", "b")]
    plan = plan_for_all(keys, known, SHOP)
    ids = [one.credential.identity.access_key_id for one in keys]
    assert commands(plan) == [
        f"aws x --id {ids[0]}",
        f"aws x --id {ids[1]}",
        "aws y --user-name ada",
    ]
    assert not plan.open_values


def test_a_file_of_several_keys_has_the_word_and_says_what_it_stands_for() -> None:
    known = with_block("{user_name} {region}", "json", "a.json")
    plan = plan_for_all([found("a", user="ada"), found("b", user="bob")], known, SHOP)
    block = plan.steps[0].parts[1]
    assert isinstance(block, Block)
    assert block.text == "USER_NAME eu-west-1"
    assert plan.open_values == {"USER_NAME": "the IAM user whose key it is: ada, bob"}


def test_very_many_keys_are_not_written_out() -> None:
    known = with_block("aws x --id {access_key_id}")
    many = [found(f"f{number}", "here") for number in range(MAX_TOLD_APART + 1)]
    assert commands(plan_for_all(many, known, SHOP)) == ["aws x --id ACCESS_KEY_ID"]
    assert len(commands(plan_for_all(many[1:], known, SHOP))) == MAX_TOLD_APART


# -- kinds of keys -----------------------------------------------------------------------


def test_a_root_key_has_its_own_entry() -> None:
    root = found("f", "here", path=b"rootkey.csv")
    assert key_of(root, CATALOG).id == ROOT_KEY
    assert key_of(found("f", "here"), CATALOG).id == USUAL_KEY
    aws_says = found("f", "here", path=b"rootkey.csv", user="ci")
    assert key_of(aws_says, CATALOG).id == USUAL_KEY
    bearer = found("f", "here", path=b"rootkey.csv", rule="aws-bearer-credential")
    assert key_of(bearer, CATALOG).id == "aws-bearer-credential"


def test_a_key_taken_for_roots_says_why() -> None:
    known = replace(KEY, id=ROOT_KEY)
    guessed = plan_for(found("f", "here", path=b"rootkey.csv"), catalog(KEY, known, HERE), SHOP)
    assert guessed.key == ROOT_KEY
    assert "rootkey.csv" in told(guessed)[0]
    assert sum("rootkey.csv" in str(part) for step in guessed.steps for part in step.parts) == 1
    assert "rootkey.csv" in remediation_of(guessed).steps[0]
    root = replace(
        found("f", "here", path=b"rootkey.csv"),
        verdict=Verdict(VerdictState.LIVE, arn="arn:aws:iam::418892985061:root"),
    )
    said = plan_for(root, catalog(KEY, known, HERE), SHOP)
    assert said.key == ROOT_KEY
    assert "rootkey.csv" not in remediation_of(said).steps[0]


@pytest.mark.parametrize("rule", [USUAL_KEY, "aws-revoke-session"])
def test_a_session_of_root_has_the_plan_of_sessions(rule: str) -> None:
    session = found("f", "here", path=b"rootkey.csv", rule=rule)
    identity = replace(session.credential.identity, access_key_id=asia("f"))
    session = replace(
        session,
        credential=replace(session.credential, identity=identity),
        verdict=Verdict(VerdictState.LIVE, arn="arn:aws:iam::418892985061:root"),
    )
    assert key_of(session, CATALOG).id == "aws-revoke-session"


def test_a_canary_is_left_alone_wherever_it_stands() -> None:
    canary = finding("f", akia("f", "534261010715"))
    made = replace(canary, places=found("f", "here").places, occurrences=found().occurrences)
    for one in (made, replace(found("f", "here"), verdict=Verdict(VerdictState.CANARY))):
        assert key_of(one, CATALOG).id == CANARY_KEY
        plan = plan_for(one, CATALOG, SHOP)
        assert (plan.places, plan.controls, commands(plan)) == ((), (), [])


def test_a_rule_without_an_entry_is_about_an_access_key() -> None:
    assert key_of(found(rule=""), CATALOG).id == USUAL_KEY


# -- the short form ----------------------------------------------------------------------


def test_the_short_form_has_a_line_for_each_step_with_commands_between_backticks() -> None:
    known = with_block("aws x \\\n  --a\naws y")
    short = remediation_of(plan_for(found("f", "here"), known, SHOP))
    assert short.steps[0] == "Do it. `aws x --a` `aws y`"
    assert short.id == USUAL_KEY
    assert short.mechanism == "mechanism of here"
    assert short.controls == ("CWE: CWE-1",)


def test_the_short_form_names_files_and_has_no_unpaired_backtick() -> None:
    file = remediation_of(plan_for(found(), with_block("{}", "json", "trust.json"), SHOP))
    assert file.steps[0] == "Do it. (trust.json is shown by `leakscan remedy`)"
    odd = remediation_of(plan_for(found(), with_block("aws x --query 'a[?b==`1`]'"), SHOP))
    assert odd.steps[0].count("`") == 2
    assert "aws x" not in odd.steps[0]


# -- the catalogue as it is --------------------------------------------------------------


@pytest.mark.parametrize("name", CATALOG.entries)
def test_every_entry_makes_a_plan_with_nothing_left_to_replace(name: str) -> None:
    plan = plan_of_place(CATALOG.entries[name], CATALOG, SHOP)
    assert {Phase.CONTAIN, Phase.DELETE, Phase.PURGE, Phase.PREVENT} <= {
        step.phase for step in plan.steps
    }
    assert not unfilled(plan)
    short = remediation_of(plan)
    assert all(step.count("`") % 2 == 0 and "\n" not in step for step in short.steps)


@pytest.mark.parametrize("name", CATALOG.places)
def test_every_place_ends_in_what_replaces_the_key(name: str) -> None:
    plan = plan_for(found("f", name, user="ada"), CATALOG, SHOP)
    assert [one.id for one in plan.places] == [name]
    assert {Phase.REPLACE, Phase.PROVE} <= {step.phase for step in plan.steps if step.entry == name}
    assert remediation_of(plan).mechanism == CATALOG.places[name].mechanism
    assert not unfilled(plan)


def test_a_sentence_that_ends_in_a_colon_says_where_the_rest_is() -> None:
    step = remediation_of(plan_for(found("f", "here"), with_block("arn:...", "text"), SHOP)).steps[
        0
    ]
    assert step.endswith("(shown by `leakscan remedy`)")
