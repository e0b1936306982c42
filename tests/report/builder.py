"""ScanResults made by hand, without git, rules or any stage but the model.

Each scenario is a function; `SCENARIOS` names them for the golden reports. Random values come
from seeds: no secret stands in this file, and none was ever issued.
"""

import base64
import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from leakscan.inspection import (
    Evidence,
    Gap,
    Harm,
    Inspection,
    Key,
    Policy,
    Power,
    Principal,
    Reach,
    Responder,
    Statement,
    Sure,
    Tried,
    Why,
)
from leakscan.inspection import Kind as HolderKind
from leakscan.inspection import State as InspectionState
from leakscan.model import (
    Acceptance,
    Coverage,
    Credential,
    Encoding,
    Event,
    Exposure,
    Finding,
    Fingerprint,
    Identity,
    Kind,
    Level,
    Marker,
    NoteKind,
    NotInStore,
    ObjectId,
    Occurrence,
    Part,
    Place,
    Reason,
    Remediation,
    RemoteExposure,
    Rule,
    RuleId,
    RuleSet,
    ScanResult,
    Scope,
    ScopeKind,
    Skipped,
    SkipReason,
    Status,
    Target,
    TriageNote,
)
from leakscan.redact import Secret
from leakscan.remediation import Choice
from leakscan.report.base import ReportOptions
from leakscan.report.verdicts import PlannedRow, VerifyOutcome
from leakscan.verdict import Cause, Holder, Verdict, VerdictState

BASE64: Final = string.ascii_letters + string.digits + "+/"
START: Final = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)
OPTIONS: Final = ReportOptions(
    tool_version="0.0.0", ended_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
)


def secret_text(seed: str) -> str:
    """Return 40 random characters that hold both `/` and `+`, the characters that get escaped."""
    chars = random.Random(f"secret {seed}").choices(BASE64, k=38)
    return "".join([*chars[:10], "/", *chars[10:20], "+", *chars[20:]])


def token_text(seed: str) -> str:
    """Return 200 random characters of base64 with padding."""
    return "".join(random.Random(f"token {seed}").choices(BASE64, k=199)) + "="


def key_id(seed: str, prefix: str = "AKIA", account: int = 418892985061) -> str:
    """Return an access key id of the new form for the account."""
    number = 1 << 79 | account << 39 | random.Random(f"id {seed}").getrandbits(39)
    return prefix + base64.b32encode(number.to_bytes(10, "big")).decode()


def object_id(seed: str) -> ObjectId:
    """Return a random SHA-1 object id."""
    return ObjectId(random.Random(f"object {seed}").randbytes(20))


def secret(seed: str) -> Secret:
    """Return a secret access key."""
    return Secret(secret_text(seed).encode(), "secret-access-key")


def token(seed: str) -> Secret:
    """Return a session token."""
    return Secret(token_text(seed).encode(), "session-token")


def day(number: int) -> datetime:
    """Return the time `number` days after the first commit."""
    return START + timedelta(days=number)


def rule(name: str, title: str, part: Part, severity: Level) -> Rule:
    """Return a rule as far as a report looks at it."""
    return Rule(
        id=RuleId(name),
        name=title,
        description=f"{title}. Whoever has it can act as its owner.",
        part=part,
        severity=severity,
        confidence=Level.HIGH,
        keywords=(),
        pattern="",
        needle="",
        boundary="",
        min_entropy=0.0,
        near=False,
        allow=(),
        remediation="aws-rotate-access-key",
        references=(),
        examples=(),
        negative_examples=(),
    )


PAIR_RULE: Final = rule("aws-secret-access-key", "AWS secret access key", Part.SECRET, Level.HIGH)
ID_RULE: Final = rule("aws-access-key-id", "AWS access key ID", Part.KEY_ID, Level.MEDIUM)
TOKEN_RULE: Final = rule("aws-session-token", "AWS session token", Part.TOKEN, Level.HIGH)
RULES: Final = RuleSet(rules=(PAIR_RULE, ID_RULE, TOKEN_RULE), version="7", hash="ab12" * 16)


def remediation(access_key_id: str | None) -> Remediation:
    """Return a short remediation whose commands name the key."""
    name = access_key_id or "ACCESS_KEY_ID"
    key = f"--access-key-id {name}"
    return Remediation(
        id="aws-rotate-access-key",
        title="Take the key out of service and put an IAM role in its place",
        mechanism="IAM role with temporary credentials",
        steps=(
            f"Save the evidence: `aws iam get-access-key-last-used {key}` names its user.",
            f"Deactivate: `aws iam update-access-key --user-name USER {key} --status Inactive`.",
            "Find out who used it, in every Region.",
            "Give the program an IAM role that allows only what it needs.",
            f"Delete the key: `aws iam delete-access-key --access-key-id {name}`",
            "Deny `iam:CreateAccessKey` with a service control policy.",
        ),
        controls=("CWE-798",),
        references=("https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",),
        phases=("contain", "contain", "contain", "replace", "delete", "prevent"),
    )


def help_of(name: str) -> Remediation | None:
    """Return what to do about any key, as the catalogue would."""
    return remediation(None) if name == PAIR_RULE.remediation else None


def chosen(name: str, path: bytes, *, sure: bool = True) -> Choice:
    """Return a kind of place that was chosen for a path."""
    title, mechanism = {
        "dotenv": ("A file .env", "The role of whoever is signed in"),
        "ecs-task": ("A task of Amazon ECS", "The role of the task"),
    }[name]
    reasons = ("it is a file of environment variables", "the text has settings")
    return Choice(name, path, 8, reasons, sure, title, mechanism)


def credential(seed: str, identity: Identity, **changes: object) -> Credential:
    """Return a credential of high severity and confidence, with the changes asked for."""
    plain = Credential(
        fingerprint=Fingerprint(f"1:{object_id(seed).hex()}"),
        identity=identity,
        rule=PAIR_RULE,
        severity=Level.HIGH,
        confidence=Level.HIGH,
        entropy_bits=4.8125,
        reasons=(
            Reason("bigrams", 40, "It reads like random characters, not like words."),
            Reason("paired", 30, "An access key id stands beside it"),
            Reason("test-path", -10, "The path speaks of tests"),
            Reason("key-name", 25, "It is assigned to aws_secret_access_key"),
        ),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def pair(seed: str, prefix: str = "AKIA") -> Identity:
    """Return an id with its secret."""
    return Identity(key_id(seed, prefix), secret(seed))


def place(seed: str, event: Event, number: int, **changes: object) -> Occurrence:
    """Return an occurrence in a file, in the commit of the given day."""
    plain = Occurrence(
        place=Place.FILE,
        event=event,
        parts=(Part.KEY_ID, Part.SECRET),
        object_id=object_id(f"{seed} blob {number}"),
        commit=object_id(f"{seed} commit {number}"),
        author=b"Ada Test",
        email=b"ada@example.com",
        date=day(number),
        path=b"config/prod.env",
        line=12,
        column=23,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def commitless(kind: Place, **changes: object) -> Occurrence:
    """Return an occurrence outside all commits."""
    plain = Occurrence(place=kind, event=Event.PRESENT, parts=(Part.SECRET,), line=3, column=1)
    return replace(plain, **changes)  # type: ignore[arg-type]


def finding(made: Credential, places: tuple[Occurrence, ...], exposure: Exposure) -> Finding:
    """Return a new finding with its remediation; of each path one or two kinds of place."""
    steps = remediation(made.identity.access_key_id)
    paths = dict.fromkeys(one.path for one in places if one.path)
    kinds = [chosen("dotenv", path, sure=path.endswith(b"env")) for path in paths]
    kinds += [chosen("ecs-task", path, sure=False) for path in paths if not path.endswith(b"env")]
    return Finding(made, places, exposure, remediation=steps, places=tuple(kinds))


def target(**changes: object) -> Target:
    """Return a target without any peculiarity."""
    plain = Target(
        path="/srv/repos/shop.git",
        head=b"refs/heads/main",
        refs=16,
        shallow=False,
        partial=False,
        alternates=(),
        replace_refs=0,
        grafts=False,
        object_format="sha1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def coverage(**changes: object) -> Coverage:
    """Return full coverage of a large store."""
    plain = Coverage(
        objects_expected=157985,
        objects_scanned=157985,
        by_kind={Kind.BLOB: 120000, Kind.COMMIT: 20000, Kind.TREE: 17985, Kind.REF: 16},
        bytes_scanned=13_400_000_000,
        not_in_store=NotInStore(),
        seconds=4.8,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def result(*findings: Finding, **changes: object) -> ScanResult:
    """Return a complete result."""
    plain = ScanResult(
        target=target(),
        rules=RULES,
        complete=True,
        coverage=coverage(),
        findings=findings,
        skipped=(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


# -- findings ---------------------------------------------------------------------------------


def finding_at_head() -> Finding:
    """A pair that moved once and stands at HEAD, in many refs."""
    made = credential("head", pair("head"), severity=Level.CRITICAL)
    first = place("head", Event.INTRODUCED, 0, path=b"deploy/prod.env")
    moved = place(
        "head", Event.MOVED, 30, path=b"config/prod.env", from_path=b"deploy/prod.env", line=14
    )
    copies = [
        place("head", Event.INTRODUCED, 40 + n, path=f"services/{n}/.env".encode(), line=2)
        for n in range(5)
    ]
    gone = [
        place("head", Event.REMOVED, 50 + n, path=f"services/{n}/.env".encode(), line=None)
        for n in range(5)
    ]
    refs = tuple(f"refs/heads/topic-{n:02}".encode() for n in range(14))
    exposure = Exposure(
        introduced_at=day(0),
        at_head=True,
        reachable=True,
        refs=(b"refs/heads/main", b"refs/tags/v1.0", *refs),
        tips=(b"refs/heads/main", *refs),
        first_commit=first.commit,
        last_commit=gone[-1].commit,
    )
    return finding(made, (first, moved, *copies, *gone), exposure)


def finding_in_history() -> Finding:
    """A pair that was removed from the files, in UTF-16, at the edge of a shallow history."""
    made = credential("history", pair("history"))
    first = place("history", Event.INTRODUCED, 3, at_boundary=True, encoding=Encoding.UTF_16_LE)
    gone = place("history", Event.REMOVED, 9, line=None, column=None, author=b"Bob Test")
    exposure = Exposure(
        introduced_at=day(3),
        removed_at=day(9),
        reachable=True,
        refs=(b"refs/heads/main", b"refs/remotes/origin/main"),
        first_commit=first.commit,
        last_commit=gone.commit,
    )
    return finding(made, (first, gone), exposure)


def finding_in_stash() -> Finding:
    """Temporary credentials that only a stash and a reflog hold."""
    identity = Identity(key_id("stash", "ASIA"), secret("stash"), token("stash"))
    made = credential("stash", identity, rule=TOKEN_RULE, entropy_bits=5.4)
    first = place("stash", Event.INTRODUCED, 5, parts=(Part.KEY_ID, Part.SECRET, Part.TOKEN))
    exposure = Exposure(
        introduced_at=day(5),
        leftovers=(b"stash@{1}", b"HEAD@{17}"),
        first_commit=first.commit,
        last_commit=first.commit,
    )
    return finding(made, (first,), exposure)


def finding_of_all_places() -> Finding:
    """A lone secret in every place that is not a file of a commit."""
    made = credential("places", Identity(secret=secret("places")), severity=Level.MEDIUM)
    commit = place("places", Event.INTRODUCED, 7, place=Place.COMMIT, path=None, line=5)
    commit = replace(commit, object_id=commit.commit)
    places = (
        commit,
        commitless(Place.TAG, object_id=object_id("tag"), name=b"v2.0"),
        commitless(Place.REF, name=b"refs/heads/wip", line=1),
        commitless(Place.INDEX, object_id=object_id("index"), path=b"staged.env"),
        commitless(Place.GIT_FILE, name=b"config"),
        commitless(Place.DANGLING, object_id=object_id("dangling"), line=1),
        place("places", Event.INTRODUCED, 8, place=Place.SYMLINK, path=b"link", line=1),
        place("places", Event.INTRODUCED, 8, place=Place.PATH, path=b"named", line=None),
    )
    exposure = Exposure(
        introduced_at=day(7),
        reachable=True,
        refs=(b"refs/heads/wip",),
        tips=(b"refs/heads/wip",),
        leftovers=(b"index", b"refs/heads/old@{3}"),
        first_commit=commit.commit,
        last_commit=commit.commit,
    )
    return finding(made, places, exposure)


def finding_dangling() -> Finding:
    """A lone id of the old form in an object that nothing holds."""
    identity = Identity("AKIA" + "I" + key_id("old")[5:])
    made = credential("old", identity, rule=ID_RULE, severity=Level.LOW, entropy_bits=3.7)
    where = commitless(Place.DANGLING, object_id=object_id("lost"), parts=(Part.KEY_ID,))
    return replace(finding(made, (where,), Exposure()), remediation=None)


def finding_canary() -> Finding:
    """A pair of an account that is known for canary keys."""
    identity = Identity(key_id("canary", account=534261010715), secret("canary"))
    first = place("canary", Event.INTRODUCED, 2, path=b"docs/example.md")
    exposure = Exposure(
        introduced_at=day(2),
        at_head=True,
        reachable=True,
        refs=(b"refs/heads/main",),
        tips=(b"refs/heads/main",),
        first_commit=first.commit,
        last_commit=first.commit,
    )
    made = finding(credential("canary", identity), (first,), exposure)
    return replace(
        made,
        remediation=Remediation(
            id="aws-canary-key",
            title="Leave this key alone and ask who planted it, for it is a tripwire",
            mechanism="",
            steps=(
                "Do not use the key.",
                "Ask your security team who planted it.",
                "Delete no key.",
            ),
            controls=(),
            references=(),
            phases=("contain", "contain", "delete"),
        ),
        places=tuple(replace(one, mechanism="") for one in made.places),
    )


def finding_low() -> Finding:
    """A secret of low confidence."""
    made = credential("low", Identity(secret=secret("low")), confidence=Level.LOW)
    return finding(made, (place("low", Event.INTRODUCED, 1),), Exposure(reachable=True))


# -- scenarios --------------------------------------------------------------------------------


def everything() -> ScanResult:
    """Every kind of finding, place, status and target note; complete."""
    accepted = replace(finding_in_history(), status=Status.BASELINED)
    accepted = replace(accepted, credential=credential("accepted", pair("accepted")))
    return result(
        finding_at_head(),
        finding_in_history(),
        finding_in_stash(),
        finding_canary(),
        finding_of_all_places(),
        finding_dangling(),
        accepted,
        finding_low(),
        target=target(
            shallow=True,
            partial=True,
            alternates=(b"/srv/pool/objects",),
            replace_refs=2,
            grafts=True,
        ),
        coverage=coverage(
            not_in_store=NotInStore(
                submodules=tuple(f"vendor/lib{n}".encode() for n in range(120)),
                lfs=(b"4d" * 32, b"5e" * 32),
            )
        ),
    )


def accepted(seed: str, status: Status, acceptance: Acceptance | None) -> Finding:
    """A pair that somebody has accepted."""
    made = replace(finding_in_history(), credential=credential(seed, pair(seed)))
    return replace(made, status=status, accepted=acceptance)


def triaged() -> ScanResult:
    """Findings accepted in every way, more of them than the text lists, and every kind of note."""
    comment = Marker("leakscan:allow", b"sample of the handbook")
    beside = accepted(
        "comment",
        Status.ALLOWED,
        Acceptance("comment", "config/prod.env:12: leakscan:allow", "sample of the handbook"),
    )
    beside = replace(
        beside, occurrences=tuple(replace(one, marker=comment) for one in beside.occurrences)
    )
    notes = tuple(
        TriageNote(kind, f".leakscan.yaml: allow {number}", "paths tests/**", f"text {number}")
        for number, kind in enumerate([*NoteKind, *NoteKind, *NoteKind, *NoteKind, *NoteKind], 1)
    )
    return result(
        beside,
        accepted(
            "config",
            Status.ALLOWED,
            Acceptance("config", ".leakscan.yaml: allow 1: paths tests/**", "made up"),
        ),
        *(
            accepted(f"old {n}", Status.BASELINED, Acceptance("baseline", f"lk1.is.{n:032x} x"))
            for n in range(10)
        ),
        notes=notes,
    )


def pushed() -> ScanResult:
    """A push: one new finding that another remote has already, and one that is not new."""
    new = finding_in_history()
    held = (
        RemoteExposure(b"origin", b"refs/remotes/origin/main", object_id("held"), day(4)),
        RemoteExposure(b"fork", b"refs/remotes/fork/x", None, None),
    )
    new = replace(new, exposure=replace(new.exposure, remotes=held))
    known = replace(finding_at_head(), status=Status.KNOWN)
    scope = Scope(
        ScopeKind.PUSH, (b"refs/heads/main", b"refs/tags/v1"), (b"refs/remotes/origin/*",), 12
    )
    return result(new, known, target=target(scope=scope))


def nothing_found() -> ScanResult:
    """A complete scan without a finding."""
    return result()


def nothing_scanned() -> ScanResult:
    """A scan that had nothing to read."""
    none = coverage(objects_expected=0, objects_scanned=0, by_kind={}, bytes_scanned=0, seconds=0)
    return result(target=target(head=None, refs=0), coverage=none)


def incomplete() -> ScanResult:
    """A scan without a finding that could not read all."""
    kinds = (Kind.BLOB, Kind.TREE, Kind.COMMIT, Kind.PACK)
    skipped = tuple(
        Skipped(
            kind=kinds[n % 4],
            reason=reason,
            object_id=None if kinds[n % 4] is Kind.PACK else object_id(f"bad {n}"),
            path=b"objects/pack/pack-1.pack" if kinds[n % 4] is Kind.PACK else b"",
            detail="" if n % 2 else "inflate: incorrect data check",
        )
        for n, reason in enumerate([*SkipReason, *list(SkipReason)[:3]])
    )
    return result(complete=False, skipped=skipped, coverage=coverage(objects_scanned=157973))


def low_only() -> ScanResult:
    """Findings of low confidence alone."""
    return result(finding_low())


# -- liveness ---------------------------------------------------------------------------------

HOST: Final = "sts.us-east-1.amazonaws.com"
ASKED_AT: Final = datetime(2026, 11, 22, 11, 59, 30, tzinfo=UTC)
_CODES: Final = {
    VerdictState.NOT_ACCEPTED: "InvalidClientTokenId",
    VerdictState.WRONG_SECRET: "SignatureDoesNotMatch",
    VerdictState.EXPIRED: "ExpiredToken",
}
NOT_ASKED: Final = (
    VerdictState.TOKEN_MISSING,
    VerdictState.CANARY,
    VerdictState.FOREIGN_ACCOUNT,
    VerdictState.NOT_CHECKED,
)


def verdict(state: VerdictState, **changes: object) -> Verdict:
    """Return a verdict as the verify stage makes it."""
    plain = Verdict(
        state,
        text=f"What {state.value} means here, and what it does not mean.",
        code=_CODES.get(state, ""),
    )
    if state not in NOT_ASKED:
        plain = replace(plain, asked=(HOST,), checked_at=ASKED_AT, request_id="c6b2-1")
    return replace(plain, **changes)  # type: ignore[arg-type]


def live(holder: Holder, arn: str, account: str = "418892985061") -> Verdict:
    """Return the verdict on what AWS accepted."""
    full = f"arn:aws:{arn}"
    return verdict(VerdictState.LIVE, holder=holder, arn=full, account=account)


def unknown(cause: Cause, **changes: object) -> Verdict:
    """Return a verdict that decides nothing."""
    return verdict(VerdictState.UNKNOWN, cause=cause, **changes)


def judged(seed: str, found: Verdict, **changes: object) -> Finding:
    """Return a finding with a verdict."""
    identity = changes.pop("identity", pair(seed))
    made = credential(seed, identity, **changes)  # type: ignore[arg-type]
    one = place(seed, Event.INTRODUCED, 1)
    exposure = Exposure(introduced_at=day(1), reachable=True, first_commit=one.commit)
    return replace(finding(made, (one,), exposure), verdict=found)


def judged_all() -> tuple[Finding, ...]:
    """Findings with verdicts of every state, cause and holder."""
    user = live(Holder.USER, "iam::418892985061:user/ci/deploy")
    session = live(Holder.ROLE_SESSION, "sts::418892985061:assumed-role/build/i-0abc")
    temporary = Identity(key_id("asia", "ASIA"), secret("asia"), token("asia"))
    no_token = Identity(key_id("no token", "ASIA"), secret("no token"))
    old = Identity("AKIA" + "I" + key_id("older")[5:], secret("older"))
    two = (HOST, "sts.us-gov-west-1.amazonaws.com")
    return (
        judged("live", user, severity=Level.HIGH, regions=("eu-west-1", "us-east-1")),
        judged("doubtful", replace(user, is_kept=True), confidence=Level.LOW),
        judged("root", live(Holder.ROOT, "iam::418892985061:root"), severity=Level.CRITICAL),
        judged("asia", session, identity=temporary, rule=TOKEN_RULE),
        judged("fed", live(Holder.FEDERATED, "sts::418892985061:federated-user/ada")),
        judged("moved", live(Holder.OTHER, "iam::123456789012:thing/x", "123456789012")),
        judged(
            "older", live(Holder.USER, "iam::210987654321:user/old", "210987654321"), identity=old
        ),
        judged("gone", verdict(VerdictState.NOT_ACCEPTED, asked=two), severity=Level.MEDIUM),
        judged("kept", verdict(VerdictState.NOT_ACCEPTED, is_kept=True), severity=Level.MEDIUM),
        judged("other secret", verdict(VerdictState.WRONG_SECRET)),
        judged("late", verdict(VerdictState.EXPIRED), severity=Level.LOW),
        *(
            judged(f"open {cause}", unknown(cause, code="Throttling" * (cause is Cause.THROTTLED)))
            for cause in Cause
        ),
        judged("no token", verdict(VerdictState.TOKEN_MISSING), identity=no_token),
        judged("theirs", verdict(VerdictState.FOREIGN_ACCOUNT)),
        replace(finding_canary(), verdict=verdict(VerdictState.CANARY)),
        judged("sample", verdict(VerdictState.NOT_CHECKED)),
    )


def verified() -> ScanResult:
    """A scan that asked AWS: every verdict, and a live one that somebody accepted."""
    kept = replace(
        judged("accepted live", live(Holder.USER, "iam::418892985061:user/x")),
        status=Status.BASELINED,
        accepted=Acceptance("baseline", "lk1.is.1 x", "thought to be dead"),
    )
    return result(*judged_all(), kept)


def nothing_live() -> ScanResult:
    """A scan that asked AWS of everything and heard no."""
    no = verdict(VerdictState.NOT_ACCEPTED)
    return result(judged("dead", no), judged("late", verdict(VerdictState.EXPIRED)))


def unsettled() -> ScanResult:
    """A scan that asked AWS, which did not answer for all."""
    return result(*nothing_live().findings, judged("lost", unknown(Cause.UNREACHABLE)))


def outcome(*findings: Finding, **changes: object) -> VerifyOutcome:
    """Return what came of verifying these findings."""
    plain = VerifyOutcome(
        findings=findings, rules=RULES, calls=7, inspections={}, not_found=(), complete=True
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def inspection(access_key_id: str, name: str = "deploy") -> Inspection:
    """Return what IAM tells of a user whose names may come from a stranger."""
    arn = f"arn:aws:iam::418892985061:user/{name}"
    every = Statement("Allow", ("*",), all_resources=True)
    power = Power(1, Harm.TAKE_OVER, "gives itself every right", "iam:PutUserPolicy",
                  Sure.ALLOWED, f"policy {name}")  # fmt: skip
    return Inspection(
        access_key_id=access_key_id,
        state=InspectionState.INSPECTED,
        text=f"It belongs to the user {name}.",
        responder=Responder("admin", "418892985061", "arn:aws:iam::418892985061:user/admin"),
        evidence=Evidence(access_key_id, True, ASKED_AT, name, day(20), "s3", "eu-west-1"),
        key=Key(access_key_id, "Active", day(-30)),
        principal=Principal(
            HolderKind.USER,
            name,
            arn,
            groups=(name,),
            policies=(Policy(name, statements=(every,)),),
            gaps=(Gap("its MFA devices", "iam:ListMFADevices", Why.NOT_PERMITTED, "AccessDenied"),),
        ),
        reach=Reach((power,), ("s3:PutObject",), (), is_simulated=True, text="By its policies."),
        tried=Tried(is_asked=True, is_accepted=True),
    )


def inspected_outcome(name: str = "deploy") -> VerifyOutcome:
    """Return an outcome of which one of two credentials was inspected."""
    found, other = judged_all()[:2]
    mine = str(found.credential.identity.access_key_id)
    seen = {found.credential.fingerprint: inspection(mine, name)}
    return outcome(found, other, inspections=seen)


def planned() -> tuple[PlannedRow, ...]:
    """Rows of a dry run: asked, foreign, of the old form, and without an id."""
    foreign = "Account 000000000007 is foreign."
    no_id = "The id of this secret is not known: AWS cannot be asked."
    old, china = "AKIA" + "I" + key_id("old")[5:], "sts.cn-north-1.amazonaws.com.cn"
    rows = (
        (key_id("plan"), "418892985061", "new", 2, (HOST,), ""),
        (key_id("far", account=7), "000000000007", "new", 0, (), foreign),
        (old, None, "old", 1, (HOST, china), "Ids of the old form do not hold their account."),
        (None, None, None, 0, (), no_id),
    )
    return tuple(PlannedRow(f"lk1.is.{n}", *row) for n, row in enumerate(rows))


ATTACK: Final = (
    b"\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] \xe2\x80\xae\xe2\x81\xa6 \xff\r\n\x9b2J :smile:"
)


def hostile() -> ScanResult:
    """Names that try to steer a terminal, and secrets in every string a report can print."""
    mine, other = secret_text("hostile"), secret_text("hostile too")
    bad = b"a/" + ATTACK + b"/" + mine.encode() + b"/" + mine.replace("/", "\\/").encode()
    text = bad.decode("utf-8", "surrogateescape")
    made = credential(
        "hostile",
        Identity(key_id("hostile"), secret("hostile")),
        regions=(text,),
        reasons=(Reason("name", 5, f"assigned to {text}"),),
    )
    first = place(
        "hostile",
        Event.INTRODUCED,
        0,
        path=bad,
        from_path=bad,
        author=bad,
        email=other.encode(),
        name=bad,
    )
    moved = replace(
        first, event=Event.MOVED, path=b"x/../y/" + other.encode().replace(b"/", b"%2F")
    )
    first = replace(first, marker=Marker("gitleaks:allow", bad))
    exposure = Exposure(
        introduced_at=day(0),
        at_head=True,
        reachable=True,
        refs=(b"refs/heads/" + bad,),
        tips=(b"refs/heads/" + bad,),
        leftovers=(bad,),
        remotes=(RemoteExposure(bad, b"refs/remotes/" + bad, first.commit, day(0)),),
        first_commit=first.commit,
        last_commit=first.commit,
    )
    low = credential("other", Identity(secret=secret("hostile too")), confidence=Level.LOW)
    quoted = f'error: "a/\\303\\244/{mine}": bad file; {secret_text("unknown")}'
    allowed = replace(
        accepted("hostile three", Status.ALLOWED, Acceptance("comment", text, text)),
        occurrences=(first,),
    )
    scope = Scope(ScopeKind.RANGE, (bad,), (bad,), 1)
    told = Verdict(
        VerdictState.LIVE, text, None, text, text, Holder.USER, text, (text,), day(0), text
    )
    return result(
        replace(finding(made, (first, moved), exposure), verdict=told),
        finding(low, (commitless(Place.REF, name=bad),), Exposure(leftovers=(bad,))),
        allowed,
        complete=False,
        target=target(
            path=f"/srv/{text}", head=b"refs/heads/" + bad, alternates=(bad,), scope=scope
        ),
        coverage=coverage(not_in_store=NotInStore(submodules=(bad,), lfs=(bad,))),
        skipped=(Skipped(Kind.PATH, SkipReason.UNREADABLE, path=bad, detail=quoted),),
        notes=(TriageNote(NoteKind.STALE, text, quoted, text),),
    )


def verify_outcome() -> VerifyOutcome:
    """Everything that `leakscan verify` can say."""
    return outcome(*judged_all(), not_found=("lk1.is.0123456789abcdef",), complete=False)


OUTCOMES: Final[dict[str, Callable[[], VerifyOutcome]]] = {
    "verified": verify_outcome,
    "inspected": inspected_outcome,
    "nothing-live": lambda: outcome(*nothing_live().findings),
    "unsettled": lambda: outcome(*unsettled().findings),
    "nothing-found": outcome,
    "hostile": lambda: outcome(
        *hostile().findings, not_found=(hostile().target.path,), complete=False
    ),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A result and the options it is reported with."""

    make: Callable[[], ScanResult]
    options: ReportOptions = OPTIONS


SCENARIOS: Final = {
    "everything": Scenario(everything),
    "no-authors": Scenario(
        lambda: result(finding_in_history()),
        replace(OPTIONS, authors=False, fail_on=Level.CRITICAL),
    ),
    "nothing-found": Scenario(nothing_found),
    "nothing-scanned": Scenario(nothing_scanned),
    "incomplete": Scenario(incomplete),
    "incomplete-with-finding": Scenario(
        lambda: replace(incomplete(), findings=(finding_in_stash(),))
    ),
    "low-only": Scenario(low_only),
    "pushed": Scenario(pushed),
    "triaged": Scenario(triaged),
    "hostile": Scenario(hostile),
    "verified": Scenario(verified),
    "fail-on-live": Scenario(verified, replace(OPTIONS, fail_on_live=True)),
    "nothing-live": Scenario(nothing_live, replace(OPTIONS, fail_on_live=True)),
    "unsettled": Scenario(unsettled, replace(OPTIONS, fail_on_live=True)),
}
