"""What code does with AWS and which policy that makes, as data.

Below all stages: `privilege` makes it, `report` writes it. From a file at HEAD (or an event of
CloudTrail) come `Call`s, from calls `Need`s, from needs the `Statement`s of a policy. What could
not be told for certain travels beside them and is reported: nothing is guessed.
"""

from msgspec import field

from leakscan.record import Record


class Hole(Record, frozen=True):
    """A part of a text that only shows when the program runs: a name for it, such as BUCKET.

    The name is made of capitals, digits and `_`: of the variable or environment variable that the
    code takes it from, or of what it is for (BUCKET, TABLE_NAME). An empty name is any text.
    """

    name: str


Text = tuple[str | Hole, ...]
"""A text with what is known of it in its order: `("reports/", Hole("YEAR"), ".csv")`."""


class Spot(Record, frozen=True):
    """Where something is said: a path from the top and a line from 1; of an event, its id and 0."""

    path: str
    line: int
    said: str = ""
    """The call as the code has it, one line, at most 80 characters; never a value of a secret."""


class Call(Record, frozen=True):
    """One use of an AWS API.

    `service` is botocore's name of it (`s3`, `dynamodb`, `logs`) and `operation` the API's own
    (`PutObject`). `arguments` are members of the operation's input that are texts, by their names
    in botocore's model, nested ones joined by dots and lists by all of their elements:
    {"Bucket": (("reports",),)}. A member that is given and not known is there with a Hole; one that
    is not given is not there. `resource` is an ARN that an event names.
    """

    service: str
    operation: str
    arguments: dict[str, tuple[Text, ...]]
    spot: Spot
    resources: tuple[str, ...] = ()
    region: str = ""
    account: str = ""


class Unclear(Record, frozen=True):
    """A call that is one of AWS and cannot be told which, or a file that could not be read."""

    spot: Spot
    why: str


class Usage(Record, frozen=True):
    """All that was found in some files: `files` were read, by their language."""

    calls: tuple[Call, ...]
    unclear: tuple[Unclear, ...]
    files: dict[str, int]
    left_out: dict[str, int]
    """Files that were not read, by the reason: tests, other languages, too large."""
    gaps: dict[str, int] = field(default_factory=dict)
    """Those of them that nobody chose to leave out: they should have been read, and were not."""
    aside: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of the files of code that were left out on purpose, by the reason, how many by folder."""
    creates: dict[str, int] = field(default_factory=dict)
    """Files that say what a tool is to create in AWS, by the tool: they were not understood."""


class Need(Record, frozen=True):
    """An action that some calls need, on some resources: ARNs with holes; none means `*`.

    `reason` says why an action is needed that is not the call's own, empty else.
    """

    action: str
    resources: tuple[Text, ...]
    spot: Spot
    reason: str = ""
    conditions: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)


class Statement(Record, frozen=True):
    """One statement of a policy: actions on the same resources, and what asks for each.

    `resources` of `("*",)` stand only where none of the actions knows a narrower one.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    because: dict[str, tuple[Spot, ...]]
    """By action."""
    conditions: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)


class Difference(Record, frozen=True):
    """What two policies do not share, as pairs of an action and a resource.

    `only_used` was done by the key and is asked for by no code that was read; `only_code` the
    other way round; `refused` was tried and denied.
    """

    only_used: tuple[tuple[str, str], ...]
    only_code: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...]


class Suggestion(Record, frozen=True):
    """A role: whom it trusts, what it may do, from what that follows, what a human must decide."""

    role: str
    place: str
    """The entry of the catalogue whose trust policy it is."""
    trust: str
    """The trust policy, JSON, with words in capitals for what is open."""
    statements: tuple[Statement, ...]
    unknown: tuple[Spot, ...]
    """Calls whose action nobody knows; `said` names service and operation."""
    unclear: tuple[Unclear, ...]
    decisions: tuple[str, ...]
    """What a human must decide, a sentence each."""
    files: dict[str, int]
    left_out: dict[str, int]
    variables: dict[str, str]
    """Open words of resources and of the trust policy, and what they mean."""
    difference: Difference | None = None
    trust_words: tuple[str, ...] = ()
    """Those of the variables that stand in the trust policy."""
    complete: bool = True
    """Whether all of the code was read and understood; tests apart, and what others wrote."""
