"""What AWS's services are called in botocore, in other SDKs and in the CLI.

Part of the usage stage. In: a name as code has it. Out: botocore's name of the service, or None
where none is certain. Only the head of each model is read, not the models.
"""

import re
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import botocore

_HEAD_BYTES: Final = 8192
_FACT: Final = re.compile(
    rb'"(serviceId|serviceAbbreviation|serviceFullName)"\s*:\s*"([^"\\]{1,128})"'
)
_OWNER: Final = re.compile(r"Amazon|AWS|\(.{0,40}?\)")
_JS_PACKAGE: Final = re.compile(r"@aws-sdk/client-([a-z0-9-]{1,64})\Z")

_RENAMED: Final = {
    "cloudwatchevents": "events",
    "cognitoidentityserviceprovider": "cognito-idp",
}
"""Names of the older SDKs, without punctuation, that do not follow from the models."""

_CLI: Final = {"s3api": "s3", "deploy": "codedeploy", "configservice": "config"}
"""Source: AWS CLI, `awscli/customizations`."""


@cache
def services() -> frozenset[str]:
    """Return botocore's names of all services that it knows."""
    return frozenset(_facts())


def service_of_python(name: str) -> str | None:
    """Return the service of `boto3.client(name)`: the name itself, or None."""
    return name if name in services() else None


def service_of_go_package(name: str) -> str | None:
    """Return the service of the last part of a Go import path, of either version of the SDK."""
    return _index().get(_plain(name))


def service_of_js_package(name: str) -> str | None:
    """Return the service of an npm package of version 3, such as `@aws-sdk/client-s3`."""
    found = _JS_PACKAGE.match(name)
    return _index().get(_plain(found[1])) if found else None


def service_of_js_class(name: str) -> str | None:
    """Return the service of a class: `DynamoDB` of version 2 or 3, `DynamoDBClient` of 3."""
    return _index().get(_plain(name)) or _index().get(_plain(name.removesuffix("Client")))


def service_of_cli(name: str) -> str | None:
    """Return the service of a command of the AWS CLI; of `s3`, which is no API's own, None."""
    return service_of_python(_CLI.get(name, name)) if name != "s3" else None


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isascii() and char.isalnum())


@cache
def _index() -> dict[str, str]:
    """Return services by each name that is one service's alone; earlier ways of naming win.

    Source: the AWS SDKs name packages and classes after serviceId, the older ones after
    serviceAbbreviation or serviceFullName without "Amazon" and "AWS".
    """
    index = {name: service for name, service in _RENAMED.items() if service in services()}
    ways: tuple[Callable[[str, dict[str, str]], str], ...] = (
        lambda _, facts: facts.get("serviceId", ""),
        lambda service, _: service,
        lambda _, facts: _OWNER.sub("", facts.get("serviceAbbreviation", "")),
        lambda _, facts: _OWNER.sub("", facts.get("serviceFullName", "")),
    )
    for way in ways:
        named: dict[str, list[str]] = {}
        for service, facts in _facts().items():
            named.setdefault(_plain(way(service, facts)), []).append(service)
        for name, found in named.items():
            if name and len(found) == 1:
                index.setdefault(name, found[0])
    return index


@cache
def _facts() -> dict[str, dict[str, str]]:
    """Return what the head of each model says of its service's names, by botocore's name."""
    data = Path(botocore.__file__).with_name("data")
    found: dict[str, dict[str, str]] = {}
    for model in sorted(data.glob("*/*/service-2.json*")):
        if model.name in {"service-2.json", "service-2.json.gz"}:
            facts = _FACT.findall(_head(model))
            found[model.parts[-3]] = {key.decode(): name.decode() for key, name in facts}
    return found


def _head(model: Path) -> bytes:
    with model.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if model.suffix != ".gz":
        return head
    return zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)
