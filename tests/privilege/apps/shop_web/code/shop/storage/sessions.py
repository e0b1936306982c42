import time

import boto3


class SessionStore:
    TABLE = "shop-sessions"

    def __init__(self):
        self._client = boto3.client("dynamodb", region_name="eu-central-1")

    def save(self, user, session):
        self._client.put_item(
            TableName=self.TABLE,
            Item={"id": {"S": session}, "user": {"S": user}, "ttl": {"N": str(int(time.time()))}},
        )

    def load(self, session):
        return self._client.get_item(TableName=self.TABLE, Key={"id": {"S": session}})

    def forget(self, sessions):
        self._client.batch_write_item(
            RequestItems={
                "shop-sessions": [
                    {"DeleteRequest": {"Key": {"id": {"S": one}}}} for one in sessions
                ]
            }
        )
