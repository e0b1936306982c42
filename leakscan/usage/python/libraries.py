"""Libraries that call AWS themselves, as far as it is certain what they call.

Part of the privilege stage. In: a call. Out: as Unclear, that something of AWS is read or written:
what each version of a library calls for it is not known.
"""

import ast
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Spot, Unclear
from leakscan.usage.python import values as v
from leakscan.usage.python.eval import Evaluation

_ADDRESS: Final = ("s3://", "s3a://", "s3n://")
_ALWAYS: Final = {
    "s3fs.": "s3fs calls S3 with what it is asked for",
    "awswrangler.": "awswrangler calls AWS itself",
    "smart_open.s3": "smart_open calls S3 itself",
    "pynamodb.": "pynamodb calls DynamoDB itself",
    "s3path.": "s3path calls S3 with what it is asked for",
    "cloudpathlib.S3": "cloudpathlib calls S3 with what it is asked for",
    "airflow.providers.amazon.": "Airflow calls AWS itself",
    "sagemaker.": "the SDK of SageMaker calls AWS itself",
    "watchtower.": "watchtower writes to CloudWatch Logs",
    "storages.backends.s3": "django-storages calls S3 itself",
    **dict.fromkeys(
        ("botocore.auth.", "requests_aws4auth.", "aws_requests_auth.", "requests_auth_aws_sigv4."),
        "the code signs a request of its own",
    ),
}
_WRITES: Final = ("to_", "write", "save", "put", "upload", "dump")


def of_library(call: ast.Call, here: Evaluation, spot: Spot) -> Iterator[Unclear]:
    """Yield what a library does with AWS in this call."""
    for callee in here.of(call.func):
        name = callee.name if isinstance(callee, v.External) else ""
        why = next((why for start, why in _ALWAYS.items() if name.startswith(start)), "")
        if why:
            yield Unclear(spot, why)
            return
    if not isinstance(call.func, ast.Attribute | ast.Name):
        return
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
    if name in {"startswith", "removeprefix", "replace", "split", "format", "match", "print"}:
        return
    if any(_is_address(node, here) for node in call.args[:2]):
        done = "written to" if name.startswith(_WRITES) else "read from or written to"
        yield Unclear(spot, f"an address of S3 is {done}, perhaps, by a library")


def _is_address(node: ast.expr, here: Evaluation) -> bool:
    if not isinstance(node, ast.Constant | ast.JoinedStr | ast.Name | ast.BinOp | ast.Attribute):
        return False
    return any(
        isinstance(value, v.Known)
        and bool(value.text)
        and isinstance(value.text[0], str)
        and value.text[0].startswith(_ADDRESS)
        for value in here.of(node)
    )
