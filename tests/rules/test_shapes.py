"""Every shape in which keys are written, with random values: found, paired, and believed."""

import pytest

from leakscan.match.matcher import Matcher
from leakscan.model import Candidate, Content, Credential, Identity, Kind, Level, Sighting
from leakscan.rules.load import load_rules
from leakscan.score.scorer import Scorer
from tests.support.keys import KeyMaker, Leak

MATCHER = Matcher(load_rules())
SCORER = Scorer()
ROUNDS = 12

# {i} is the id, {s} the secret, {t} the token, {j} the secret as PHP and JSON write it, {p} and {q}
# as URLs do, {u} as JavaScript, {x} as XML.
PAIRS = {
    "env": "AWS_ACCESS_KEY_ID={i}\nAWS_SECRET_ACCESS_KEY={s}\n",
    "env-crlf": "AWS_ACCESS_KEY_ID={i}\r\nAWS_SECRET_ACCESS_KEY={s}\r\n",
    "export": "export AWS_ACCESS_KEY_ID='{i}'\nexport AWS_SECRET_ACCESS_KEY=\"{s}\"\n",
    "export-line": "export AWS_ACCESS_KEY_ID={i} AWS_SECRET_ACCESS_KEY={s}; make",
    "powershell": '$env:AWS_ACCESS_KEY_ID="{i}"\n$env:AWS_SECRET_ACCESS_KEY="{s}"',
    "cmd": "set AWS_ACCESS_KEY_ID={i}\r\nset AWS_SECRET_ACCESS_KEY={s}\r\n",
    "ini": "[default]\naws_access_key_id = {i}\naws_secret_access_key = {s}\nregion = eu-west-1\n",
    "ini-reversed": "[default]\naws_secret_access_key={s}\naws_access_key_id={i}\n",
    "boto": "[Credentials]\naws_access_key_id = {i}\naws_secret_access_key = {s}\n",
    "s3cfg": "[default]\naccess_key = {i}\nhost_base = s3\nsecret_key = {s}\nuse_https = 1\n",
    "rclone": "[r]\ntype = s3\nprovider = AWS\naccess_key_id = {i}\nsecret_access_key = {s}\n",
    "rootkey": "AWSAccessKeyId={i}\nAWSSecretKey={s}\n",
    "json": '{{\n  "AccessKeyId": "{i}",\n  "SecretAccessKey": "{s}"\n}}',
    "json-min": '{{"accessKeyId":"{i}","secretAccessKey":"{s}","region":"us-east-1"}}',
    "json-slash": '{{"key":"{i}","secret":"{j}"}}',
    "json-unicode": '{{"key":"{i}","secret":"{u}"}}',
    "yaml": "aws:\n  access_key_id: {i}\n  secret_access_key: {s}\n",
    "yaml-travis": "deploy:\n  provider: s3\n  access_key_id: {i}\n  secret_access_key: {s}\n",
    "k8s-env": (
        "env:\n- name: AWS_ACCESS_KEY_ID\n  value: {i}\n- name: AWS_SECRET_ACCESS_KEY\n"
        '  value: "{s}"\n'
    ),
    "cloudformation": "- Key: AccessKey\n  Value: {i}\n- Key: AwsSecretKey\n  Value: {s}\n",
    "ecs": (
        '[{{"name": "AWS_ACCESS_KEY_ID", "value": "{i}"}},\n'
        ' {{"name": "AWS_SECRET_ACCESS_KEY", "value": "{s}"}}]'
    ),
    "compose": "  environment:\n  - AWS_ACCESS_KEY_ID={i}\n  - AWS_SECRET_ACCESS_KEY={s}\n",
    "xml": "<AccessKeyId>{i}</AccessKeyId>\n<SecretAccessKey>{s}</SecretAccessKey>",
    "xml-escaped": '<key id="{i}" secret="{x}"/>',
    "app-config": ('<add key="AWSAccessKey" value="{i}"/>\n<add key="AWSSecretKey" value="{s}"/>'),
    "hadoop": (
        "<property><name>fs.s3a.access.key</name>\n<value>{i}</value></property>\n"
        "<property><name>fs.s3a.secret.key</name>\n<value>{s}</value></property>"
    ),
    "terraform": 'provider "aws" {{\n  access_key = "{i}"\n  secret_key = "{s}"\n}}',
    "tfvars": 'aws_access_key = "{i}"\naws_secret_key = "{s}"\n',
    "variable": (
        'variable "aws_access_key" {{\n  default = "{i}"\n}}\n\n'
        'variable "aws_secret_key" {{\n  default = "{s}"\n}}\n'
    ),
    "aws-configure": (
        "aws configure set aws_access_key_id {i}\naws configure set aws_secret_access_key {s}\n"
    ),
    "options": "tool --access-key {i} --secret-key {s} ls",
    "options-equal": "tool --access-key={i} --secret-key={s} ls",
    "java-d": "java -Dfs.s3a.access.key={i} -Dfs.s3a.secret.key={s} Main",
    "spark-conf": "spark.hadoop.fs.s3a.access.key {i}\nspark.hadoop.fs.s3a.secret.key {s}\n",
    "spark-set": (
        'conf.set("fs.s3n.awsAccessKeyId", "{i}")\nconf.set("fs.s3n.awsSecretAccessKey", "{s}")'
    ),
    "java": 'new BasicAWSCredentials("{i}", "{s}")',
    "java-lines": 'new BasicAWSCredentials(\n    "{i}",\n    "{s}")',
    "go": 'credentials.NewStaticCredentials("{i}", "{s}", "")',
    "go-struct": 'Value{{\n\tAccessKeyID: "{i}",\n\tSecretAccessKey: "{s}",\n}}',
    "csharp": 'var c = new AmazonS3Client("{i}", "{s}", RegionEndpoint.USEast1);',
    "setters": 'c.setAccessKey("{i}");\nc.setSecretKey("{s}");',
    "python": "boto3.client('s3', aws_access_key_id='{i}', aws_secret_access_key='{s}')",
    "python-lines": "S3Connection(\n  '{i}',\n  '{s}',\n)",
    "javascript": "AWS.config.update({{accessKeyId: '{i}', secretAccessKey: '{s}'}});",
    "ruby": ":access_key_id => '{i}',\n:secret_access_key => '{s}'",
    "php": "'credentials' => [\n  'key' => '{i}',\n  'secret' => '{s}',\n],",
    "php-define": "define('AWS_KEY', '{i}');\ndefine('AWS_SECRET', '{s}');",
    "docker": "ENV AWS_ACCESS_KEY_ID {i}\nENV AWS_SECRET_ACCESS_KEY {s}\n",
    "notebook": '"source": ["key = \\"{i}\\"\\n",\n "secret = \\"{s}\\"\\n"]',
    "notebook-ini": '"text": "[default]\\naws_access_key_id={i}\\naws_secret_access_key={s}\\n"',
    "url": "s3://{i}:{s}@bucket/path",
    "url-escaped": "s3://{i}:{p}@bucket/path",
    "url-escaped-lower": "s3n://{i}:{q}@bucket/path",
    "query": "https://h/?aws_access_key_id={i}&aws_secret_access_key={p}&x=1",
    "query-escaped": "u=%3Faws_access_key_id%3D{i}%26aws_secret_access_key%3D{p}%26",
    "csv": "Access key ID,Secret access key\n{i},{s}\n",
    "csv-bom": "\ufeffUser name,Password,Access key ID,Secret access key\r\nbob,,{i},{s}\r\n",
    "code-comment": "# {i} / {s}",
    "two-lines": "{i}\n{s}\n",
    "patch": "+aws_access_key_id = {i}\n+aws_secret_access_key = {s}\n",
}
LONE = {
    "env": "AWS_SECRET_ACCESS_KEY={s}\n",
    "yaml": "secretAccessKey: {s}\n",
    "helm": "  awsSecretKey: '{s}'\n",
    "k8s-env": "- name: AWS_SECRET_ACCESS_KEY\n  value: {s}\n",
    "terraform": 'variable "aws_secret_key" {{\n  description = "x"\n  default = "{s}"\n}}\n',
    "hadoop": "<name>fs.s3a.secret.key</name>\n<value>{s}</value>",
    "xml": "<SecretAccessKey>{x}</SecretAccessKey>",
    "fetch": 'ENV.fetch("AWS_SECRET_ACCESS_KEY", "{s}")',
    "environ": 'os.environ["AWS_SECRET_ACCESS_KEY"] = "{s}"',
    "node": "process.env.AWS_SECRET_ACCESS_KEY || '{s}'",
    "go": 'SecretAccessKey: aws.String("{s}"),',
    "cli": "aws configure set aws_secret_access_key {s}",
    "json-slash": '{{"aws_secret_access_key":"{j}"}}',
}
TRIPLES = {
    "env": (
        "export AWS_ACCESS_KEY_ID={i}\nexport AWS_SECRET_ACCESS_KEY={s}\n"
        "export AWS_SESSION_TOKEN={t}\n"
    ),
    "json": '{{"AccessKeyId":"{i}","SecretAccessKey":"{s}","SessionToken":"{t}"}}',
    "imds": '{{\n "AccessKeyId" : "{i}",\n "SecretAccessKey" : "{s}",\n "Token" : "{t}"\n}}',
    "ini": "[a]\naws_access_key_id={i}\naws_secret_access_key={s}\naws_session_token={t}\n",
    "constructor": 'new BasicSessionCredentials("{i}", "{s}", "{t}")',
}


def write(shape: str, leak: Leak) -> bytes:
    def spelled(slash: str, plus: str) -> str:
        return leak.secret.replace("/", slash).replace("+", plus)

    return shape.format(
        i=leak.key_id,
        s=leak.secret,
        t=leak.token,
        j=spelled(r"\/", "+"),
        u=spelled(r"\u002f", r"\u002B"),
        p=spelled("%2F", "%2B"),
        q=spelled("%2f", "%2b"),
        x=spelled("&#x2F;", "&#43;"),
    ).encode()


def conclude(data: bytes) -> list[Credential]:
    content = Content(Kind.BLOB, data)
    found = [c for c in MATCHER.match(content) if isinstance(c, Candidate)]
    grouped: dict[Identity, list[Sighting]] = {}
    for sighting in SCORER.score(content, found):
        grouped.setdefault(sighting.identity, []).append(sighting)
    return [SCORER.conclude(sightings, [b"app/settings.txt"]) for sightings in grouped.values()]


def parts(credential: Credential) -> tuple[str | None, str | None, str | None]:
    identity = credential.identity
    return (
        identity.access_key_id,
        identity.secret.reveal().decode() if identity.secret else None,
        identity.session_token.reveal().decode() if identity.session_token else None,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("shape", PAIRS)
def test_pair(shape: str, encoding: str, keys: KeyMaker) -> None:
    for number in range(ROUNDS):
        leak = keys.leak(slash=number % 2 == 1)
        data = write(PAIRS[shape], leak).decode().encode(encoding)
        (credential,) = conclude(data)
        assert parts(credential) == (leak.key_id, leak.secret, None)
        assert credential.confidence is not Level.LOW
        assert credential.severity is Level.HIGH


@pytest.mark.parametrize("shape", LONE)
def test_lone_secret(shape: str, keys: KeyMaker) -> None:
    for number in range(ROUNDS):
        leak = keys.leak(slash=number % 2 == 1)
        (credential,) = conclude(write(LONE[shape], leak))
        assert parts(credential) == (None, leak.secret, None)
        assert (credential.confidence, credential.severity) == (Level.MEDIUM, Level.MEDIUM)


@pytest.mark.parametrize("shape", TRIPLES)
def test_triple(shape: str, keys: KeyMaker) -> None:
    for _ in range(ROUNDS):
        leak = keys.leak(token=True)
        (credential,) = conclude(write(TRIPLES[shape], leak))
        assert parts(credential) == (leak.key_id, leak.secret, leak.token)
        assert (credential.confidence, credential.severity) == (Level.HIGH, Level.HIGH)


MANY = {
    "ini": ("[p{n}]\naws_access_key_id = {i}\naws_secret_access_key = {s}\n\n", "", ""),
    "ini-tight": ("[p{n}]\naws_secret_access_key={s}\naws_access_key_id={i}\n", "", ""),
    "json": ('{{"AccessKeyId":"{i}","SecretAccessKey":"{s}"}},', "[", "]"),
    "json-lines": ('{{\n "SecretAccessKey":"{s}",\n "AccessKeyId":"{i}"\n}},\n', "[", "]"),
    "yaml": ("- name: p{n}\n  key: {i}\n  secret: {s}\n", "", ""),
    "yaml-map": ("p{n}:\n  access_key_id: {i}\n  secret_access_key: {s}\n", "", ""),
    "csv": ("{i},{s}\n", "Access key ID,Secret access key\n", ""),
    "csv-reversed": ("{s},u{n},{i}\n", "", ""),
    "xml": ("<c><id>{i}</id><secret>{s}</secret></c>", "<all>", "</all>"),
    "xml-lines": ("<c>\n <id>{i}</id>\n <s>{s}</s>\n</c>\n", "<all>\n", "</all>"),
    "k8s": ("- name: ID{n}\n  value: {i}\n- name: SECRET{n}\n  value: {s}\n", "", ""),
    "env": ("AWS_ACCESS_KEY_ID_{n}={i}\nAWS_SECRET_ACCESS_KEY_{n}={s}\n", "", ""),
    "urls": ("s3://{i}:{s}@b{n} ", "", ""),
}


@pytest.mark.parametrize("count", [2, 3, 40])
@pytest.mark.parametrize("layout", MANY)
def test_n_profiles_are_n_pairs(layout: str, count: int, keys: KeyMaker) -> None:
    entry, head, tail = MANY[layout]
    leaks = keys.leaks(count)
    body = b"".join(write(entry.replace("{n}", str(n)), one) for n, one in enumerate(leaks))
    found = conclude(head.encode() + body + tail.encode())
    assert sorted(map(parts, found), key=str) == sorted(
        ((one.key_id, one.secret, None) for one in leaks), key=str
    )


def test_columns_are_paired_in_order(keys: KeyMaker) -> None:
    one, two = keys.leaks(2)
    text = f"ids: {one.key_id} {two.key_id}\nsecrets: {one.secret} {two.secret}\n"
    assert sorted(map(parts, conclude(text.encode()))) == sorted(
        [(one.key_id, one.secret, None), (two.key_id, two.secret, None)]
    )
