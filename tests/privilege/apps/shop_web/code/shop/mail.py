import boto3

SENDER = "Shop <hello@shop.example.com>"


def welcome(user):
    ses = boto3.client("ses", region_name="eu-central-1")
    ses.send_email(
        Source=SENDER,
        Destination={"ToAddresses": [user]},
        Message={"Subject": {"Data": "Welcome"}, "Body": {"Text": {"Data": "Hello"}}},
    )
