"""What Python lets others do with AWS: libraries, settings, commands; and silent files."""

import codecs

import pytest

from leakscan.permissions import Usage
from leakscan.usage.collect import usage
from leakscan.usage.python.reader import PythonReader
from tests.usage.test_python import argument, calls, read


def why(found: Usage) -> list[str]:
    return [one.why for one in found.unclear]


LIBRARIES = {
    "from pynamodb.models import Model\nclass U(Model):\n  pass\nU.get('x')": "pynamodb calls",
    "import boto\nc = boto.connect_s3()\nc.get_bucket('old').delete()": "boto 2 calls",
    "from boto.s3.connection import S3Connection as C\nC().get_bucket('b')": "boto 2 calls",
    "from requests_aws4auth import AWS4Auth\nAWS4Auth(1, 2)": "signs a request",
    "from requests_aws4auth import AWS4Auth as A\nget(auth=A(1, 2))": "signs a request",
    "from botocore.auth import SigV4Auth\nclass Mine(SigV4Auth):\n  pass": "signs a request",
    "from opensearchpy import AWSV4SignerAuth\nAWSV4SignerAuth(c, 'r')": "signs a request",
    "import aws_lambda_powertools.utilities.parameters as p\np.SSMProvider().get('x')": "calls AWS",
    "from aws_lambda_powertools.utilities.batch import BatchProcessor\nBatchProcessor()": "polls",
    "from langchain_aws import ChatBedrock\nChatBedrock()": "calls Bedrock",
    "from anthropic import AnthropicBedrock\nAnthropicBedrock()": "calls Bedrock",
    "from pyarrow import fs\nfs.S3FileSystem()": "calls S3",
    "import fsspec\nfsspec.filesystem('s3')": "fsspec calls S3",
    "import smart_open\nsmart_open.open(url)": "smart_open calls S3",
    "import redshift_connector\nredshift_connector.connect(iam=True)": "signs in to a database",
    "from aws_xray_sdk.core import patch_all\npatch_all()": "xray:PutTraceSegments",
    "def f():\n  import watchtower\n  return watchtower.CloudWatchLogHandler()": "watchtower calls",
    "STORAGES = {'default': {'BACKEND': 'storages.backends.s3.S3Storage'}}": "a setting names a",
    "DEFAULT_FILE_STORAGE = 'storages.backends.s3boto3.S3Boto3Storage'": "a setting names a",
    "EMAIL_BACKEND = 'django_ses.SESBackend'": "a setting names a",
    "CELERY_BROKER_URL = 'sqs://'": "a setting names an address",
    "app = Celery(broker=f'sqs://{key}:{secret}@')": "a setting names an address",
    "litellm.completion(model='bedrock/anthropic.claude')": "a model of Bedrock",
    "from plumbum.cmd import aws\naws['s3', 'ls']()": "runs the AWS CLI",
}


@pytest.mark.parametrize(("source", "expected"), LIBRARIES.items(), ids=LIBRARIES)
def test_a_library_that_calls_aws_is_named(source: str, expected: str) -> None:
    found = read(source)

    assert not found.calls
    assert [expected in one for one in why(found)] == [True]


SILENT = {
    "unused": "import pynamodb, boto3\nx = 1",
    "exceptions": "from pynamodb.exceptions import DoesNotExist\nx = DoesNotExist",
    "only types": "from typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n  from s3fs import S3FileSystem\ndef f(x: 'S3FileSystem'): ...",
    "boto's exceptions": "from botocore.exceptions import ClientError\nx = ClientError",
    "boto's settings": "from botocore.config import Config\nx = Config()",
    "boto3's conditions": "from boto3.dynamodb.conditions import Key\nx = Key('x')",
    "an annotation": "import boto3\ndef f(x: boto3.Session) -> None: ...",
    "a comparison": "import s3fs\nif backend == 'django_ses.SESBackend': pass",
    "a comment": "# aws s3 ls\n# 'sqs://'\nx = 1",
    "another program": "import subprocess\nsubprocess.run(['git', 'status', 'aws '])",
    "help": "parser.add_argument('-x', help='aws s3 ls')\nprint('aws s3 cp a s3://b')",
    "constants": "import s3transfer.constants\nx = s3transfer.constants.KB",
    "a sentence": "x = 'aws lambda functions are great'",
    "documentation": 'def f():\n  """aws s3 ls"""',
    "the version": "import subprocess\nsubprocess.run(['aws', '--version'])",
}


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_what_calls_nothing_is_not_named(source: str) -> None:
    found = read(source)

    assert (found.calls, why(found)) == ((), [])


def test_a_module_of_the_repository_is_no_library() -> None:
    found = read(warrant__core="def f(): ...", main="from warrant.core import f\nf()")

    assert not found.unclear


def test_one_library_is_said_once_in_a_file() -> None:
    found = read("import s3fs\na = s3fs.S3FileSystem()\nb = s3fs.S3FileSystem()\nc = s3fs.S3Map(a)")

    assert [one.spot.line for one in found.unclear] == [2]


def test_an_address_in_a_setting_is_shown_without_its_key() -> None:
    found = read("BROKER_URL = 'sqs://hidden:value@'")

    assert [one.spot.said for one in found.unclear] == ["sqs://"]


def test_powertools() -> None:
    found = read(
        """
        from aws_lambda_powertools.utilities import parameters
        from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
        layer = DynamoDBPersistenceLayer(table_name="idem")
        flag = parameters.get_parameter("/svc/flag", decrypt=True)
        secret = parameters.get_secret("svc/secret")
        """
    )

    assert [one for one in calls(found) if not one.startswith("dynamodb")] == [
        "ssm:GetParameter",
        "secretsmanager:GetSecretValue",
    ]
    assert set(argument(found, "TableName")) == {"idem"}
    assert argument(found, "Name") == ["/svc/flag"]
    assert argument(found, "SecretId") == ["svc/secret"]
    assert not found.unclear


COMMANDS = {
    "subprocess.run(['aws', 's3', 'rm', 's3://b/k'], check=True)": "b",
    "subprocess.check_call('aws s3 rm s3://b/k', shell=True)": "b",
    "subprocess.check_output(shlex.split('aws s3 rm s3://b/k'))": "b",
    "subprocess.Popen('aws s3 rm s3://b/k'.split())": "b",
    "subprocess.run(['bash', '-c', 'aws s3 rm s3://b/k'])": "b",
    "subprocess.run(args=['aws', 's3', 'rm', f's3://{BUCKET}/k'])": "<BUCKET>",
    "os.system(f'cd x && aws s3 rm s3://{BUCKET}/k')": "<BUCKET>",
    "command = ['aws', 's3', 'rm']; command += ['s3://b/k']; subprocess.call(command)": "b",
    "asyncio.create_subprocess_exec('aws', 's3', 'rm', 's3://b/k')": "b",
    "c.run('aws s3 rm s3://b/k')": "b",
    "sh.aws('s3', 'rm', 's3://b/k')": "b",
    "sh.aws.s3.rm('s3://b/k')": "b",
    "BashOperator(bash_command='aws s3 rm s3://b/k')": "b",
    "own('aws s3 rm s3://b/k')": "b",
}


@pytest.mark.parametrize(("source", "bucket"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_is_read_as_a_shell_reads_it(source: str, bucket: str) -> None:
    found = read(
        "import asyncio, os, sh, shlex, subprocess\n"
        "def own(command):\n    subprocess.run(command, shell=True)\n"
        f"def f(c, BUCKET):\n    {source}"
    )

    assert calls(found) == ["s3:DeleteObject"]
    assert argument(found, "Bucket") == [bucket]
    assert not found.unclear


UNCLEAR_COMMANDS = {
    "subprocess.run(['aws', *rest])": "which operation it is",
    "subprocess.run(['aws', 's3', verb])": "not an understood command",
    "later(['aws', 's3', 'ls'])": "what runs it was not followed",
    "STEPS = {'x': 'aws s3 rm s3://b/k'}": "what runs it was not followed",
    "subprocess.run(['cdk', 'deploy', 'aws '])": "cdk calls AWS by itself",
}


@pytest.mark.parametrize(("source", "expected"), UNCLEAR_COMMANDS.items(), ids=UNCLEAR_COMMANDS)
def test_a_command_that_is_not_known_is_said(source: str, expected: str) -> None:
    found = read(f"import subprocess\ndef f(rest, verb):\n    {source}")

    assert not found.calls
    assert [expected in one for one in why(found)] == [True]


IDLE = {
    "handed to somebody": "import boto3\nforeign(boto3)",
    "a session nobody uses": "import boto3\ns = boto3.Session()\nforeign(s)",
    "made by name": "import boto3\nmake = getattr(boto3, kind)\nmake('x')",
    "a module of botocore": "import botocore.session\nforeign(botocore.session)",
}


@pytest.mark.parametrize("source", IDLE.values(), ids=IDLE)
def test_a_file_of_which_nothing_was_followed_says_so(source: str) -> None:
    found = read(source)

    assert not found.calls
    assert ["and no call of it was followed" in one for one in why(found)] == [True]
    assert found.unclear[0].spot.line == 1


def test_a_file_whose_session_is_used_elsewhere_is_not_named() -> None:
    found = read(
        app__aws="import boto3\nsession = boto3.Session()\ndef s3():\n  return boto3.client('s3')",
        app__main="from app.aws import s3\ns3().get_object(Bucket='b', Key='k')",
        app__other="from app.aws import session\nsession.client('sqs').list_queues()",
    )

    assert calls(found) == ["s3:GetObject", "sqs:ListQueues"]
    assert not found.unclear


def test_a_session_of_ones_own() -> None:
    found = read(
        """
        from botocore.session import Session
        class Guarded(Session):
            def __init__(self, profile):
                super().__init__(profile=profile)
        Guarded('p').create_client('s3').get_object(Bucket='b', Key='k')
        """
    )

    assert calls(found) == ["s3:GetObject"]


def test_a_client_of_any_service() -> None:
    found = read(
        """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from botocore.client import BaseClient
        from botocore import xform_name
        def f(client: "BaseClient", operation):
            return getattr(client, xform_name(operation))()
        """
    )

    assert why(found) == ["which call it is of which service is not known"]


def test_an_answer_of_a_client_of_any_service_calls_nothing() -> None:
    found = read(
        """
        from botocore.client import BaseClient
        def f(client: BaseClient):
            client.meta.events.register("x", f)
            return client.get_records(ShardIterator="x").get("Records").copy()
        """
    )

    assert why(found) == ["it is a call of a client whose service is not known"]


DEFAULTS = [
    "os.environ.get('X_BUCKET', 'default')",
    "os.environ.get('X_BUCKET') or 'default'",
    "os.getenv('X_BUCKET') or os.getenv('OTHER') and 'default'",
    "os.environ['X_BUCKET'] if 'X_BUCKET' in os.environ else 'default'",
    "os.environ.setdefault('X_BUCKET', 'default')",
]


@pytest.mark.parametrize("source", DEFAULTS)
def test_the_environment_decides_and_not_its_default(source: str) -> None:
    found = read(f"import os, boto3\nboto3.client('s3').head_bucket(Bucket={source})")

    assert argument(found, "Bucket")[0] == "<X_BUCKET>"
    assert "default" not in argument(found, "Bucket")


@pytest.mark.parametrize("source", ["yaml.safe_load(x)", "x.pop()", "x.value", "json.loads(x)"])
def test_a_hole_has_the_name_of_the_member_rather_than_of_a_method(source: str) -> None:
    found = read(f"import boto3\ndef f(x):\n  boto3.client('s3').head_bucket(Bucket={source})")

    assert argument(found, "Bucket") == ["<BUCKET>"]


SOURCE = "import boto3\nboto3.client('s3').head_bucket(Bucket='b')\n"


@pytest.mark.parametrize("coding", ["latin-1", "cp1252", "utf-7", "euc-jp"])
def test_a_coding_is_that_which_the_file_names(coding: str) -> None:
    head = f"# -*- coding: {coding} -*-\n"
    data = head.encode() + SOURCE.encode(coding)

    found = usage([("a.py", data)], [PythonReader()])

    assert calls(found) == ["s3:HeadBucket"]


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF16_LE + SOURCE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + SOURCE.encode("utf-16-be"),
        b"# coding: rot13\n" + codecs.encode(SOURCE, "rot13").encode(),
        b"# coding: zlib\n" + codecs.encode(SOURCE.encode(), "zlib"),
        b"# coding: base64\n" + codecs.encode(SOURCE.encode(), "base64"),
        b"# coding: punycode\n" + SOURCE.encode(),
        b"# coding: no-such-coding\n" + SOURCE.encode(),
        b"# coding: euc-jp\n# \xff\xff\n" + SOURCE.encode(),
    ],
)
def test_what_is_no_coding_of_texts_is_not_read(data: bytes) -> None:
    found = usage([("a.py", data)], [PythonReader()])

    assert not found.calls
    assert [one.startswith("not read: ") for one in why(found)] == [True]
