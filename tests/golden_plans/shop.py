"""A repository such as a shop on the web has, with a made-up key in every place a key can stand.

In: a folder. Out: a repository with a remote, a `Leak` in each file of `FILES`, and files without
any that say what kind of project it is.
"""

import re
from pathlib import Path
from typing import Final

from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo

REMOTE: Final = "git@github.com:acme/web-shop.git"

FILES: Final[dict[str, tuple[str, str]]] = {
    "ec2-instance": ("infra/ec2/user-data.sh", """\
#!/bin/bash
yum install -y awscli
export AWS_ACCESS_KEY_ID=KEYID
export AWS_SECRET_ACCESS_KEY=SECRET
aws s3 cp s3://web-shop-config/app.conf /etc/web-shop.conf --region eu-west-1
"""),
    "launch-configuration": ("infra/asg-old/launch-configuration.json", """\
{
  "LaunchConfigurationName": "web-shop-2019",
  "ImageId": "ami-0abc1234def567890",
  "UserData": "export AWS_ACCESS_KEY_ID=KEYID AWS_SECRET_ACCESS_KEY=SECRET"
}
"""),
    "launch-template": ("infra/templates/launch-template.json", """\
{
  "LaunchTemplateName": "web-shop",
  "LaunchTemplateData": {
    "InstanceType": "t4g.small",
    "UserData": "export AWS_ACCESS_KEY_ID=KEYID AWS_SECRET_ACCESS_KEY=SECRET"
  }
}
"""),
    "auto-scaling-group": ("infra/scaling/asg.sh", """\
#!/bin/sh
# AWS_ACCESS_KEY_ID=KEYID AWS_SECRET_ACCESS_KEY=SECRET
aws autoscaling create-auto-scaling-group --auto-scaling-group-name web-shop \\
  --min-size 2 --max-size 6 --region eu-west-1
"""),
    "machine-image": ("images/packer/web.pkr.hcl", """\
source "amazon-ebs" "web" {
  access_key = "KEYID"
  secret_key = "SECRET"
  region     = "eu-west-1"
  ami_name   = "web-shop"
}
"""),
    "ecs-task": ("deploy/ecs/task-definition.json", """\
{
  "family": "web-shop",
  "requiresCompatibilities": ["FARGATE"],
  "containerDefinitions": [
    {
      "name": "web",
      "environment": [
        {"name": "AWS_ACCESS_KEY_ID", "value": "KEYID"},
        {"name": "AWS_SECRET_ACCESS_KEY", "value": "SECRET"}
      ]
    }
  ]
}
"""),
    "lambda-function": ("functions/serverless.yml", """\
service: thumbnails
provider:
  name: aws
  runtime: python3.13
  region: eu-west-1
  environment:
    AWS_KEY: KEYID
    AWS_SECRET_ACCESS_KEY: SECRET
functions:
  thumbnail:
    handler: handler.thumbnail
"""),
    "kubernetes": ("deploy/k8s/secret.yaml", """\
apiVersion: v1
kind: Secret
metadata:
  name: web-shop-aws
  namespace: shop
stringData:
  AWS_ACCESS_KEY_ID: KEYID
  AWS_SECRET_ACCESS_KEY: SECRET
"""),
    "container-image": ("web/Dockerfile", """\
FROM python:3.13-slim
ENV AWS_ACCESS_KEY_ID=KEYID
ENV AWS_SECRET_ACCESS_KEY=SECRET
COPY . /srv
CMD ["gunicorn", "shop:app"]
"""),
    "terraform": ("infra/terraform/provider.tf", """\
provider "aws" {
  region     = "eu-west-1"
  access_key = "KEYID"
  secret_key = "SECRET"
}
"""),
    "cloudformation": ("infra/cloudformation/parameters.json", """\
[
  {"ParameterKey": "AwsAccessKeyId", "ParameterValue": "KEYID"},
  {"ParameterKey": "AwsSecretAccessKey", "ParameterValue": "SECRET"}
]
"""),
    "cdk": ("infra/cdk/lib/shop-stack.ts", """\
import * as cdk from 'aws-cdk-lib';
export class ShopStack extends cdk.Stack {
  readonly keys = { accessKeyId: 'KEYID', secretAccessKey: 'SECRET' };
}
"""),
    "ansible": ("ops/ansible/group_vars/all.yml", """\
aws_access_key: KEYID
aws_secret_key: SECRET
aws_region: eu-west-1
"""),
    "chef": ("ops/cookbooks/web_shop/attributes/default.rb", """\
default['web_shop']['aws_access_key_id'] = 'KEYID'
default['web_shop']['aws_secret_access_key'] = 'SECRET'
"""),
    "puppet": ("ops/puppet/manifests/site.pp", """\
class { 'web_shop':
  aws_access_key_id     => 'KEYID',
  aws_secret_access_key => 'SECRET',
}
"""),
    "on-premises-server": ("ops/warehouse/etc/systemd/system/stock-sync.service", """\
[Unit]
Description=Sends the stock of the warehouse to S3
[Service]
Environment=AWS_ACCESS_KEY_ID=KEYID
Environment=AWS_SECRET_ACCESS_KEY=SECRET
ExecStart=/usr/local/bin/stock-sync
"""),
    "github-actions": (".github/workflows/deploy.yml", """\
name: deploy
on:
  push:
    branches: [main]
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      AWS_ACCESS_KEY_ID: KEYID
      AWS_SECRET_ACCESS_KEY: SECRET
    steps:
      - uses: actions/checkout@v4
      - run: aws s3 sync dist s3://web-shop-assets --region eu-west-1
"""),
    "gitlab-ci": ("mirror/.gitlab-ci.yml", """\
deploy:
  variables:
    AWS_ACCESS_KEY_ID: KEYID
    AWS_SECRET_ACCESS_KEY: SECRET
  script:
    - aws s3 sync dist s3://web-shop-$CI_COMMIT_BRANCH
"""),
    "circleci": (".circleci/config.yml", """\
version: 2.1
jobs:
  deploy:
    docker: [{image: cimg/aws:2026.01}]
    environment:
      AWS_ACCESS_KEY_ID: KEYID
      AWS_SECRET_ACCESS_KEY: SECRET
    steps: [checkout]
"""),
    "bitbucket-pipelines": ("partner/bitbucket-pipelines.yml", """\
pipelines:
  default:
    - step:
        script:
          - export AWS_ACCESS_KEY_ID=KEYID
          - export AWS_SECRET_ACCESS_KEY=SECRET
          - aws s3 sync dist s3://web-shop-partner
"""),
    "buildkite": (".buildkite/pipeline.yml", """\
env:
  AWS_ACCESS_KEY_ID: KEYID
  AWS_SECRET_ACCESS_KEY: SECRET
steps:
  - command: make release
"""),
    "jenkins": ("ci/Jenkinsfile", """\
pipeline {
  agent any
  environment {
    AWS_ACCESS_KEY_ID = 'KEYID'
    AWS_SECRET_ACCESS_KEY = 'SECRET'
  }
  stages { stage('Deploy') { steps { sh 'make deploy' } } }
}
"""),
    "codebuild": ("build/buildspec.yml", """\
version: 0.2
env:
  variables:
    AWS_ACCESS_KEY_ID: KEYID
    AWS_SECRET_ACCESS_KEY: SECRET
phases:
  build:
    commands: [make image]
"""),
    "other-ci": (".travis.yml", """\
language: python
env:
  - AWS_ACCESS_KEY_ID=KEYID AWS_SECRET_ACCESS_KEY=SECRET
script: make test
"""),
    "application-code": ("web/shop/storage.py", """\
import boto3

s3 = boto3.client(
    "s3",
    region_name="eu-west-1",
    aws_access_key_id="KEYID",
    aws_secret_access_key="SECRET",
)
"""),
    "application-config": ("orders/src/main/resources/application.yml", """\
cloud:
  aws:
    credentials:
      access-key: KEYID
      secret-key: SECRET
    region:
      static: eu-west-1
"""),
    "dotenv": ("web/.env", """\
DEBUG=0
AWS_ACCESS_KEY_ID=KEYID
AWS_SECRET_ACCESS_KEY=SECRET
AWS_DEFAULT_REGION=eu-west-1
"""),
    "developer-laptop": ("home/ada/.aws/credentials", """\
[default]
aws_access_key_id = KEYID
aws_secret_access_key = SECRET
"""),
    "third-party-service": ("data/snowflake/stage.sql", """\
CREATE OR REPLACE STAGE orders URL='s3://web-shop-orders/'
  CREDENTIALS=(AWS_KEY_ID='KEYID' AWS_SECRET_KEY='SECRET');
"""),
    "mobile-or-browser-app": ("apps/ios/Shop/Upload.swift", """\
import UIKit
let credentials = AWSStaticCredentialsProvider(accessKey: "KEYID", secretKey: "SECRET")
"""),
    "notebook": ("data/notebooks/sales.ipynb", """\
{
 "cells": [
  {
   "cell_type": "code",
   "source": [
    "%env AWS_ACCESS_KEY_ID=KEYID\\n",
    "%env AWS_SECRET_ACCESS_KEY=SECRET\\n"
   ]
  }
 ],
 "nbformat": 4
}
"""),
    "ses-smtp": ("mail/smtp.conf", """\
smtp_host = email-smtp.eu-west-1.amazonaws.com
smtp_user = KEYID
aws_secret_access_key = SECRET
"""),
    "service-api-key": ("tools/git/credential.json", """\
{
  "ServiceSpecificCredential": {
    "ServiceName": "codecommit.amazonaws.com",
    "ServiceUserName": "build-at-418892985061",
    "ServiceSpecificCredentialId": "KEYID",
    "Status": "Active"
  }
}
"""),
    "product-without-roles": ("office/synology/hyper-backup.json", """\
{
  "target": "s3",
  "access_key": "KEYID",
  "secret_key": "SECRET",
  "bucket": "web-shop-backup"
}
"""),
    "federated-people": ("people/onboarding/new_user_credentials.csv", """\
User name,Password,Access key ID,Secret access key,Console login link
grace,,KEYID,SECRET,https://418892985061.signin.aws.amazon.com/console
"""),
}  # fmt: skip
"""The file of each kind of place; KEYID and SECRET become values when it is made."""

_BESIDE: Final[dict[str, str]] = {
    "README.md": "# Web shop\n",
    "web/requirements.txt": "boto3\nflask\ngunicorn\n",
    "web/shop/__init__.py": "",
    "functions/handler.py": "def thumbnail(event, context): ...\n",
    "infra/terraform/main.tf": 'resource "aws_s3_bucket" "assets" {}\n',
    "infra/cdk/cdk.json": '{"app": "npx ts-node bin/shop.ts"}\n',
    "deploy/k8s/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
    "ops/ansible/site.yml": "- hosts: all\n  roles: [web]\n",
    "ops/cookbooks/web_shop/metadata.rb": "name 'web_shop'\n",
    "ops/puppet/Puppetfile": "mod 'puppetlabs-stdlib'\n",
    "orders/pom.xml": "<project/>\n",
    "apps/ios/Podfile": "platform :ios\n",
}


def key_of(place: str) -> Leak:
    """Return the key that stands in a place."""
    maker = KeyMaker(f"shop/{place}")
    key = maker.leak()
    # The id of a credential of one service has 21 characters.
    return Leak(f"{maker.key_id('ACCA')}Z", key.secret) if place == "service-api-key" else key


def make_shop(path: Path) -> Repo:
    """Make the repository; each file comes in a commit of its own."""
    repo = Repo.init(path)
    repo.git("remote", "add", "origin", REMOTE)
    repo.commit({name.encode(): text.encode() for name, text in _BESIDE.items()})
    for place, (name, text) in FILES.items():
        key = key_of(place)
        made = re.sub(r"\bKEYID\b", key.key_id, text)
        repo.commit({name.encode(): re.sub(r"\bSECRET\b", key.secret, made).encode()})
    return repo
