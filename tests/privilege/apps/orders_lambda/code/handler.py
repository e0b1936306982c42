"""Takes orders from a queue, keeps them and their receipts."""

import json
import os

import boto3
from orders import receipts

REGION = "eu-west-1"
TABLE = os.environ["ORDERS_TABLE"]
NOTIFY = "arn:aws:sns:eu-west-1:418892985061:order-events"

dynamodb = boto3.resource("dynamodb", region_name=REGION)
sqs = boto3.client("sqs", region_name=REGION)
sns = boto3.client("sns", region_name=REGION)
table = dynamodb.Table(TABLE)

RETRY_QUEUE = "https://sqs.eu-west-1.amazonaws.com/418892985061/orders-retry.fifo"


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            table.put_item(Item=order, ConditionExpression="attribute_not_exists(id)")
        except dynamodb.meta.client.exceptions.ConditionalCheckFailedException:
            sqs.send_message(QueueUrl=RETRY_QUEUE, MessageBody=record["body"], MessageGroupId="1")
            continue
        receipts.keep(order)
        sns.publish(TopicArn=NOTIFY, Message=json.dumps({"id": order["id"]}))


def status(event, context):
    found = table.query(
        IndexName="by-customer",
        KeyConditionExpression="customer = :c",
        ExpressionAttributeValues={":c": event["customer"]},
    )
    return {"orders": found["Items"], "rates": receipts.rates()}
