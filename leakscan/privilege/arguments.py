"""The arguments of a call, taken apart where one of them holds several things.

Part of the privilege stage. In: `Call`. Out: the same with more arguments: the name, account and
region in the URL of a queue, the bucket in `CopySource`, the tables in a PartiQL statement. Nothing
that the call does not say is added.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

from msgspec.structs import replace

from leakscan.permissions import Call, Hole, Text
from leakscan.privilege.texts import joined, literal, mapped

Arguments = Mapping[str, tuple[Text, ...]]

_QUEUE_URL: Final = re.compile(
    r"https://(?:sqs(?:-fips)?\.(?P<region>[a-z0-9-]{5,30})|(?P<old>[a-z0-9-]{5,30})\.queue"
    r"|(?P<oldest>queue))\.(?:amazonaws\.com(?:\.cn)?|api\.aws)/(?P<account>[0-9]{12})/(?P<name>[\w-]{1,80}(?:\.fifo)?)\Z",
    re.ASCII,
)
_OLDEST_REGION: Final = "us-east-1"
"""Source: SQS Developer Guide, "Amazon SQS endpoints": queue.amazonaws.com is there."""
_POOL: Final = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])[_:][\w-]{1,55}\Z", re.ASCII)
_QUALIFIED: Final = re.compile(
    r"(?P<name>(?:[0-9]{12}:function:)?[\w-]{1,140}):(?P<alias>[\w$-]{1,128})\Z"
)
_FORM_NAME: Final = "${filename}"
"""Stands in the key of a form for the name of the file that is uploaded."""
_ENCODED: Final = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".go")
"""Languages whose SDK takes `CopySource` as the header has it; that of Python encodes it."""
_PARTIQL: Final = re.compile(
    r"\s*(?:(?P<select>SELECT)\b.*?\bFROM|(?P<insert>INSERT)\s+INTO|(?P<update>UPDATE)"
    r"|(?P<delete>DELETE)\s+FROM)\s+(?:\"(?P<quoted>[\w.-]{1,255})\"|(?P<plain>\w{1,255}))",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_ADDRESS: Final = re.compile(r"<([^<>]{1,320})>\s*\Z")
_PROFILE: Final = re.compile(r"(?:us|eu|apac|ap|jp|au|ca|us-gov|global)\.([a-z0-9-]+\..{1,120})\Z")
_MAX_TEXT: Final = 4096


def completed(call: Call) -> Call:
    """Return the call with what its arguments hold, each under a name of its own."""
    change = _CHANGES.get(call.service)
    return call if change is None else change(call)


def given(arguments: Arguments, name: str) -> bool:
    """Say whether the call gives a member, or a part of it."""
    return name in arguments or any(known.startswith(f"{name}.") for known in arguments)


def _of_s3(call: Call) -> Call:
    """Take `CopySource` apart: `bucket/key?versionId=...`, with a slash before it or not."""
    arguments = dict(call.arguments)
    if call.operation == "PutObject" and "Key" in arguments:
        arguments["Key"] = tuple(map(_of_form, arguments["Key"]))
    is_encoded = call.spot.path.lower().endswith(_ENCODED)
    for source in arguments.pop("CopySource", ()):
        bucket, key = _split(mapped(source, unquote) if is_encoded else source)
        arguments["CopySource.Bucket"] = (*arguments.get("CopySource.Bucket", ()), bucket)
        arguments["CopySource.Key"] = (*arguments.get("CopySource.Key", ()), key)
        if "?versionId=" in "".join(part for part in source if isinstance(part, str)):
            arguments["CopySource.VersionId"] = ((Hole(""),),)
    return replace(call, arguments=arguments)


def _of_form(key: Text) -> Text:
    """Return the key of a form with a hole for what the browser puts there."""
    found: list[str | Hole] = []
    for part in key:
        if isinstance(part, Hole):
            found.append(part)
            continue
        for place, piece in enumerate(part.split(_FORM_NAME)):
            found += (Hole(""), piece) if place else (piece,)
    return joined(*found)


def _split(source: Text) -> tuple[Text, Text]:
    """Return the bucket and the key of a source."""
    parts = list(source)
    if parts and isinstance(parts[0], str):
        parts[0] = parts[0].removeprefix("/")
    for place, part in enumerate(parts):
        if isinstance(part, str) and "/" in part:
            before, _, after = part.partition("/")
            key = joined(after.partition("?versionId=")[0], *parts[place + 1 :])
            return joined(*parts[:place], before), key
    return ((Hole("SOURCE_BUCKET"),) if len(parts) != 1 else tuple(parts)), (Hole(""),)


def _of_sqs(call: Call) -> Call:
    """Take the URL of a queue apart."""
    urls = call.arguments.get("QueueUrl", ())
    if not urls:
        return call
    arguments = {name: value for name, value in call.arguments.items() if name != "QueueUrl"}
    names, region, account = [], call.region, call.account
    for url in urls:
        found = _QUEUE_URL.match(literal(url) or "")
        if found:
            region = found["region"] or found["old"] or _OLDEST_REGION
            account = found["account"]
        names.append((found["name"],) if found else _queue_name(url))
    arguments["QueueName"] = (*arguments.get("QueueName", ()), *names)
    return replace(call, arguments=arguments, region=region, account=account)


def _queue_name(url: Text) -> Text:
    """Return the name of a queue whose URL is not all known: what follows the last slash."""
    for place in range(len(url) - 1, -1, -1):
        part = url[place]
        if isinstance(part, str) and "/" in part:
            return joined(part.rpartition("/")[2], *url[place + 1 :]) or (Hole("QUEUE_NAME"),)
    return tuple(_name_for_url(part) for part in url)


def _name_for_url(part: str | Hole) -> str | Hole:
    if isinstance(part, str) or not part.name:
        return part
    if part.name in ("URL", "QUEUE_URL"):
        return Hole("QUEUE_NAME")
    return Hole(f"{part.name[:-4]}_NAME") if part.name.endswith("_URL") else part


def _of_dynamodb(call: Call) -> Call:
    """Name the tables of PartiQL statements by what is done to them."""
    arguments = dict(call.arguments)
    for member in ("Statement", "Statements.Statement", "TransactStatements.Statement"):
        for statement in call.arguments.get(member, ()):
            said = "".join(part for part in statement[:1] if isinstance(part, str))
            found = _PARTIQL.match(said[:_MAX_TEXT])
            if found:
                verb = next(name for name in _VERBS if found[name.lower()])
                table: Text = (found["quoted"] or found["plain"],)
                key = f"PartiQL.{verb}"
                arguments[key] = (*arguments.get(key, ()), table)
            elif statement:
                arguments["PartiQL"] = (statement,)
    return replace(call, arguments=arguments)


_VERBS: Final = ("Select", "Insert", "Update", "Delete")


def _of_ses(call: Call) -> Call:
    """Take the address out of `Name <address>`."""
    arguments = dict(call.arguments)
    for member in ("Source", "FromEmailAddress"):
        texts = arguments.get(member)
        if texts is not None:
            arguments[member] = tuple(_address(text) for text in texts)
    return replace(call, arguments=arguments)


def _address(text: Text) -> Text:
    whole = literal(text)
    found = _ADDRESS.search(whole[:_MAX_TEXT]) if whole is not None else None
    return text if found is None else (found[1],)


def _of_lambda(call: Call) -> Call:
    """Take the alias or version off a function's name: `name:alias`."""
    found = [
        _QUALIFIED.match(literal(text) or "") for text in call.arguments.get("FunctionName", ())
    ]
    known = [one for one in found if one is not None]
    if not known or len(known) != len(found) or "Qualifier" in call.arguments:
        return call
    more: dict[str, tuple[Text, ...]] = {
        "FunctionName": tuple((one["name"],) for one in known),
        "Qualifier": tuple((one["alias"],) for one in known),
    }
    return replace(call, arguments={**call.arguments, **more})


def _of_cognito(call: Call) -> Call:
    """Take the region from the id of a pool: `eu-west-1_AbCdEf`."""
    for member in ("UserPoolId", "IdentityPoolId", "IdentityId"):
        for text in call.arguments.get(member, ()):
            found = _POOL.match(literal(text) or "")
            if found:
                return replace(call, region=found["region"])
    return call


def _of_glue(call: Call) -> Call:
    """Name a table that is made or changed as others name it."""
    name = call.arguments.get("TableInput.Name")
    return call if name is None else replace(call, arguments={**call.arguments, "TableName": name})


def _of_ecs(call: Call) -> Call:
    """Take the revision off a task definition: `web:3`."""
    arguments = dict(call.arguments)
    for text in arguments.get("taskDefinition", ()):
        family, _, revision = (literal(text) or "").partition(":")
        if revision.isdigit():
            arguments |= {"taskDefinition": ((family,),), "Revision": ((revision,),)}
    return replace(call, arguments=arguments)


def _of_bedrock(call: Call) -> Call:
    """Tell an inference profile by its id, `us.anthropic.claude-...`, from a model."""
    found = [_PROFILE.match(literal(text) or "") for text in call.arguments.get("modelId", ())]
    profiles = [one for one in found if one is not None]
    if not profiles or len(profiles) != len(found):
        return call
    more: dict[str, tuple[Text, ...]] = {
        "ProfileId": tuple((one[0],) for one in profiles),
        "modelId": tuple((one[1],) for one in profiles),
    }
    return replace(call, arguments={**call.arguments, **more})


_CHANGES: Final[Mapping[str, Callable[[Call], Call]]] = {
    "s3": _of_s3,
    "sqs": _of_sqs,
    "dynamodb": _of_dynamodb,
    "ses": _of_ses,
    "sesv2": _of_ses,
    "ecs": _of_ecs,
    "lambda": _of_lambda,
    "cognito-idp": _of_cognito,
    "cognito-identity": _of_cognito,
    "glue": _of_glue,
    "bedrock-runtime": _of_bedrock,
}
