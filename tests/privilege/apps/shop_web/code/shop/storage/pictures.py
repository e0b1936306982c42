import boto3


class Pictures:
    def __init__(self, bucket):
        self.s3 = boto3.client("s3")
        self.bucket = bucket

    def store(self, name, picture):
        self.s3.upload_fileobj(picture, self.bucket, "pictures/" + name)

    def names(self):
        pages = self.s3.get_paginator("list_objects_v2")
        return [
            item["Key"]
            for page in pages.paginate(Bucket=self.bucket, Prefix="pictures/")
            for item in page.get("Contents", [])
        ]

    def drop(self, name):
        self.s3.delete_object(Bucket=self.bucket, Key=f"pictures/{name}")
