"""Files that say what a tool creates in AWS: Terraform, CloudFormation, CDK and others.

In: a path and bytes. Out: the name of the tool, or nothing. Such a file calls no API; whoever
applies it needs permissions for all that it names, and those are told by no reader.
"""

import re
from typing import Final

_BY_NAME: Final = (
    ("Terraform", re.compile(r".*\.(?:tf|tofu)(?:\.json)?\Z|.*terragrunt\.hcl(?:\.json)?\Z")),
    ("Serverless Framework", re.compile(r"serverless(?:[.-][\w.-]*)?\.(?:ya?ml|json|[jt]s)\Z")),
    ("CDK", re.compile(r"cdk\.json\Z")),
    ("Pulumi", re.compile(r"pulumi(?:\.[\w.-]+)?\.ya?ml\Z")),
    ("SST", re.compile(r"sst\.config\.[cm]?[jt]s\Z")),
)
_TEMPLATE: Final = (".yaml", ".yml", ".json", ".template")
_SAM: Final = re.compile(rb"AWS::Serverless-20")
_CLOUDFORMATION: Final = re.compile(
    rb"""AWSTemplateFormatVersion|["']?Type["']?\s*:\s*["']?AWS::[A-Za-z0-9]+::"""
)


def tool_of(path: str, data: bytes) -> str:
    """Return the tool that a file says to it what to create, empty where it is no such file."""
    name = path.rpartition("/")[2].lower()
    for tool, pattern in _BY_NAME:
        if pattern.match(name):
            return tool
    if not name.endswith(_TEMPLATE) or b"AWS" not in data:
        return ""
    if _SAM.search(data):
        return "SAM"
    return "CloudFormation" if _CLOUDFORMATION.search(data) else ""
