import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.permissions import Call, Unclear
from leakscan.usage.shell.calls import calls, is_shell
from tests.support.keys import KeyMaker
from tests.usage.told import told

_UP = ["s3:PutObject Bucket=b Key=", "s3:AbortMultipartUpload Bucket=b Key="]


def up(key: str) -> list[str]:
    return [line + key for line in _UP]


_SCRIPTS = {
    # aws s3
    "aws s3 cp a/x.txt s3://b/k.txt": up("k.txt"),
    "aws s3 cp a/x.txt s3://b/d/": up("d/x.txt"),
    "aws s3 cp a/x.txt s3://b": up("x.txt"),
    "aws s3 cp a s3://b/d --recursive": up("d<>"),
    "aws s3 cp s3://b/k .": ["s3:GetObject Bucket=b Key=k"],
    "aws s3 cp s3://b/k/ . --recursive": [
        "s3:ListObjectsV2 Bucket=b Prefix=k/",
        "s3:GetObject Bucket=b Key=k/<>",
    ],
    "aws s3 cp s3://c/x s3://b/y": [
        "s3:CopyObject Bucket=b CopySource=c/x Key=y",
        "s3:AbortMultipartUpload Bucket=b Key=y",
    ],
    "aws s3 cp - s3://b/k --acl public-read": [
        "s3:PutObject ACL=public-read Bucket=b Key=k",
        "s3:AbortMultipartUpload Bucket=b Key=k",
    ],
    "aws s3 cp $FILE s3://b/k --only-show-errors": up("k"),
    "aws s3 mv x s3://b/k": up("k"),
    "aws s3 mv s3://b/k x": ["s3:GetObject Bucket=b Key=k", "s3:DeleteObject Bucket=b Key=k"],
    "aws s3 sync . s3://b": ["s3:ListObjectsV2 Bucket=b", *up("<>")],
    "aws s3 sync . s3://b/d --exclude '*.x' --delete": [
        "s3:ListObjectsV2 Bucket=b Prefix=d",
        *up("d<>"),
        "s3:DeleteObject Bucket=b Key=d<>",
    ],
    "aws s3 sync s3://b . --delete": ["s3:ListObjectsV2 Bucket=b", "s3:GetObject Bucket=b Key=<>"],
    "aws s3 rm s3://b/k": ["s3:DeleteObject Bucket=b Key=k"],
    "aws s3 rm s3://b/k --recursive": [
        "s3:ListObjectsV2 Bucket=b Prefix=k",
        "s3:DeleteObject Bucket=b Key=k<>",
    ],
    "aws s3 ls": ["s3:ListBuckets"],
    "aws s3 ls s3://b/p --human-readable": ["s3:ListObjectsV2 Bucket=b Prefix=p"],
    "aws s3 mb s3://b": ["s3:CreateBucket Bucket=b"],
    "aws s3 rb s3://b --force": [
        "s3:ListObjectsV2 Bucket=b",
        "s3:DeleteObject Bucket=b Key=<>",
        "s3:DeleteBucket Bucket=b",
    ],
    "aws s3 presign s3://b/k --expires-in 60": ["s3:GetObject Bucket=b Key=k"],
    "aws s3 website s3://b --index-document i": ["s3:PutBucketWebsite Bucket=b"],
    "aws s3 cp $SOURCE $S3_TARGET": ["? aws s3 cp"],
    "aws s3 cp x $S3_URI/y": ["? aws s3 cp"],
    "aws s3 help": [],
    # operations
    "aws s3api put-object --bucket b --key k --body f": ["s3:PutObject Bucket=b Key=k"],
    "aws s3api put-object --bucket=b --key=\"$K/x\"": ["s3:PutObject Bucket=b Key=<K>/x"],
    "aws --region eu-west-1 sqs list-queues": ["sqs:ListQueues"],
    "aws ecs update-service --cluster c --service s --force-new-deployment": [
        "ecs:UpdateService cluster=c service=s"
    ],
    "aws ec2 start-instances --instance-ids i-1 i-2 --output text": [
        "ec2:StartInstances InstanceIds=i-1|i-2"
    ],
    "aws ecs wait services-stable --cluster c --services s": [
        "ecs:DescribeServices cluster=c services=s"
    ],
    "aws s3api wait bucket-exists --bucket b": ["s3:HeadBucket Bucket=b"],
    "aws dynamodb batch-get-item --request-items '{\"t\": {\"Keys\": []}}'": [
        "dynamodb:BatchGetItem RequestItems=t"
    ],
    "aws rekognition detect-labels --image 'S3Object={Bucket=b,Name=n}'": [
        "rekognition:DetectLabels"
    ],
    "aws sns publish --topic-arn arn:x --message file://m.txt": [
        "sns:Publish Message=<MESSAGE> TopicArn=arn:x"
    ],
    "aws lambda invoke --function-name f:1 out.json": ["lambda:Invoke FunctionName=f:1"],
    # what is no operation
    "aws ecr get-login-password | docker login -p x": ["ecr:GetAuthorizationToken"],
    "aws ecr-public get-login-password": ["ecr-public:GetAuthorizationToken"],
    "aws eks update-kubeconfig --name c": ["eks:DescribeCluster name=c"],
    "aws logs tail /aws/x --follow": ["logs:FilterLogEvents"],
    "aws ssm start-session --target i-1": ["ssm:StartSession Target=i-1"],
    "aws configure set region x": [],
    "aws --version": [],
    "aws sso login": [],
    "aws s3api help": [],
    # around it
    "sudo -E aws sts get-caller-identity": ["sts:GetCallerIdentity"],
    "/usr/local/bin/aws sts get-caller-identity": ["sts:GetCallerIdentity"],
    "docker run --rm amazon/aws-cli:2.1 sts get-caller-identity": ["sts:GetCallerIdentity"],
    "ls | xargs -I{} aws s3 rm s3://b/x": ["s3:DeleteObject Bucket=b Key=x"],
    "aws-vault exec p -- aws s3 ls": ["s3:ListBuckets"],
    "bash -c 'aws s3 ls'": ["s3:ListBuckets"],
    "AWS_PROFILE=p aws s3 ls": ["s3:ListBuckets"],
    "x=$(aws s3 ls)": ["s3:ListBuckets"],
    "if aws s3 ls; then aws s3 mb s3://b; fi": ["s3:ListBuckets", "s3:CreateBucket Bucket=b"],
    "run() { \"$@\"; }\nrun aws s3 ls": ["s3:ListBuckets"],
    "cat <<EOF | aws s3 cp - s3://b/k\nx\nEOF": up("k"),
    "echo aws s3 ls": [],
    "# aws s3 ls": [],
    "awslocal s3 ls": [],
    # what is not told
    "aws $ARGUMENTS": ["? aws ..."],
    "aws s3api $OPERATION --bucket b": ["? aws s3api ... --bucket"],
    "aws --endpoint-url http://x s3 ls": ["? aws s3 ls"],
    "aws s3api no-such-thing": ["? aws s3api no-such-thing"],
    "npx cdk deploy": ["? cdk deploy"],
    "sam deploy --guided": ["? sam deploy"],
    "export AWS_REGION=x; terraform apply": ["? terraform apply"],
    # docker
    "docker push 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:$TAG": [
        f"ecr:{operation} repositoryName=team/app"
        for operation in (
            "BatchCheckLayerAvailability",
            "InitiateLayerUpload",
            "UploadLayerPart",
            "CompleteLayerUpload",
            "PutImage",
        )
    ],
    "docker push $ECR_REGISTRY/app:1 # aws": ["? docker push"],
    "docker push example/app # not aws": [],
    # variables
    "B=b\naws s3 ls s3://$B/${P}/x": ["s3:ListObjectsV2 Bucket=b Prefix=<P>/x"],
    "B=b\nB=c\naws s3 ls s3://$B/": ["s3:ListObjectsV2 Bucket=<B>"],
    "B=${B:-b}\naws s3 ls \"s3://$B\"": ["s3:ListObjectsV2 Bucket=<B>"],
    "B=$(terraform output b)\naws s3 ls s3://${B}": ["s3:ListObjectsV2 Bucket=<B>"],
    "A=b\nB=$A-x\naws s3 ls s3://$B": ["s3:ListObjectsV2 Bucket=b-x"],
    "for B in a b; do aws s3 ls s3://$B; done": ["s3:ListObjectsV2 Bucket=<B>"],
    "read B\nB=b\naws s3 ls s3://$B": ["s3:ListObjectsV2 Bucket=<B>"],
    "aws s3 ls s3://$(cat b)/x": ["s3:ListObjectsV2 Bucket=<> Prefix=x"],
    "aws s3 ls 's3://$B'": ["s3:ListObjectsV2 Bucket=$B"],
    "aws s3 ls s3://b/$1": ["s3:ListObjectsV2 Bucket=b Prefix=<>"],
    "AWS='aws --region x'\n$AWS s3 ls": ["s3:ListBuckets"],
    "aws s3 ls s3://$A/$B/$C-$D": ["s3:ListObjectsV2 Bucket=<A> Prefix=<B>/<C>-<D>"],
    "aws s3 ls s3://${A}$B/$C/x/$D": ["s3:ListObjectsV2 Bucket=<A><B> Prefix=<C>/x/<D>"],
    "A=$B\nB=$A\naws s3 ls s3://$A": ["s3:ListObjectsV2 Bucket=<A>"],
}  # fmt: skip


@pytest.mark.parametrize("script", _SCRIPTS)
def test_what_is_read(script: str) -> None:
    assert told(calls, "deploy.sh", script) == _SCRIPTS[script]


def test_custom_commands_name_what_they_are_for() -> None:
    script = "aws cloudformation deploy --stack-name s --template-file t.yml"
    assert told(calls, "x.sh", script, "StackName") == [
        f"cloudformation:{name} StackName=s"
        for name in (
            "DescribeStacks",
            "CreateChangeSet",
            "DescribeChangeSet",
            "ExecuteChangeSet",
            "GetTemplateSummary",
        )
    ]


def test_region_and_account_are_told() -> None:
    (found,) = calls("x.sh", b"aws sqs list-queues --region eu-west-1")
    assert isinstance(found, Call)
    assert found.region == "eu-west-1"
    push = b"docker push 123456789012.dkr.ecr.us-east-2.amazonaws.com/a"
    assert {(one.region, one.account) for one in calls("x.sh", push) if isinstance(one, Call)} == {
        ("us-east-2", "123456789012")
    }


def test_a_spot_names_the_line_and_no_value(keys: KeyMaker) -> None:
    secret = keys.secret()
    script = f"set -e\n\naws ssm put-parameter --name /a --value '{secret}' --type String\n"
    (found,) = calls("bin/x.sh", script.encode())
    assert isinstance(found, Call)
    assert (found.spot.path, found.spot.line) == ("bin/x.sh", 3)
    assert found.spot.said == "aws ssm put-parameter --name --value --type"
    assert secret not in str(list(found.arguments.values()))


def test_a_spot_holds_no_word_that_is_no_name_of_a_command() -> None:
    (found,) = calls("a.sh", b"aws unknownsvc Hunter2isMyPass --password")
    assert isinstance(found, Unclear)
    assert found.spot.said == "aws unknownsvc ... --password"


def test_a_makefile() -> None:
    source = (
        "BUCKET := b\nPREFIX ?= p\nURI = s3://$(BUCKET)/$(PREFIX)\n\n"
        "deploy: build\n\t@aws s3 rm $(URI)/x\n"
        "\tfor f in *; do \\\n\t  aws s3 ls s3://$$HOME/$(notdir $@); \\\n\tdone\n"
    )
    assert told(calls, "Makefile", source) == [
        "s3:DeleteObject Bucket=b Key=<PREFIX>/x",
        "s3:ListObjectsV2 Bucket=<HOME> Prefix=<>",
    ]
    assert [found.spot.line for found in calls("Makefile", source.encode())] == [6, 8]


def test_a_dockerfile() -> None:
    source = (
        "FROM x\nENV BUCKET=b OTHER=c\nARG KEY=k\nLABEL aws=s3\n"
        "RUN --mount=type=secret,id=aws apt update && \\\n"
        "    # why\n    aws s3 cp s3://$BUCKET/$KEY .\n"
        'CMD ["aws", "s3", "ls", "s3://d"]\n'
        "RUN <<EOT\naws s3 mb s3://e\nEOT\n"
    )
    assert told(calls, "docker/Dockerfile.web", source) == [
        "s3:GetObject Bucket=b Key=<KEY>",
        "s3:ListObjectsV2 Bucket=d",
        "s3:CreateBucket Bucket=e",
    ]
    lines = [found.spot.line for found in calls("Dockerfile", source.encode())]
    assert lines == [7, 8, 10]


def test_files_are_known_by_name_or_first_line() -> None:
    known = ["a.sh", "x/Makefile", "GNUmakefile", "rules.mk", "Dockerfile", "web.Dockerfile"]
    assert all(is_shell(path, b"") for path in known)
    assert is_shell("bin/deploy", b"#!/usr/bin/env bash\n")
    assert is_shell("bin/deploy", b"#! /bin/sh -e\n")
    assert not is_shell("bin/deploy", b"#!/usr/bin/env python3\n")
    assert not is_shell("a.md", b"aws s3 ls")


def test_what_is_nested_deeply_ends() -> None:
    script = "aws s3 ls s3://" + "$(aws s3 ls " * 3_000 + ")" * 3_000
    assert {type(found) for found in calls("x.sh", script.encode())} <= {Call, Unclear}
    chain = "".join(f"V{n}=$V{n - 1}\n" for n in range(1, 3_000)) + "aws s3 ls s3://$V2999\n"
    assert len(told(calls, "x.sh", chain)) == 1


_PIECES = """
aws s3 cp s3://b/k . $X ${X:-y} $( ) ` ' " \\ | && ; { } ( ) if then fi for in do done <<EOF EOF
--recursive --bucket=b s3api put-object X=1 X=$X case esac [[ ]] docker push xargs function_f() $'
"""


@given(st.lists(st.sampled_from(_PIECES.split()), max_size=60).map(" ".join))
def test_any_text_is_read(text: str) -> None:
    for path in ("x.sh", "Makefile", "Dockerfile"):
        list(calls(path, f"\tRUN aws {text}\n".encode()))


@given(st.binary(max_size=300))
def test_any_bytes_are_read(source: bytes) -> None:
    for path in ("x.sh", "Makefile", "Dockerfile"):
        list(calls(path, b"# aws\n" + source))


@pytest.mark.parametrize(
    ("script", "region"),
    [
        ("aws sqs list-queues --region eu-west-1", "eu-west-1"),
        ("export AWS_REGION=eu-west-1\naws sqs list-queues", "eu-west-1"),
        ("AWS_REGION=eu-west-1\nexport AWS_REGION\naws sqs list-queues", "eu-west-1"),
        ("AWS_REGION=eu-west-1 aws sqs list-queues", "eu-west-1"),
        ("export AWS_REGION=eu-west-1\naws sqs list-queues --region us-east-2", "us-east-2"),
        ("export AWS_DEFAULT_REGION=eu-west-1\nbash -c 'aws sqs list-queues'", "eu-west-1"),
        ("AWS_REGION=eu-west-1\naws sqs list-queues", ""),
        ("export AWS_REGION=$1\naws sqs list-queues", ""),
        ("export AWS_REGION=eu-west-1\nexport AWS_REGION=eu-west-2\naws sqs list-queues", ""),
    ],
)  # fmt: skip
def test_regions_of_the_environment_are_told(script: str, region: str) -> None:
    (found,) = calls("a.sh", script.encode())
    assert isinstance(found, Call)
    assert found.region == region
