"""Powertools for AWS Lambda: which of its functions call what, as its documents say.

Part of the usage stage. In: a call of one. Out: Calls.
Source: https://docs.aws.amazon.com/powertools/python/latest/utilities/parameters/#iam-permissions
and https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/#iam-permissions
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call, Spot
from leakscan.usage.given import call as call_of
from leakscan.usage.python.eval import Evaluation
from leakscan.usage.python.given import given_of, positional

_NAME: Final = re.compile(
    r"aws_lambda_powertools\.utilities\.(?:parameters|idempotency)\.(?:\w+\.)*(\w+)\Z"
)
_FUNCTIONS: Final = {
    "get_parameter": ("ssm", ("GetParameter",), "name", "Name"),
    "get_parameters": ("ssm", ("GetParametersByPath",), "path", "Path"),
    "get_parameters_by_name": ("ssm", ("GetParameters", "GetParameter"), "parameters", ""),
    "set_parameter": ("ssm", ("PutParameter",), "name", "Name"),
    "get_secret": ("secretsmanager", ("GetSecretValue",), "name", "SecretId"),
    "set_secret": ("secretsmanager", ("PutSecretValue", "CreateSecret"), "name", "SecretId"),
    "DynamoDBPersistenceLayer": (
        "dynamodb",
        ("GetItem", "PutItem", "UpdateItem", "DeleteItem"),
        "table_name",
        "TableName",
    ),
}
"""Service, operations, the first parameter, and the member of the input that it is."""


def of_powertools(name: str, call: ast.Call, here: Evaluation, spot: Spot) -> Iterator[Call]:
    """Yield what a function of Powertools, by its dotted name, calls."""
    found = _NAME.match(name)
    if found is None or found[1] not in _FUNCTIONS:
        return
    service, operations, parameter, member = _FUNCTIONS[found[1]]
    named = positional(call, (parameter,))
    given = given_of({member: named[parameter]}, here) if parameter in named and member else []
    for operation in operations:
        yield call_of(service, operation, given, spot)
