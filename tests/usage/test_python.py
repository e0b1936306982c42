"""What Python does with AWS: many ways to write a client, its calls, and what they are given."""

import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakscan.permissions import Hole, Text, Usage
from leakscan.usage.collect import usage
from leakscan.usage.python.reader import PythonReader


def read(*sources: str, **files: str) -> Usage:
    texts = {f"m{number}.py": source for number, source in enumerate(sources)}
    texts |= {f"{name.replace('__', '/')}.py": source for name, source in files.items()}
    whole = [(path, textwrap.dedent(text).encode()) for path, text in texts.items()]
    return usage(whole, [PythonReader()])


def shown(text: Text) -> str:
    return "".join(f"<{part.name}>" if isinstance(part, Hole) else part for part in text)


def calls(found: Usage) -> list[str]:
    return [f"{call.service}:{call.operation}" for call in found.calls]


def argument(found: Usage, name: str) -> list[str]:
    return [shown(text) for call in found.calls for text in call.arguments.get(name, ())]


CLIENTS = {
    "module": "import boto3\nc = boto3.client('s3')\ndef f():\n  c.get_object(Bucket='b', Key='k')",
    "local": "import boto3\ndef f():\n c = boto3.client('s3')\n c.get_object(Bucket='b', Key='k')",
    "at once": "import boto3\nboto3.client('s3').get_object(Bucket='b', Key='k')",
    "keyword": "import boto3\nboto3.client(service_name='s3').get_object(Bucket='b', Key='k')",
    "alias": "import boto3 as b\nb.client('s3').get_object(Bucket='b', Key='k')",
    "from": "from boto3 import client as c\nc('s3').get_object(Bucket='b', Key='k')",
    "session": "import boto3\nboto3.Session().client('s3').get_object(Bucket='b', Key='k')",
    "session kept": """
        from boto3.session import Session
        session = Session(profile_name='x')
        s3 = session.client('s3')
        s3.get_object(Bucket='b', Key='k')
        """,
    "botocore": """
        import botocore.session
        s3 = botocore.session.get_session().create_client('s3')
        s3.get_object(Bucket='b', Key='k')
        """,
    "self": """
        import boto3
        class A:
            def __init__(self):
                self.s3 = boto3.client('s3')
            def f(self):
                return self.s3.get_object(Bucket='b', Key='k')
        """,
    "class attribute": """
        import boto3
        class A:
            s3 = boto3.client('s3')
            def f(self):
                return self.s3.get_object(Bucket='b', Key='k')
        """,
    "above": """
        import boto3
        class Base:
            def __init__(self):
                self.s3 = boto3.client('s3')
        class A(Base):
            def f(self):
                return self.s3.get_object(Bucket='b', Key='k')
        """,
    "cached property": """
        import boto3
        from functools import cached_property
        class A:
            @cached_property
            def s3(self):
                return boto3.client('s3')
            def f(self):
                return self.s3.get_object(Bucket='b', Key='k')
        """,
    "function": """
        import boto3
        def get_s3():
            return boto3.client('s3')
        def f():
            get_s3().get_object(Bucket='b', Key='k')
        """,
    "function of the service": """
        import boto3
        def get(name, region='x'):
            return boto3.client(name, region_name=region)
        get('s3').get_object(Bucket='b', Key='k')
        get('sqs')
        """,
    "global": """
        import boto3
        _s3 = None
        def s3():
            global _s3
            if _s3 is None:
                _s3 = boto3.client('s3')
            return _s3
        s3().get_object(Bucket='b', Key='k')
        """,
    "default": """
        import boto3
        def f(s3=boto3.client('s3')):
            s3.get_object(Bucket='b', Key='k')
        """,
    "parameter": """
        import boto3
        def f(c):
            c.get_object(Bucket='b', Key='k')
        f(boto3.client('s3'))
        """,
    "handed to a pool": """
        import boto3
        class A:
            def f(self, pool):
                pool.submit(self.g, boto3.client('s3'), 1)
            def g(self, c, number):
                c.get_object(Bucket='b', Key='k')
        """,
    "thread": """
        import boto3, threading
        def g(c):
            c.get_object(Bucket='b', Key='k')
        threading.Thread(target=g, args=(boto3.client('s3'),)).start()
        """,
    "constructor": """
        import boto3
        class A:
            def __init__(self, s3=None):
                self.s3 = s3 or boto3.client('s3')
            def f(self):
                self.s3.get_object(Bucket='b', Key='k')
        """,
    "from class method": """
        import boto3
        class A:
            def __init__(self, s3):
                self.s3 = s3
            @classmethod
            def make(cls):
                return cls(boto3.client('s3'))
            def f(self):
                self.s3.get_object(Bucket='b', Key='k')
        """,
    "annotation": """
        from mypy_boto3_s3 import S3Client
        def f(s3: S3Client):
            s3.get_object(Bucket='b', Key='k')
        """,
    "annotation as text": """
        from typing import TYPE_CHECKING, Optional
        if TYPE_CHECKING:
            from mypy_boto3_s3.client import S3Client
        def f(s3: "Optional[S3Client]" = None):
            s3.get_object(Bucket='b', Key='k')
        """,
    "with": """
        import aioboto3
        async def f():
            session = aioboto3.Session()
            async with session.client('s3') as s3:
                await s3.get_object(Bucket='b', Key='k')
        """,
    "aiobotocore": """
        from aiobotocore.session import get_session
        async def f():
            async with get_session().create_client('s3') as s3:
                await s3.get_object(Bucket='b', Key='k')
        """,
    "exit stack": """
        import aioboto3
        async def f(stack):
            s3 = await stack.enter_async_context(aioboto3.Session().client('s3'))
            await s3.get_object(Bucket='b', Key='k')
        """,
    "resource's client": """
        import boto3
        boto3.resource('s3').meta.client.get_object(Bucket='b', Key='k')
        """,
    "branches": """
        import os, boto3
        if os.environ.get('X'):
            s3 = boto3.client('s3', region_name='a')
        else:
            s3 = boto3.client('s3')
        s3.get_object(Bucket='b', Key='k')
        """,
    "unpacked": """
        import boto3
        s3, sqs = boto3.client('s3'), boto3.client('sqs')
        s3.get_object(Bucket='b', Key='k')
        """,
    "loop": """
        import boto3
        clients = [boto3.client('s3')]
        for c in clients:
            c.get_object(Bucket='b', Key='k')
        """,
    "walrus": "import boto3\nif (s3 := boto3.client('s3')):\n  s3.get_object(Bucket='b', Key='k')",
    "named": "import boto3\nname = 's3'\nboto3.client(name).get_object(Bucket='b', Key='k')",
}


@pytest.mark.parametrize("source", CLIENTS.values(), ids=CLIENTS)
def test_a_client_is_followed(source: str) -> None:
    found = read(source)

    assert set(calls(found)) == {"s3:GetObject"}
    assert set(argument(found, "Bucket")) == {"b"}
    assert set(argument(found, "Key")) == {"k"}


def test_a_name_that_gets_another_client_is_that_one() -> None:
    found = read(
        """
        import boto3
        client = boto3.client('ec2')
        client.create_tags(Resources=['i-1'])
        client = boto3.client('ecs')
        client.tag_resource(resourceArn='a')
        """
    )

    assert calls(found) == ["ec2:CreateTags", "ecs:TagResource"]


def test_modules_of_the_repository() -> None:
    found = read(
        app__aws="import boto3\nfrom .names import BUCKET\ns3 = boto3.client('s3')",
        app__names="BUCKET = 'reports'",
        app__main="from app.aws import s3\nfrom . import names\n"
        "s3.put_object(Bucket=names.BUCKET, Key='k')",
        other__main="from app import aws\naws.s3.get_object(Bucket=aws.BUCKET, Key='k')",
    )

    assert sorted(calls(found)) == ["s3:GetObject", "s3:PutObject"]
    assert argument(found, "Bucket") == ["reports", "reports"]


VALUES = {
    "'b'": "b",
    "'a' + 'b'": "ab",
    "f'a-{STAGE}-b'": "a-<STAGE>-b",
    "'a-%s' % STAGE": "a-<STAGE>",
    "'%(x)s!' % {'x': 'y'}": "y!",
    "'{}-{}'.format('a', STAGE)": "a-<STAGE>",
    "'{x}'.format(x='y')": "y",
    "'-'.join(['a', STAGE])": "a-<STAGE>",
    "os.path.join('a', STAGE, 'c')": "a/<STAGE>/c",
    "os.environ['NAME']": "<NAME>",
    "os.getenv('NAME', 'default')": "<NAME>",
    "os.environ.get('NAME')": "<NAME>",
    "settings.BUCKET_NAME": "<BUCKET_NAME>",
    "config['bucketName']": "<BUCKET_NAME>",
    "CONSTANT": "constant",
    "unknown()": "<UNKNOWN>",
    "TABLE['x']": "y",
    "str(CONSTANT)": "constant",
    "CONSTANT.upper()": "CONSTANT",
}


@pytest.mark.parametrize(("source", "expected"), VALUES.items(), ids=VALUES)
def test_values(source: str, expected: str) -> None:
    found = read(
        "import os, boto3\nfrom django.conf import settings\nCONSTANT = 'constant'\n"
        "TABLE = {'x': 'y'}\nSTAGE = os.environ['STAGE']\n"
        f"boto3.client('s3').get_object(Bucket={source}, Key='k')"
    )

    assert argument(found, "Bucket") == [expected]


def test_both_values_of_a_branch() -> None:
    found = read("import boto3\nboto3.client('s3').head_bucket(Bucket='a' if x else 'b')")

    assert argument(found, "Bucket") == ["a", "b"]


def test_what_callers_give() -> None:
    source = "import boto3\ndef f(bucket):\n    boto3.client('s3').head_bucket(Bucket=bucket)\n"

    assert argument(read(source), "Bucket") == ["<BUCKET>"]
    assert argument(read(source + "f('a')\nf(bucket='b')\n"), "Bucket") == ["a", "b"]


def test_keywords_from_a_dict() -> None:
    known = read("import boto3\nkw = {'Bucket': 'b'}\nboto3.client('s3').get_object(**kw, Key='k')")
    unknown = read("import boto3\ndef f(**kw):\n    boto3.client('s3').get_object(**kw)")

    assert argument(known, "Bucket") == ["b"]
    assert argument(unknown, "Bucket") == ["<BUCKET>"]
    assert argument(unknown, "Key") == ["<KEY>"]


def test_members_in_members() -> None:
    found = read(
        """
        import boto3
        c = boto3.client('dynamodb')
        put, delete = {'Put': {'TableName': 'a'}}, {'Delete': {'TableName': 'b'}}
        c.transact_write_items(TransactItems=[put, delete])
        c.batch_get_item(RequestItems={'t': {'Keys': []}})
        """
    )

    assert argument(found, "TransactItems.Put.TableName") == ["a"]
    assert argument(found, "TransactItems.Delete.TableName") == ["b"]
    assert argument(found, "RequestItems") == ["t"]


METHODS = {
    "s3.upload_file('f', 'b', 'k')": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "s3.upload_fileobj(f, Bucket='b', Key='k')": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "s3.download_file('b', 'k', 'f')": {"s3:HeadObject", "s3:GetObject"},
    "s3.copy({'Bucket': 'b', 'Key': 'k'}, 'b', 'k')": {
        "s3:HeadObject",
        "s3:CopyObject",
        "s3:AbortMultipartUpload",
    },
    "s3.generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'})": {"s3:GetObject"},
    "s3.generate_presigned_post('b', 'k')": {"s3:PutObject"},
    "s3.get_paginator('list_objects_v2').paginate(Bucket='b')": {"s3:ListObjectsV2"},
    "s3.get_waiter('object_exists').wait(Bucket='b', Key='k')": {"s3:HeadObject"},
    "r.Bucket('b').objects.all()": {"s3:ListObjects"},
    "r.Bucket('b').objects.filter(Prefix='x').limit(3)": {"s3:ListObjects"},
    "r.Bucket('b').objects.all().delete()": {"s3:ListObjects", "s3:DeleteObjects"},
    "r.Bucket('b').upload_file('f', 'k')": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "r.Object('b', 'k').put(Body=b'')": {"s3:PutObject"},
    "r.Object('b', 'k').get()['Body'].read()": {"s3:GetObject"},
    "r.Bucket('b').Object('k').delete()": {"s3:DeleteObject"},
    "r.Object('b', 'k').load()": {"s3:HeadObject"},
    "r.Object('b', 'k').content_length": {"s3:HeadObject"},
    "r.Bucket('b').wait_until_exists()": {"s3:HeadBucket"},
}


@pytest.mark.parametrize(("source", "expected"), METHODS.items(), ids=METHODS)
def test_what_boto3_adds(source: str, expected: set[str]) -> None:
    found = read(f"import boto3\ns3 = boto3.client('s3')\nr = boto3.resource('s3')\n{source}")

    assert set(calls(found)) == expected
    assert set(argument(found, "Bucket")) == {"b"}
    assert set(argument(found, "Key")) <= {"k"}


def test_resources_of_other_services() -> None:
    found = read(
        """
        import boto3
        table = boto3.resource('dynamodb').Table('t')
        table.put_item(Item={})
        table.item_count
        with table.batch_writer() as batch:
            batch.put_item(Item={})
        queue = boto3.resource('sqs').get_queue_by_name(QueueName='q')
        queue.send_message(MessageBody='x')
        boto3.resource('sns').Topic('arn:x').publish(Message='x')
        for one in boto3.resource('ec2').instances.filter(Filters=[]):
            one.stop()
        """
    )

    assert calls(found) == [
        "dynamodb:PutItem",
        "dynamodb:DescribeTable",
        "dynamodb:BatchWriteItem",
        "sqs:GetQueueUrl",
        "sqs:SendMessage",
        "sns:Publish",
        "ec2:DescribeInstances",
        "ec2:StopInstances",
    ]
    assert set(argument(found, "TableName")) == set(argument(found, "RequestItems")) == {"t"}
    assert argument(found, "TopicArn") == ["arn:x"]
    assert not found.unclear


HANDED_ON = {
    "sync_to_async(s3.head_object)(Bucket='b', Key='k')": "s3:HeadObject",
    "asyncio.to_thread(s3.head_object, Bucket='b', Key='k')": "s3:HeadObject",
    "functools.partial(s3.head_object, Bucket='b', Key='k')": "s3:HeadObject",
    "head = s3.head_object; head(Bucket='b', Key='k')": "s3:HeadObject",
    "pool.submit(s3.put_object, Bucket='b', Key='k')": "s3:PutObject",
}


@pytest.mark.parametrize(("source", "expected"), HANDED_ON.items(), ids=HANDED_ON)
def test_a_method_that_is_handed_on(source: str, expected: str) -> None:
    found = read(f"import asyncio, functools, boto3\ns3 = boto3.client('s3')\n{source}")

    assert calls(found) == [expected]
    assert (argument(found, "Bucket"), argument(found, "Key")) == (["b"], ["k"])
    assert not found.unclear


def test_a_method_that_is_handed_on_alone_needs_all_it_requires() -> None:
    found = read("import boto3\ns3 = boto3.client('s3')\nretry(s3.head_object)")

    assert calls(found) == ["s3:HeadObject"]
    assert argument(found, "Bucket") == ["<BUCKET>"]


UNCLEAR = {
    "pandas.read_csv('s3://bucket/key')": "an address of S3 is read",
    "frame.to_csv(f's3://{name}/key')": "an address of S3 is written",
    "s3fs.S3FileSystem()": "s3fs calls S3",
    "getattr(boto3.client('s3'), name)()": "which call of s3",
    "boto3.client(name).get_object(Bucket='b')": "service is not known",
    "boto3.client('s3').get_objects()": "no such call",
    "boto3.client('s3').get_paginator(name)": "again and again",
    "boto3.client('s3').generate_presigned_url(name)": "signed address",
    "x.get_object(Bucket='b', Key='k')": "its object is not followed",
    "foreign(boto3.client('s3'))": "no call of this client",
    "boto3.client('rds').generate_db_auth_token()": "rds-db:connect",
    "boto3.client('no-such-service').call()": "service is not known",
}


@pytest.mark.parametrize(("source", "why"), UNCLEAR.items(), ids=UNCLEAR)
def test_what_is_not_known_is_said(source: str, why: str) -> None:
    found = read(f"import boto3, pandas, s3fs\ndef f(name, x):\n    {source}")

    assert not found.calls
    assert [why in one.why for one in found.unclear] == [True]


def test_an_attribute_that_is_no_method_is_no_call() -> None:
    found = read("import boto3\nv = boto3.resource('glacier').Vault('-', 'v')\nlog(v.x, v.name)")

    assert not found.calls
    assert [one.why for one in found.unclear] == ["no call of this client of glacier was found"]


def test_an_endpoint_that_is_not_of_aws() -> None:
    minio = read(
        "import boto3\nboto3.client('s3', endpoint_url='http://minio:9000').list_buckets()"
    )
    maybe = read(
        "import os, boto3\nboto3.client('s3', endpoint_url=os.environ['E']).list_buckets()"
    )
    none = read("import boto3\nboto3.client('s3', endpoint_url=None).list_buckets()")

    assert (calls(minio), len(minio.unclear)) == ([], 1)
    assert (calls(maybe), len(maybe.unclear)) == (["s3:ListBuckets"], 1)
    assert (calls(none), len(none.unclear)) == (["s3:ListBuckets"], 0)


def test_the_region_is_kept() -> None:
    one = read("import boto3\nboto3.client('s3', region_name='eu-west-1').list_buckets()")
    other = read("import boto3\nboto3.Session(region_name='eu-west-1').client('s3').list_buckets()")

    assert [call.region for found in (one, other) for call in found.calls] == ["eu-west-1"] * 2


def test_what_is_said_shows_no_value() -> None:
    secret = "wJalrXUt" + "nFEMI7MDENGbPxRfiCYzzzzKEY01"
    found = read(
        f"import boto3\ns3 = boto3.client('s3', aws_secret_access_key='{secret}')\n"
        f"s3.put_object(Bucket='private', Key='{secret}')\ngetattr(s3, '{secret}')()"
    )

    said = [one.spot.said for one in (*found.calls, *found.unclear)]
    assert said == ["s3.put_object(Bucket=, Key=)", "getattr(...)"]
    assert [one.spot.line for one in (*found.calls, *found.unclear)] == [3, 4]


@pytest.mark.parametrize(
    "source",
    [
        b"import boto3\nprint 'python 2'",
        b"import boto3\n" + b"(" * 5000,
        b"import boto3\nx = " + b"-" * 100_000 + b"1",
        b"import boto3\nx = " + b"a." * 100_000 + b"b",
        b"import boto3\n\0",
        b"# boto3\n" + b"if x:\n pass\n" + b"elif x:\n pass\n" * 5000,
    ],
)
def test_what_cannot_be_read_is_said_and_the_rest_read(source: bytes) -> None:
    good = b"import boto3\nboto3.client('s3').list_buckets()"

    found = usage([("a.py", source), ("b.py", good)], [PythonReader()])

    assert calls(found) == ["s3:ListBuckets"]
    assert [one.spot.path for one in found.unclear] == ["a.py"]


def test_long_sums_and_chains_end() -> None:
    total = " + ".join(["'a'"] * 2000)
    chain = "\n".join(f"v{n} = v{n - 1} + v{n - 1}" for n in range(1, 60))

    found = read(
        f"import boto3\nv0 = 'x'\n{chain}\ns3 = boto3.client('s3')\n"
        f"s3.head_bucket(Bucket={total})\ns3.head_bucket(Bucket=v59)"
    )

    assert calls(found) == ["s3:HeadBucket"] * 2


def test_code_that_calls_itself_ends() -> None:
    found = read(
        """
        import boto3
        def f(c, n): return g(c, f(c, n))
        def g(c, n): return f(g(c, n), n)
        class A(A): x = property(lambda self: self.x)
        a = b; b = a
        f(a, b).get_object(Bucket=a)
        boto3.client('s3').head_bucket(Bucket=f(a, g(b, a)))
        """
    )

    assert "s3:HeadBucket" in calls(found)


SOURCES = sorted({textwrap.dedent(one) for one in CLIENTS.values()})


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    found = usage([("a.py", b"# boto3\n" + data)], [PythonReader()])

    assert found.files == {"Python": 1}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3),
    st.data(),
)
def test_mutated_code_is_read(sources: list[str], data: st.DataObject) -> None:
    lines = [line for source in sources for line in source.splitlines()]
    for _ in range(data.draw(st.integers(0, 6))):
        one, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[one] = data.draw(
            st.sampled_from([lines[other], "", lines[one].replace("s3", "f"), "    " + lines[one]])
        )

    found = usage([("a.py", "\n".join(lines).encode())], [PythonReader()])

    assert found.files == {"Python": 1}
    assert all(call.service == "s3" or call.service == "sqs" for call in found.calls)
