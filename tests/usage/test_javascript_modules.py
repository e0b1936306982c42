"""What one JavaScript or TypeScript file does with what another one exports."""

from textwrap import dedent

import pytest

from leakscan.permissions import Call, Unclear
from leakscan.usage.javascript.reader import JavaScriptReader
from tests.usage.told import line_of

_PUT = ["s3:PutObject Bucket=b Key=k"]
_ONE = "import {S3} from '@aws-sdk/client-s3'; export const s3 = new S3({});"
_HAS_S3 = '{"dependencies": {"@aws-sdk/client-s3": "3"}}'
_PUT_OF = ".putObject({Bucket: 'b', Key: 'k'});"
_USE = "s3.putObject({Bucket: 'b', Key: 'k'});"

_REPOSITORIES: dict[str, tuple[dict[str, str], list[str]]] = {
    "a constant": (
        {
            "src/aws.ts": _ONE,
            "src/a/use.ts": "import {s3} from '../aws';\n" + _USE,
        },
        _PUT,
    ),
    "under another name, with an ending": (
        {
            "aws.js": "import {S3} from '@aws-sdk/client-s3';\n"
            "let c = new S3(); export {c as one};",
            "use.js": "import {one as s3} from './aws.js';\n" + _USE,
        },
        _PUT,
    ),
    "an ending that TypeScript writes": (
        {
            "aws.ts": _ONE,
            "use.ts": "import {s3} from './aws.js';\n" + _USE,
        },
        _PUT,
    ),
    "a default": (
        {
            "aws.js": "import {S3} from '@aws-sdk/client-s3'; export default new S3();",
            "use.js": "import s3 from './aws';\n" + _USE,
        },
        _PUT,
    ),
    "version 2, an object": (
        {
            "lib/aws/index.js": "const AWS = require('aws-sdk');\n"
            "module.exports = { s3: new AWS.S3(), other: 1 };",
            "use.js": "const { s3 } = require('./lib/aws');\n" + _USE,
            "again.js": "const aws = require('./lib/aws/index.js');\naws." + _USE,
        },
        _PUT * 2,
    ),
    "version 2, one by one": (
        {
            "aws.js": "const AWS = require('aws-sdk'); exports.s3 = new AWS.S3();",
            "use.js": "require('./aws')." + _USE,
        },
        _PUT,
    ),
    "version 2, the client alone": (
        {
            "s.js": "const AWS = require('aws-sdk'); const s3 = new AWS.S3(); module.exports = s3;",
            "use.js": "const s3 = require('./s');\n" + _USE,
        },
        _PUT,
    ),
    "handed on": (
        {
            "aws.ts": _ONE,
            "mid.ts": "export * from './aws';",
            "index.ts": "export { s3 as store } from './mid';",
            "use.ts": "import { store as s3 } from '.';\n" + _USE,
        },
        _PUT,
    ),
    "the whole of a file": (
        {
            "aws.ts": _ONE,
            "use.ts": "import * as aws from './aws';\naws." + _USE,
        },
        _PUT,
    ),
    "a package that is handed on": (
        {
            "sdk.ts": "export { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';",
            "use.ts": "import { S3Client, PutObjectCommand } from './sdk';\n"
            "new S3Client({}).send(new PutObjectCommand({Bucket: 'b', Key: 'k'}));",
        },
        _PUT,
    ),
    "a function that makes it": (
        {
            "c.ts": "import {S3} from '@aws-sdk/client-s3';\n"
            "export function client() { return new S3({}); }",
            "use.ts": "import {client} from './c';\nconst s3 = client();\n" + _USE,
        },
        _PUT,
    ),
    "a class that holds it": (
        {
            "c.ts": "import {S3} from '@aws-sdk/client-s3';\n"
            "export class Clients { public s3 = new S3({}); }",
            "use.ts": "import {Clients} from './c';\nconst c = new Clients();\nc." + _USE,
        },
        _PUT,
    ),
    "a class that is handed over": (
        {
            "c.ts": "import {S3} from '@aws-sdk/client-s3';\n"
            "export class Clients { readonly s3: S3; constructor() { this.s3 = new S3({}); } }",
            "use.ts": "import {Clients} from './c';\n"
            "class Use { constructor(private readonly c: Clients) {}\n"
            " run() { this.c." + _USE + "} }",
        },
        _PUT,
    ),
    "a class that is extended": (
        {
            "c.js": "const {S3} = require('@aws-sdk/client-s3');\n"
            "class Base { constructor() { this.s3 = new S3({}); } }\nmodule.exports = Base;",
            "use.js": "const Base = require('./c');\nclass Use extends Base { run() { this."
            + _USE
            + " } }",
        },
        _PUT,
    ),
    "names of things": (
        {
            "config.ts": "export const BUCKET = 'b'; export default { key: 'k' };",
            "use.ts": "import {S3} from '@aws-sdk/client-s3';\n"
            "import config, { BUCKET } from './config';\n"
            "new S3({}).putObject({Bucket: BUCKET, Key: config.key});",
        },
        _PUT,
    ),
    "paths of TypeScript": (
        {
            "tsconfig.json": '{\n// x\n"compilerOptions": {"paths": {"@lib/*": ["src/lib/*"],},}}',
            "src/lib/aws.ts": _ONE,
            "src/use.ts": "import {s3} from '@lib/aws';\n" + _USE,
        },
        _PUT,
    ),
    "a package of the same repository": (
        {
            "packages/aws/package.json": '{"name": "@acme/aws"}',
            "packages/aws/src/index.ts": "import {S3} from '@aws-sdk/client-s3';\n"
            "export const s3 = new S3({});",
            "packages/b/use.ts": "import {s3} from '@acme/aws';\n" + _USE,
        },
        _PUT,
    ),
    "the usual folder": (
        {
            "src/lib/aws.ts": _ONE,
            "src/app/use.ts": "import {s3} from '@/lib/aws';\n" + _USE,
        },
        _PUT,
    ),
    "a component": (
        {
            "aws.js": _ONE,
            "Use.vue": "<template>\n<a/></template>\n<script setup lang='ts'>\n"
            "import {s3} from './aws'\n" + _USE + "\n</script>\n<style>a{}</style>",
        },
        _PUT,
    ),
    "a function of the repository of the same name": (
        {
            "package.json": _HAS_S3,
            "c.ts": "export class Store { putObject(o) {} }",
            "use.ts": "// s3\nimport {Store} from './c';\nnew Store()" + _PUT_OF,
        },
        [],
    ),
    "a client that nobody sees": (
        {
            "package.json": _HAS_S3,
            "use.ts": "// s3\nexport const f = (store) => store" + _PUT_OF,
        },
        ["? store.putObject({Bucket, Key})"],
    ),
    "a command that nobody sees": (
        {
            "package.json": _HAS_S3,
            "use.ts": "import {PutObjectCommand} from './s3-gone';\n"
            "new PutObjectCommand({Bucket: 'b'});",
        },
        ["? new PutObjectCommand({Bucket})"],
    ),
    "documents that nobody sees": (
        {
            "package.json": '{"dependencies": {"@aws-sdk/lib-dynamodb": "3"}}',
            "use.ts": "export const f = (ctx) => ctx.dynamo.query({TableName: 't'});",
        },
        ["? ctx.dynamo.query({TableName})"],
    ),
    "what looks like it without the package": (
        {"use.ts": "// s3\nexport const f = (store) => store" + _PUT_OF},
        [],
    ),
    "a client of which no call is seen": (
        {
            "aws.ts": "import {SQSClient} from '@aws-sdk/client-sqs';\n"
            "import {S3} from '@aws-sdk/client-s3'; run(new SQSClient({}));\n"
            "const s3 = new S3();",
            "use.ts": "import {S3} from '@aws-sdk/client-s3'; new S3()" + _PUT_OF,
        },
        [*_PUT, "? new SQSClient()"],
    ),
    "scripts": (
        {"package.json": '{\n"scripts": {\n"a": "tsc",\n"up": "tsc && aws s3 rm s3://b/k"}}'},
        ["s3:DeleteObject Bucket=b Key=k"],
    ),
}  # fmt: skip


def _told(files: dict[str, str]) -> list[str]:
    given = [(path, dedent(text).encode()) for path, text in sorted(files.items())]
    return [line_of(found) for found in JavaScriptReader().read(given)]


@pytest.mark.parametrize("name", _REPOSITORIES)
def test_what_is_read(name: str) -> None:
    files, expected = _REPOSITORIES[name]
    assert _told(files) == expected


_REGIONS = {
    "a command": (
        "import {S3Client, PutObjectCommand} from '@aws-sdk/client-s3';\n"
        "const REGION = 'eu-west-1'; const s3 = new S3Client({region: REGION});\n"
        "s3.send(new PutObjectCommand({Bucket: 'b'}));"
    ),
    "a command under a name": (
        "import {S3Client, PutObjectCommand} from '@aws-sdk/client-s3';\n"
        "const command = new PutObjectCommand({Bucket: 'b'});\n"
        "new S3Client({region: 'eu-west-1'}).send(command);"
    ),
    "documents": (
        "import {DynamoDBClient} from '@aws-sdk/client-dynamodb';\n"
        "import {DynamoDBDocumentClient, GetCommand} from '@aws-sdk/lib-dynamodb';\n"
        "const d = DynamoDBDocumentClient.from(new DynamoDBClient({region: 'eu-west-1'}));\n"
        "d.send(new GetCommand({TableName: 't'}));"
    ),
    "a paginator": (
        "import {S3Client, paginateListObjectsV2} from '@aws-sdk/client-s3';\n"
        "const client = new S3Client({region: 'eu-west-1'});\n"
        "paginateListObjectsV2({client}, {Bucket: 'b'});"
    ),
    "version 2": "const AWS = require('aws-sdk');\n"
    "new AWS.SQS({region: 'eu-west-1'}).listQueues();",
    "version 2, for all": (
        "const AWS = require('aws-sdk');\nAWS.config.update({region: 'eu-west-1'});\n"
        "new AWS.SQS().listQueues();"
    ),
    "version 2, set": (
        "const AWS = require('aws-sdk');\nAWS.config.region = 'eu-west-1';\n"
        "new AWS.SQS().listQueues();"
    ),
}


@pytest.mark.parametrize("name", _REGIONS)
def test_regions_are_told(name: str) -> None:
    (found,) = JavaScriptReader().read([("a.js", _REGIONS[name].encode())])
    assert isinstance(found, Call)
    assert found.region == "eu-west-1"


def test_files_that_import_each_other_end() -> None:
    files = {
        "a.js": "export * from './b'; export {x} from './b'; import {s3} from './b';\n" + _USE,
        "b.js": "export * from './a'; export {x} from './a'; export {s3} from './a';",
    }
    assert _told(files) == ["? s3.putObject({Bucket, Key})"]


def test_classes_that_extend_each_other_end() -> None:
    files = {
        "a.js": "import B from './b'; export default class A extends B { f() { this.s3.x(); } }",
        "b.js": "import A from './a'; export default class B extends A { f() { this.s3.x(); } }",
        "c.js": "const s3 = new s3.y(); s3.z.putObject({});\n"
        "class C extends C.D { g() { this.h.i(); } }",
    }
    assert _told(files) == []


def test_a_long_chain_of_files_ends() -> None:
    files = {f"s3{n}.js": f"export {{s3}} from './s3{n + 1}';" for n in range(400)}
    files["use.js"] = "import {s3} from './s30';\n" + _USE
    assert _told(files) == ["? s3.putObject({Bucket, Key})"]


def test_more_than_is_kept_is_read_file_by_file() -> None:
    filler = "// " + "x" * (1 << 20) + "\n"
    aws = "import {S3} from '@aws-sdk/client-s3'; export const s3 = new S3({});\n"
    files = {f"{n}.js": filler + aws + _USE for n in range(9)}
    assert _told(files) == _PUT * 9


@pytest.mark.parametrize(
    "text", ["<script>" * 20_000, "\n" * 200_000, "{" * 100_000, '{"scripts": [1]}', "[1]", "\xff"]
)
def test_odd_files_end(text: str) -> None:
    found: list[Call | Unclear] = []
    for path in ("a.vue", "tsconfig.json", "package.json"):
        found += JavaScriptReader().read([(path, b"// aws" + text.encode())])
    assert not [one for one in found if isinstance(one, Call)]
