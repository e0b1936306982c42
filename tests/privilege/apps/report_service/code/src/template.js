const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");
const { KMSClient, DecryptCommand } = require("@aws-sdk/client-kms");

const client = new S3Client({ region: "us-east-2" });
const kms = new KMSClient({ region: "us-east-2" });

exports.template = async () => {
  const found = await client.send(
    new GetObjectCommand({ Bucket: process.env.TEMPLATES_BUCKET, Key: "report.hbs" }),
  );
  return found.Body;
};

exports.open = async (blob) =>
  kms.send(new DecryptCommand({ KeyId: "alias/acme-reports", CiphertextBlob: blob }));
