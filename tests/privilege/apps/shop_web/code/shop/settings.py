import json
import os

import boto3

PICTURES_BUCKET = os.environ.get("PICTURES_BUCKET", "shop-pictures")


def _secret(name):
    client = boto3.session.Session().client("secretsmanager", region_name="eu-central-1")
    return json.loads(client.get_secret_value(SecretId=name)["SecretString"])


DATABASE = _secret("prod/shop/database")
FEATURES = boto3.client("ssm", region_name="eu-central-1").get_parameter(
    Name="/shop/prod/features", WithDecryption=True
)
