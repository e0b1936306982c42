"""What one Go file does with what others of its package, and other packages, declare."""

import pytest

from leakscan.permissions import Call
from leakscan.usage.golang.reader import GoReader
from tests.usage.told import line_of

_HEAD = (
    'import (\n"context"\n"github.com/aws/aws-sdk-go-v2/aws"\n'
    '"github.com/aws/aws-sdk-go-v2/config"\n"github.com/aws/aws-sdk-go-v2/service/s3"\n'
)
_MOD = "module example.com/acme/app\n\ngo 1.23\n"
_LIST = "s3:ListBuckets"

_REPOSITORIES: dict[str, tuple[dict[str, str], list[str]]] = {
    "a constant of the package": (
        {
            "a/names.go": 'package a\nconst bucket = "b"\n',
            "a/use.go": "package a\n" + _HEAD + ")\nfunc f(c *s3.Client) {\n"
            "c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(bucket)})}",
        },
        ["s3:HeadBucket Bucket=b"],
    ),
    "a constant of two files is none": (
        {
            "a/names_linux.go": 'package a\nconst bucket = "b"\n',
            "a/names_windows.go": 'package a\nconst bucket = "c"\n',
            "a/use.go": "package a\n" + _HEAD + ")\nfunc f(c *s3.Client) {\n"
            "c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(bucket)})}",
        },
        ["s3:HeadBucket Bucket=<BUCKET>"],
    ),
    "a struct of the package": (
        {
            "types.go": "package a\n" + _HEAD + ")\ntype Store struct { api *s3.Client }\n",
            "use.go": "package a // aws\nfunc (s *Store) f() { s.api.ListBuckets(ctx, nil) }",
        },
        [_LIST],
    ),
    "a struct in a struct": (
        {
            "types.go": "package a\n" + _HEAD + ")\ntype Clients struct { S3 *s3.Client }\n",
            "use.go": "package a // aws\ntype Use struct { c Clients }\n"
            "func (u *Use) f() { u.c.S3.ListBuckets(ctx, nil) }",
        },
        [_LIST],
    ),
    "a struct that embeds the client": (
        {
            "types.go": "package a\n" + _HEAD + ")\ntype Store struct { *s3.Client }\n",
            "use.go": "package a // aws\nfunc (s *Store) f() { s.ListBuckets(ctx, nil) }",
        },
        [_LIST],
    ),
    "a variable of the package": (
        {
            "vars.go": "package a\n" + _HEAD + ")\nvar client *s3.Client\n",
            "use.go": "package a // aws\nfunc f() { client.ListBuckets(ctx, nil) }",
        },
        [_LIST],
    ),
    "another package": (
        {
            "go.mod": _MOD,
            "internal/names/names.go": 'package names\nconst Bucket = "b"\n',
            "internal/clients/s3.go": "package clients\n" + _HEAD + ")\n"
            "type All struct { S3 *s3.Client }\n"
            "func New() (*All, error) { return nil, nil }\n"
            "func S3(c aws.Config) *s3.Client { return s3.NewFromConfig(c) }\n",
            "cmd/main.go": "package main\n" + _HEAD + '"example.com/acme/app/internal/names"\n'
            '"example.com/acme/app/internal/clients"\n)\nfunc main() {\n'
            "all, _ := clients.New()\nall.S3.ListBuckets(ctx, nil)\n"
            "one := clients.S3(cfg)\none.ListDirectoryBuckets(ctx, nil)\n"
            "one.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(names.Bucket)})}",
        },
        ["s3:HeadBucket Bucket=b", _LIST, "s3:ListDirectoryBuckets"],
    ),
    "a client of which no call is seen": (
        {"main.go": "package main\n" + _HEAD + ")\nfunc main() { run(s3.NewFromConfig(cfg)) }"},
        ["? s3.NewFromConfig()"],
    ),
    "a variable hides a package": (
        {
            "go.mod": _MOD,
            "names/names.go": 'package names\nconst Bucket = "b"\n',
            "main.go": "package main\n" + _HEAD + '"example.com/acme/app/names"\n)\n'
            "func f(c *s3.Client, names Names) {\n"
            "c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(names.Bucket)})}",
        },
        ["s3:HeadBucket Bucket=<BUCKET>"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _REPOSITORIES)
def test_what_is_read(name: str) -> None:
    files, expected = _REPOSITORIES[name]
    given = [(path, text.encode()) for path, text in sorted(files.items())]
    assert [line_of(found) for found in GoReader().read(given)] == expected


def _regions(body: str, more: str = "") -> set[str]:
    text = (
        "package a\n" + _HEAD + '"github.com/aws/aws-sdk-go/aws/session"\n'
        ")\nfunc f() {\n" + body + "\ns3.NewFromConfig(cfg).ListBuckets(ctx, nil)}\n" + more
    )
    found = list(GoReader().read([("a.go", text.encode())]))
    return {one.region for one in found if isinstance(one, Call)}


@pytest.mark.parametrize(
    "body",
    [
        'cfg, _ := config.LoadDefaultConfig(ctx, config.WithRegion("eu-central-1"))',
        'const r = "eu-central-1"\ncfg, _ := config.LoadDefaultConfig(ctx, config.WithRegion(r))',
        'cfg := aws.Config{Region: "eu-central-1"}',
        'c := &aws.Config{Region: aws.String("eu-central-1")}\nsess, _ := session.NewSession(c)',
        'sess := session.Must(session.NewSession(&aws.Config{Region: aws.String("eu-central-1")}))',
        'sess, _ := session.NewSession(aws.NewConfig().WithRegion("eu-central-1"))',
    ],
)
def test_a_region_that_all_configurations_have_is_told(body: str) -> None:
    assert _regions(body) == {"eu-central-1"}


@pytest.mark.parametrize(
    "more",
    [
        "func g() { config.LoadDefaultConfig(ctx) }",
        'func g() { config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1")) }',
        'func g() { config.LoadDefaultConfig(ctx, config.WithRegion(os.Getenv("R"))) }',
        'func g(o *s3.Options) { o.Region = "us-east-1" }',
    ],
)
def test_where_they_differ_none_is_told(more: str) -> None:
    body = 'cfg, _ := config.LoadDefaultConfig(ctx, config.WithRegion("eu-central-1"))'
    assert _regions(body, more) == {""}


def test_types_that_embed_each_other_end() -> None:
    text = (
        "package a // aws\ntype A struct { *B }\ntype B struct { *A }\n"
        "func f(a *A) { a.ListBuckets(nil); a.B.A.B.ListBuckets(nil) }\nvar x = y\nvar y = x.y\n"
        "func g() (r A) { return g().h() }\nfunc (a A) h() A { return a.h().h() }\n"
        "func k() { g().h().ListBuckets(nil); x.y.ListBuckets(nil) }"
    )
    assert list(GoReader().read([("a.go", text.encode())])) == []


def test_more_than_is_kept_is_read_file_by_file() -> None:
    filler = "package a\n// " + "x" * (1 << 20) + "\n"
    use = filler + _HEAD + ")\nfunc f(c *s3.Client) { c.ListBuckets(ctx, nil) }"
    given = [(f"{n}.go", use.encode()) for n in range(9)]
    assert [line_of(found) for found in GoReader().read(given)] == [_LIST] * 9
