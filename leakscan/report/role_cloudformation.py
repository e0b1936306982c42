"""A suggested role as CloudFormation.

In: a cleaned `Suggestion`. Out: YAML, written by PyYAML: parameters for what is open, the role with
its trust and its policies. Where a text has a variable it is a `Fn::Sub`; account and region are
those of the stack.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from leakscan.permissions import Suggestion
from leakscan.report.base import ReportOptions
from leakscan.report.role_document import (
    MARK,
    MARKED,
    is_managed,
    marked,
    policies,
    size_of,
    trust,
)
from leakscan.report.role_terraform import comments

_PSEUDO: Final = {"REGION": "AWS::Region", "ACCOUNT_ID": "AWS::AccountId"}


def render_cloudformation(made: Suggestion, _options: ReportOptions) -> bytes:
    """Return the role as a template of CloudFormation."""
    import yaml

    head = "\n".join(comments(made, size_of(made)))
    body = yaml.safe_dump(_template(made), sort_keys=False, width=4096, allow_unicode=False)
    return f"{head}\n{body}".encode("ascii")


def _template(made: Suggestion) -> dict[str, Any]:
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The role {made.role}, suggested by leakscan",
    }
    parameters = {
        parameter(name): {"Type": "String", "Description": (meaning or name)[:4000]}
        for name, meaning in made.variables.items()
        if name not in _PSEUDO
    }
    if parameters:
        template["Parameters"] = parameters
    template["Resources"] = dict(_resources(made))
    return template


def _resources(made: Suggestion) -> Iterator[tuple[str, Any]]:
    found = policies(made, marked)
    managed = is_managed(found) or not made.trust
    if made.trust:
        properties: dict[str, Any] = {
            "RoleName": made.role,
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": _trust(made),
        }
        if found and not managed:
            properties["Policies"] = [
                {"PolicyName": one.name, "PolicyDocument": _substituted(one.document)}
                for one in found
            ]
        yield "Role", {"Type": "AWS::IAM::Role", "Properties": properties}
    for number, one in enumerate(found if managed else [], 1):
        properties = {"ManagedPolicyName": one.name, "PolicyDocument": _substituted(one.document)}
        if made.trust:
            properties["Roles"] = [{"Ref": "Role"}]
        yield f"Policy{number}", {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def _trust(made: Suggestion) -> Any:
    """Return the trust policy; where a key has a variable, as JSON text: keys take no `Fn::Sub`."""
    document = trust(made, mark=True)
    found = _substituted(document)
    text = json.dumps(found, ensure_ascii=False)
    return _substituted(json.dumps(document, ensure_ascii=False)) if MARK in text else found


def parameter(name: str) -> str:
    """Return the name of a parameter of CloudFormation: letters and digits."""
    return "".join(part.capitalize() for part in name.split("_") if part) or "Value"


def _substituted(node: Any) -> Any:
    """Return a value with `Fn::Sub` where a text has variables of ours, and only there."""
    if isinstance(node, dict):
        return {key: _substituted(one) for key, one in node.items()}
    if isinstance(node, list):
        return [_substituted(one) for one in node]
    if not isinstance(node, str) or MARK not in node:
        return node
    parts = []
    done = 0
    for found in MARKED.finditer(node):
        name = _PSEUDO.get(found[1]) or parameter(found[1])
        parts += [_literal(node[done : found.start()]), f"${{{name}}}"]
        done = found.end()
    return {"Fn::Sub": "".join([*parts, _literal(node[done:])])}


def _literal(text: str) -> str:
    return text.replace("${", "${!")
