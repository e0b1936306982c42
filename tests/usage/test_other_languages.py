"""What is said of files that no reader reads."""

import pytest

from leakscan.usage.collect import NO_CODE, TESTS, TOO_LARGE, Options, usage
from leakscan.usage.other_languages import language_of, unread
from tests.support.keys import KeyMaker

_USES = {
    "Java": (
        "a/B.java",
        ("import software.amazon.awssdk.services.s3.S3Client;\n"
        "import software.amazon.awssdk.services.sqs.SqsClient;"),
        "the SDK's s3, sqs",
    ),
    "Java, version 1": (
        "B.java",
        "import com.amazonaws.services.dynamodbv2.AmazonDynamoDB;",
        "the SDK's dynamodb",
    ),
    "Java, credentials only": ("B.java", "import com.amazonaws.auth.Nothing;", "AWS's SDK"),
    "Kotlin": ("a.kt", "import aws.sdk.kotlin.services.s3.S3Client", "the SDK's s3"),
    "Scala": ("a.scala", "import software.amazon.awssdk.services.sns.SnsClient", "the SDK's sns"),
    "Groovy": ("a.groovy", "import com.amazonaws.services.kms.AWSKMS", "the SDK's kms"),
    "C#": ("a.cs", "using Amazon.S3;\nusing Amazon.DynamoDBv2;", "the SDK's dynamodb, s3"),
    "F#": ("a.fs", "open Amazon.SQS", "the SDK's sqs"),
    "Visual Basic": ("a.vb", "Imports Amazon.S3", "the SDK's s3"),
    "Ruby": ("a.rb", "require 'aws-sdk-s3'\nAws::SQS::Client.new", "the SDK's s3, sqs"),
    "Ruby, gems": ("Gemfile", "gem 'aws-sdk-sns'", "the SDK's sns"),
    "PHP": ("a.php", "<?php\nuse Aws\\S3\\S3Client;", "the SDK's s3"),
    "Rust": ("a.rs", "use aws_sdk_s3::Client;", "the SDK's s3"),
    "Perl": ("a.pl", "use Paws;\nPaws->service('SQS')", "the SDK's sqs"),
    "Swift": ("a.swift", "import AWSS3", "the SDK's s3"),
    "Dart": ("a.dart", "import 'package:aws_s3_api/s3-2006-03-01.dart';", "the SDK's s3"),
    "C++": ("a.cpp", "#include <aws/core/Aws.h>\n#include <aws/s3/S3Client.h>", "the SDK's s3"),
    "R": ("a.R", "s3 <- paws::s3()", "the SDK's s3"),
    "Elixir": ("a.ex", "ExAws.S3.put_object(b, k, v)", "the SDK's s3"),
    "PowerShell": ("a.ps1", "Get-S3Object -BucketName b", "the SDK's s3"),
    "PowerShell, modules": ("a.ps1", "Import-Module AWS.Tools.SQS", "the SDK's sqs"),
    "a page": ("a.html", '<script src="https://sdk/js/aws-sdk-2.1.0.min.js">', "AWS's SDK"),
    "a batch file": ("a.bat", "@echo off\r\naws s3 cp a s3://b/c\r\n", "the AWS CLI"),
    "user data": ("a.tf", 'user_data = <<-X\n  aws s3 cp s3://b/c .\n  X', "the AWS CLI"),
    "a manifest": ("k.yaml", 'command: ["aws", "s3", "sync", ".", "s3://b"]', "the AWS CLI"),
}  # fmt: skip


@pytest.mark.parametrize("name", _USES)
def test_what_uses_aws_is_unclear(name: str) -> None:
    path, text, said = _USES[name]

    found = usage([(path, text.encode())], [])

    assert [one.why.endswith(said) for one in found.unclear] == [True], found.unclear
    assert found.left_out == {}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a/B.java", "import java.util.List; // AWS is mentioned"),
        ("a/B.java", "import com.amazonaws.services.lambda.runtime.Context;"),
        ("a.cs", "using Amazon.Lambda.Core;"),
        ("a.rb", "puts 'aws'"),
        ("a.rs", "let aws = laws(1);"),
        ("a.ps1", "Get-ChildItem s3"),
    ],
)
def test_what_does_not_is_counted_by_its_language(path: str, text: str) -> None:
    found = usage([(path, text.encode()), (f"x/{path}", text.encode())], [])

    assert found.unclear == ()
    assert found.left_out == {language_of(path): 2}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("README.md", b"run `aws s3 ls`"),
        ("a.png", b"\x89PNG\0 aws s3 ls"),
        ("a.css", b"a{}"),
        ("config.yaml", b"law: aws is fine\npaws s3 cp"),
        ("package-lock.json", b'"aws-sdk"'),
    ],
)
def test_what_is_no_code_is_one_number(path: str, data: bytes) -> None:
    found = usage([(path, data)], [])

    assert (found.unclear, found.left_out) == ((), {NO_CODE: 1})


def test_tests_and_large_files_of_these_languages_are_left_out_as_others() -> None:
    text = b"import software.amazon.awssdk.services.s3.S3Client;"

    assert usage([("src/test/A.java", text)], []).left_out == {TESTS: 1}
    assert usage([("A.java", text)], [], Options(file_bytes=9)).left_out == {TOO_LARGE: 1}


def test_the_line_is_named_and_shows_no_secret(keys: KeyMaker) -> None:
    secret = keys.secret()
    found = unread("a.rb", f"\n\nk = '{secret}'; Aws::S3::Client.new\n".encode())

    assert found is not None
    assert found.spot.line == 3
    assert secret not in found.spot.said
