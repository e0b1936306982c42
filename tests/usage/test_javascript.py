import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakscan.permissions import Call
from leakscan.usage.javascript.reader import JavaScriptReader, calls
from tests.support.keys import KeyMaker
from tests.usage.told import told

_V3 = 'import { S3Client, S3, PutObjectCommand, GetObjectCommand } from "@aws-sdk/client-s3";\n'
_V2 = "const AWS = require('aws-sdk');\n"

_SOURCES = {
    "a command with a literal": (
        _V3 + 'new S3Client({}).send(new PutObjectCommand({Bucket: "b", Key: `a/${name}.csv`}));',
        ["s3:PutObject Bucket=b Key=a/<NAME>.csv"],
    ),
    "a signed address": (
        _V3
        + 'import { getSignedUrl } from "@aws-sdk/s3-request-presigner";\n'
        + 'await getSignedUrl(client, new GetObjectCommand({Bucket: "b", Key: "k"}));',
        ["s3:GetObject Bucket=b Key=k"],
    ),
    "require, and another name": (
        ('const { S3Client: C, ListObjectsV2Command: List } = require("@aws-sdk/client-s3");\n'
        'const c = new C(); c.send(new List({Bucket: "b", Prefix: "p/"}));'),
        ["s3:ListObjectsV2 Bucket=b Prefix=p/"],
    ),
    "the whole package": (
        ('import * as sqs from "@aws-sdk/client-sqs";\n'
        "new sqs.SQSClient().send(new sqs.SendMessageCommand({QueueUrl: process.env.QUEUE_URL}));"),
        ["sqs:SendMessage QueueUrl=<QUEUE_URL>"],
    ),
    "an import when it runs": (
        ('const { SNSClient, PublishCommand } = await import("@aws-sdk/client-sns");\n'
        "await new SNSClient().send(new PublishCommand({TopicArn: topics.orders.arn}));"),
        ["sns:Publish TopicArn=<ORDERS_ARN>"],
    ),
    "the simpler client": (
        _V3 + 'const s3 = new S3({}); await s3.getObject({Bucket: "b", Key: "k"});',
        ["s3:GetObject Bucket=b Key=k"],
    ),
    "a client in a field": (
        _V3 + "class Store { constructor() { this.s3 = new S3({}); }\n"
        " put() { return this.s3.putObject({Bucket: this.bucket, Key: 'k'}); } }",
        ["s3:PutObject Bucket=<BUCKET> Key=k"],
    ),
    "documents": (
        ('import { DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";\n'
        'client.send(new GetCommand({TableName: "t", Key: {id: 1}}));'),
        ["dynamodb:GetItem Key=id TableName=t"],
    ),
    "documents by methods": (
        ('import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";\n'
        "const d = DynamoDBDocument.from(raw);\n"
        'd.batchGet({RequestItems: {[TABLE]: {Keys: []}, other: {Keys: []}}});\n'
        'd.put({TableName: "t"});'),
        ["dynamodb:BatchGetItem RequestItems=<TABLE>|other", "dynamodb:PutItem TableName=t"],
    ),
    "uploads": (
        ('import { Upload } from "@aws-sdk/lib-storage";\n'
        'new Upload({client, params: {Bucket: "b", Key: "k", Body: stream}});'),
        ["s3:PutObject Bucket=b Key=k", "s3:AbortMultipartUpload Bucket=b Key=k"],
    ),
    "paginators and waiters": (
        ('import { paginateListObjectsV2, waitUntilBucketExists } from "@aws-sdk/client-s3";\n'
        'for await (const p of paginateListObjectsV2({client}, {Bucket: "b"})) {}\n'
        'await waitUntilBucketExists({client, maxWaitTime: 9}, {Bucket: "b"});'),
        ["s3:ListObjectsV2 Bucket=b", "s3:HeadBucket Bucket=b"],
    ),
    "a form to upload with": (
        ('import { createPresignedPost } from "@aws-sdk/s3-presigned-post";\n'
        'createPresignedPost(client, {Bucket: "b", Key: "k", Fields: {acl: "x"}});'),
        ["s3:PutObject Bucket=b Key=k"],
    ),
    "another role": (
        ('import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";\n'
        'fromTemporaryCredentials({params: {RoleArn: "arn:aws:iam::1:role/r"}});'),
        ["sts:AssumeRole RoleArn=arn:aws:iam::1:role/r"],
    ),
    "version 2": (
        _V2 + "const s3 = new AWS.S3(); s3.putObject({Bucket: 'b', Key: 'k'}).promise();",
        ["s3:PutObject Bucket=b Key=k"],
    ),
    "version 2, one service": (
        "import S3 from 'aws-sdk/clients/s3';\nnew S3().deleteObject({Bucket: 'b', Key: 'k'});",
        ["s3:DeleteObject Bucket=b Key=k"],
    ),
    "version 2, an upload": (
        _V2 + "new AWS.S3({params: {Bucket: 'b'}}).upload({Key: 'k'}).promise();",
        ["s3:PutObject Bucket=b Key=k", "s3:AbortMultipartUpload Bucket=b Key=k"],
    ),
    "version 2, a signed address": (
        _V2 + "new AWS.S3().getSignedUrl('getObject', {Bucket: 'b', Key: 'k'});",
        ["s3:GetObject Bucket=b Key=k"],
    ),
    "version 2, a form": (
        _V2 + "new AWS.S3().createPresignedPost({Bucket: 'b', Fields: {key: 'k'}});",
        ["s3:PutObject Bucket=b Key=k"],
    ),
    "version 2, waiting": (
        _V2 + "new AWS.S3().waitFor('objectExists', {Bucket: 'b', Key: 'k'});",
        ["s3:HeadObject Bucket=b Key=k"],
    ),
    "version 2, documents": (
        _V2 + "const d = new AWS.DynamoDB.DocumentClient();\nd.query({TableName: 't'}).promise();",
        ["dynamodb:Query TableName=t"],
    ),
    "traced clients": (
        ("const AWSXRay = require('aws-xray-sdk');\n"
        "const AWS = AWSXRay.captureAWS(require('aws-sdk'));\n"
        "new AWS.SNS().publish({TopicArn: 'a'});"),
        ["sns:Publish TopicArn=a"],
    ),
    "a client made when it is needed": (
        _V3 + "let s3; function f() { s3 = s3 || new S3({}); }\n"
        "function client() { return new S3({}); }\n"
        "s3.headBucket({Bucket: 'b'}); client().headBucket({Bucket: 'c'});",
        ["s3:HeadBucket Bucket=b", "s3:HeadBucket Bucket=c"],
    ),
    "a client that is handed over": (
        ("import { S3 } from '@aws-sdk/client-s3';\n"
        "function f(s3: S3, key: string) { s3.headObject({Bucket: 'b', Key: key}); }"),
        ["s3:HeadObject Bucket=b Key=<KEY>"],
    ),
    "arguments under a name": (
        _V3 + "const B = 'b'; const p = {Bucket: B, ...more}; p.Key = B + '/x';\n"
        "c.send(new PutObjectCommand(p));",
        ["s3:PutObject Bucket=b Key=b/x"],
    ),
    "one of two": (
        _V3 + "c.send(new PutObjectCommand({Bucket: live ? 'a' : 'b', Key: K}));",
        ["s3:PutObject Bucket=a|b Key=<K>"],
    ),
    "a name that is bound twice": (
        _V3 + "let b = 'a'; b = 'c'; c.send(new PutObjectCommand({Bucket: b, Key: 'k'}));",
        ["s3:PutObject Bucket=<B> Key=k"],
    ),
    "an inner name hides an outer one": (
        _V3 + "const b = 'a'; function f(b) { c.send(new PutObjectCommand({Bucket: b})); }",
        ["s3:PutObject Bucket=<B>"],
    ),
    "the environment": (
        _V3 + "const { BUCKET, PREFIX: p } = process.env;\n"
        "c.send(new PutObjectCommand({Bucket: BUCKET, Key: p + '/' + process.env['NAME']}));",
        ["s3:PutObject Bucket=<BUCKET> Key=<PREFIX>/<NAME>"],
    ),
    "a default does not say which": (
        _V3 + "c.send(new PutObjectCommand({Bucket: process.env.BUCKET ?? 'b'}));",
        ["s3:PutObject Bucket=<BUCKET>"],
    ),
    "lists": (
        ("import { DeleteObjectsCommand } from '@aws-sdk/client-s3';\n"
        "c.send(new DeleteObjectsCommand({Bucket: 'b',\n"
        "Delete: {Objects: [{Key: 'x'}, {Key: 'y'}]}}));"),
        ["s3:DeleteObjects Bucket=b Delete.Objects.Key=x|y"],
    ),
    "a command that is made elsewhere": (
        _V3 + "export const run = (command) => new S3Client({}).send(command);",
        ["? new S3Client({}).send()"],
    ),
    "a client that is made elsewhere": (
        "import { s3 } from './aws';\ns3.putObject({Bucket: 'b', Key: 'k'});",
        ["? s3.putObject({Bucket, Key})"],
    ),
    "an address of somebody else": (
        _V2 + "new AWS.S3({endpoint: 'https://nyc3.example.com'}).putObject({Bucket: 'b'});",
        ["? new AWS.S3({endpoint: 'https://nyc3.example.com'}).putObject({Bucket})"],
    ),
    "a package that calls AWS": (
        "const dynamoose = require('dynamoose');",
        ["? dynamoose"],
    ),
    "requests that are signed by hand": (
        "import { SignatureV4 } from '@smithy/signature-v4'; // aws",
        ["? @smithy/signature-v4"],
    ),
    "requests that version 2 signs": (
        _V2 + "new AWS.Signers.V4(request, 'appsync', true);",
        ["? new AWS.Signers.V4()"],
    ),
    "a package that is loaded elsewhere": (
        ("import type { S3Client } from '@aws-sdk/client-s3';\n"
        "const { sdk } = await this.load();\n"
        "run(new sdk.PutObjectCommand({Bucket: this.getBucket(), Key: env('UPLOAD_KEY')}));"),
        ["s3:PutObject Bucket=<BUCKET> Key=<UPLOAD_KEY>"],
    ),
    "a service that botocore has not": (
        "import { FlyCommand as C } from '@aws-sdk/client-wings'; new C({});",
        ["? new C()"],
    ),
    "no AWS": (
        "import { S3Client } from './aws-fake'; store.putObject({Bucket: 'b'});",
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _SOURCES)
def test_what_is_read(name: str) -> None:
    source, expected = _SOURCES[name]
    path = "src/a.ts" if ": S3" in source else "src/a.js"
    assert told(calls, path, source) == expected


def test_a_region_that_is_written_there_is_told() -> None:
    source = _V2 + "new AWS.SQS({region: 'eu-west-1'}).listQueues();"
    (found,) = calls("a.js", source.encode())
    assert isinstance(found, Call)
    assert found.region == "eu-west-1"


def test_types_and_elements_are_read() -> None:
    source = _V3 + (
        "const s3: S3 = new S3({} as any);\n"
        "const View = () => <a onClick={() => s3.headBucket({Bucket: 'b'})}>x</a>;"
    )
    assert told(calls, "a.tsx", source) == ["s3:HeadBucket Bucket=b"]
    assert told(calls, "a.js", source) == ["s3:HeadBucket Bucket=b"]


def test_a_spot_names_the_line_and_no_value(keys: KeyMaker) -> None:
    secret = keys.secret()
    source = f"{_V3}\n\nc.send(new PutObjectCommand({{Bucket: 'b', Key: '{secret}'}}));"
    (found,) = calls("lib/a.js", source.encode())
    assert isinstance(found, Call)
    assert found.spot.path == "lib/a.js"
    assert found.spot.line == 4
    assert found.spot.said == "new PutObjectCommand({Bucket, Key})"
    assert secret not in str([found.spot.said, *found.arguments.values()])


def test_a_client_that_holds_a_secret_is_not_told(keys: KeyMaker) -> None:
    secret = keys.secret()
    source = f"{_V2}new AWS.S3({{secretAccessKey: '{secret}'}}).listBuckets();"
    (found,) = calls("a.js", source.encode())
    assert secret[:20] not in found.spot.said


def test_a_file_that_is_none_is_unclear() -> None:
    source = b"aws " + b"\x00\xff{{{<<" * 500
    (found,) = calls("a.js", source)
    assert not isinstance(found, Call)
    assert found.spot.path == "a.js"


def test_names_that_are_bound_to_each_other_end() -> None:
    source = _V3 + "let a = b, b = c, c = a; const o = {x: o}; a.putObject(o); o.x.y.z(a);"
    assert told(calls, "a.js", source) == []


def test_what_is_nested_deeply_ends() -> None:
    source = _V3 + "x = " + "(" * 20_000 + "a" + ")" * 20_000 + ";"
    list(calls("a.js", source.encode()))
    source = _V3 + "c.send(new PutObjectCommand(" + "{a:" * 5_000 + "1" + "}" * 5_000 + "));"
    assert told(calls, "a.js", source) == ["s3:PutObject"]


_PIECES = """
S3({}) const a = b. putObject ({Bucket: 'x' }) ; this. => { } ( ) `${ ... , await function_f
class_A{ import from export new send params process.env.X [ ] ?? || ` : typeof
"""


@given(st.lists(st.sampled_from(_PIECES.split()), max_size=60).map(" ".join))
def test_any_text_is_read(text: str) -> None:
    for path in ("a.js", "a.ts", "a.tsx"):
        list(calls(path, (_V3 + text).encode()))


@given(st.binary(max_size=300))
@example(b"")
def test_any_bytes_are_read(source: bytes) -> None:
    list(calls("a.ts", b"// aws\n" + source))


def test_files_are_known_by_their_names() -> None:
    assert JavaScriptReader().is_mine("a/b.mjs", b"")
    assert JavaScriptReader().is_mine("a/b.tsx", b"")
    assert not JavaScriptReader().is_mine("a/b.d.ts", b"")
    assert not JavaScriptReader().is_mine("a/b.json", b"")
