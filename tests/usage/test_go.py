import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.permissions import Call
from leakscan.usage.golang.reader import calls
from tests.support.keys import KeyMaker
from tests.usage.told import told

_V2 = """package a
import (
    "os"
    "fmt"
    "github.com/aws/aws-sdk-go-v2/aws"
    "github.com/aws/aws-sdk-go-v2/service/s3"
    "github.com/aws/aws-sdk-go-v2/service/s3/types"
    ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
    "github.com/aws/aws-sdk-go-v2/feature/s3/manager"
    "github.com/aws/aws-sdk-go-v2/credentials/stscreds"
    "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)
const bucket = "b"
func f(ctx context.Context, cfg aws.Config, key string) {
    client := s3.NewFromConfig(cfg)
"""
_V1 = """package a
import (
    "github.com/aws/aws-sdk-go/aws"
    "github.com/aws/aws-sdk-go/aws/session"
    "github.com/aws/aws-sdk-go/service/s3"
    "github.com/aws/aws-sdk-go/service/s3/s3iface"
    "github.com/aws/aws-sdk-go/service/s3/s3manager"
    "github.com/aws/aws-sdk-go/service/elbv2"
)
func f(sess *session.Session, api s3iface.S3API) {
    svc := s3.New(sess)
"""

_SOURCES = {
    "an input": (
        _V2 + 'client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key})}',
        ["s3:PutObject Bucket=b Key=<KEY>"],
    ),
    "another name for the package": (
        _V2 + 'x.GetItem(ctx, &ddb.GetItemInput{TableName: aws.String(os.Getenv("TABLE"))})}',
        ["dynamodb:GetItem TableName=<TABLE>", "? s3.NewFromConfig()"],
    ),
    "a name of a service that botocore does not use": (
        _V2 + 'x.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: g.ptr})}',
        ["logs:PutLogEvents logGroupName=<PTR>", "? s3.NewFromConfig()"],
    ),
    "a formatted text": (
        _V2 + 'k := fmt.Sprintf("a/%s/%d.csv", key, 7)\n'
        "client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(cfg.Bucket), Key: &k})}",
        ["s3:GetObject Bucket=<BUCKET> Key=a/<KEY>/7.csv"],
    ),
    "an input under a name": (
        _V2 + 'in := &s3.ListObjectsV2Input{Bucket: aws.String("x" + "y")}\n'
        'in.Prefix = aws.String("p/")\nclient.ListObjectsV2(ctx, in)}',
        ["s3:ListObjectsV2 Bucket=xy Prefix=p/"],
    ),
    "an input that is declared": (
        _V2 + 'var in s3.HeadBucketInput\n'
        'in.Bucket = aws.String("x")\nclient.HeadBucket(ctx, &in)}',
        ["s3:HeadBucket Bucket=x"],
    ),
    "an input that is only made": (
        _V2 + "}\nfunc in() *s3.HeadBucketInput { return &s3.HeadBucketInput{Bucket: b()} }\n"
        "func g() { client := s3.New(o); client.HeadBucket(ctx, in()) }",
        ["s3:HeadBucket Bucket=<>"],
    ),
    "an input that is logged": (
        _V2 + "in := &s3.HeadBucketInput{Bucket: &b}\nlog.Debug(in)\nclient.HeadBucket(ctx, in)}",
        ["s3:HeadBucket Bucket=<B>"],
    ),
    "paginators": (
        _V2 + 'p := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &b})}',
        ["s3:ListObjectsV2 Bucket=<B>"],
    ),
    "waiters": (
        _V2 + 's3.NewBucketExistsWaiter(client).Wait(ctx, &s3.HeadBucketInput{Bucket: &b}, t)}',
        ["s3:HeadBucket Bucket=<B>"],
    ),
    "signed addresses": (
        _V2 + 's3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b})}',
        ["s3:GetObject Bucket=<B>"],
    ),
    "uploads": (
        _V2 + 'manager.NewUploader(client).Upload(ctx, &s3.PutObjectInput{Bucket: &b, Key: &k})}',
        ["s3:PutObject Bucket=<B> Key=<K>", "s3:AbortMultipartUpload Bucket=<B> Key=<K>"],
    ),
    "downloads": (
        _V2 + 'd := manager.NewDownloader(client)\n'
        "d.Download(ctx, w, &s3.GetObjectInput{Bucket: &b, Key: &k})}",
        ["s3:GetObject Bucket=<B> Key=<K>"],
    ),
    "lists and maps": (
        _V2 + 'client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b,\n'
        'Delete: &types.Delete{Objects: []types.ObjectIdentifier{\n'
        '{Key: aws.String("x")}, {Key: aws.String("y")}}}})\n'
        'd.BatchGetItem(ctx, &ddb.BatchGetItemInput{RequestItems: map[string]T{"t": {Keys: k}}})}',
        [
            "s3:DeleteObjects Bucket=<B> Delete.Objects.Key=x|y",
            "dynamodb:BatchGetItem RequestItems=t",
        ],
    ),
    "a role": (
        _V2 + 'stscreds.NewAssumeRoleProvider(sts, "arn:aws:iam::1:role/r")}',
        ["sts:AssumeRole RoleArn=arn:aws:iam::1:role/r", "? s3.NewFromConfig()"],
    ),
    "a client in a struct": (
        _V2 + "}\ntype Store struct { api *s3.Client }\n"
        "func (s *Store) list() { s.api.ListBuckets(ctx, nil) }",
        ["s3:ListBuckets"],
    ),
    "version 1": (
        _V1 + 'svc.PutObject(&s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})}',
        ["s3:PutObject Bucket=b Key=k"],
    ),
    "version 1, with a context, all pages": (
        _V1 + "svc.ListObjectsV2PagesWithContext(ctx, &s3.ListObjectsV2Input{Bucket: &b}, fn)}",
        ["s3:ListObjectsV2 Bucket=<B>"],
    ),
    "version 1, what is set": (
        _V1 + 'in := &s3.GetObjectInput{}\nin.SetBucket("b")\nreq, _ := svc.GetObjectRequest(in)}',
        ["s3:GetObject Bucket=b"],
    ),
    "version 1, an upload": (
        _V1 + "s3manager.NewUploader(sess).Upload(&s3manager.UploadInput{Bucket: &b, Key: &k})}",
        ["s3:PutObject Bucket=<B> Key=<K>", "s3:AbortMultipartUpload Bucket=<B> Key=<K>"],
    ),
    "version 1, an interface": (
        _V1 + "api.ListBuckets(nil)\napi.WaitUntilBucketExists(in)}",
        ["s3:ListBuckets", "s3:HeadBucket"],
    ),
    "version 1, load balancers": (
        _V1 + "elbv2.New(sess).DescribeLoadBalancers(nil)}",
        ["elbv2:DescribeLoadBalancers", "? s3.New()"],
    ),
    "a package that calls AWS": (
        'package a\nimport _ "gocloud.dev/blob/s3blob"',
        ["? gocloud.dev/blob/s3blob"],
    ),
    "somebody else's types": (
        ('package a\nimport "example.com/aws/service/s3"\n'
        "func f() { s3.New(x).PutObject(&s3.PutObjectInput{Bucket: b}) }"),
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _SOURCES)
def test_what_is_read(name: str) -> None:
    source, expected = _SOURCES[name]
    assert told(calls, "a.go", source) == expected


def test_a_spot_names_the_line_and_no_value(keys: KeyMaker) -> None:
    secret = keys.secret()
    source = f'{_V2}client.PutObject(ctx, &s3.PutObjectInput{{Key: aws.String("{secret}")}})}}'
    (found,) = calls("a.go", source.encode())
    assert isinstance(found, Call)
    assert found.spot.line == len(source.splitlines())
    assert found.spot.said == "client.PutObject(Key)"
    assert secret not in str(list(found.arguments.values()))


def test_a_file_that_is_none_is_unclear() -> None:
    (found,) = calls("a.go", b"aws " + b"\x00\xff{{{<<" * 500)
    assert not isinstance(found, Call)


def test_names_that_are_bound_to_each_other_end() -> None:
    source = _V2 + "a := b\nb := a\nclient.PutObject(ctx, a)\na.B = b\nb.C = a\n x := s3.T{A: a}}"
    assert told(calls, "a.go", source) == ["s3:PutObject"]


def test_what_is_nested_deeply_ends() -> None:
    source = _V2 + "x := " + "(" * 20_000 + "1" + ")" * 20_000 + "}"
    list(calls("a.go", source.encode()))
    source = _V2 + "client.PutObject(ctx, &s3.PutObjectInput" + "{{" * 3_000 + "}}" * 3_000 + ")}"
    assert told(calls, "a.go", source) == ["s3:PutObject"]


_PIECES = """
client .PutObject( &s3.PutObjectInput{ Bucket: aws.String( "x" ) } a := = , var { func_g() ( []
map[string] new( fmt.Sprintf( "%s%d%" for range struct * return . ; a b type_T
"""


@given(st.lists(st.sampled_from(_PIECES.split()), max_size=60).map(" ".join))
def test_any_text_is_read(text: str) -> None:
    list(calls("a.go", (_V2 + text).encode()))


@given(st.binary(max_size=300))
def test_any_bytes_are_read(source: bytes) -> None:
    list(calls("a.go", b"// aws\n" + source))
