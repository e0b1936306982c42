"""Packages of Python that call AWS by themselves, and settings that name one.

Part of the usage stage. In: dotted names and texts. Out: what is said of them. What each version of
a package calls for what it is given is not known, so that no operation is told.
"""

import re
from typing import Final

_DYNAMODB: Final = "{} calls DynamoDB by itself"
_S3: Final = "{} calls S3 by itself"
_SQS: Final = "{} calls SQS by itself"
_ANY: Final = "{} calls AWS by itself"
_MODELS: Final = "{} calls Bedrock or SageMaker by itself"
_SIGNS: Final = "the code signs a request of its own"

# An entry that ends in a dot is a package or a module; others are how a name begins.
# fmt: off
_GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (_SIGNS, (
        "botocore.auth.", "botocore.crt.auth.", "awscrt.auth.", "requests_aws4auth.",
        "aws_requests_auth.", "requests_auth_aws_sigv4.", "requests_aws_sign.",
        "opensearchpy.AWSV4Signer", "opensearchpy.Urllib3AWSV4Signer",
        "opensearchpy.RequestsAWSV4Signer", "opensearchpy.helpers.signer.",
        "opensearchpy.helpers.asyncsigner.", "gql.transport.appsync_auth.",
        "aws_msk_iam_sasl_signer.", "cassandra_sigv4.", "httpx_auth.AWS4Auth",
    )),
    (_S3, (
        "s3fs.", "s3path.", "s3pathlib.", "cloudpathlib.S3", "storages.backends.s3", "s3transfer.",
        "pyarrow.fs.S3", "django_s3_storage.", "flask_s3.", "tinys3.", "s3contents.", "fs_s3fs.",
        "dvc_s3.", "obstore.store.S3", "s3torchconnector.", "libcloud.storage.drivers.s3.",
    )),
    ("smart_open calls S3 by itself where an address is one of it", ("smart_open.",)),
    ("minio calls S3, or a server that is like it", ("minio.",)),
    (_DYNAMODB, (
        "pynamodb.", "aiodynamo.", "dynamo3.", "dyntastic.", "dynamorm.", "bloop.", "pydynamodb.",
        "python_dynamodb_lock.", "dynamodb_sessions.", "amazondax.", "dynamodb_encryption_sdk.",
        "aws_dbesdk_dynamodb.",
    )),
    (_SQS, (
        "dramatiq_sqs.", "kombu.transport.SQS.", "sqs_listener.", "sqs_launcher.", "pyqs.",
        "taskiq_aio_sqs.", "loafer.", "sqs_extended_client.",
    )),
    (_MODELS, (
        "langchain_aws.", "langchain_community.chat_models.bedrock.",
        "langchain_community.chat_models.Bedrock", "langchain_community.llms.bedrock.",
        "langchain_community.llms.Bedrock", "langchain_community.llms.sagemaker_endpoint.",
        "langchain_community.llms.SagemakerEndpoint", "langchain_community.embeddings.bedrock.",
        "langchain_community.embeddings.Bedrock", "langchain_community.retrievers.bedrock.",
        "langchain_community.retrievers.AmazonKendra", "langchain.llms.bedrock.",
        "langchain.llms.Bedrock", "langchain.llms.SagemakerEndpoint",
        "langchain.chat_models.Bedrock", "langchain.embeddings.Bedrock",
        "llama_index.llms.bedrock", "llama_index.embeddings.bedrock.", "anthropic.AnthropicBedrock",
        "anthropic.AsyncAnthropicBedrock", "anthropic.lib.bedrock.", "strands.models.bedrock.",
        "strands.models.BedrockModel", "pydantic_ai.models.bedrock.",
        "pydantic_ai.providers.bedrock.", "haystack_integrations.components.generators.amazon_",
        "bedrock_agentcore.", "sagemaker.", "sagemaker_training.", "smexperiments.", "smdebug.",
    )),
    (_ANY, (
        "aws_lambda_powertools.utilities.parameters.",
        "aws_lambda_powertools.utilities.idempotency.persistence.dynamodb.",
        "aws_lambda_powertools.utilities.idempotency.DynamoDB",
        "aws_lambda_powertools.utilities.feature_flags.AppConfigStore",
        "aws_lambda_powertools.utilities.feature_flags.appconfig.",
        "aws_lambda_powertools.utilities.data_masking.provider.kms.",
        "aws_lambda_powertools.utilities.streaming.",
        "aws_lambda_powertools.utilities.batch.PartialSQSProcessor",
        "aws_lambda_powertools.utilities.batch.sqs_batch_processor",
        "awswrangler.", "awsglue.", "airflow.providers.amazon.", "airflow.contrib.hooks.aws_",
        "airflow.hooks.S3", "aws_encryption_sdk.", "aws_cryptographic_materialproviders.",
        "aws_secretsmanager_caching.", "aws_assume_role_lib.", "boto_session_manager.",
        "watchtower.", "pyathena.", "django_ses.", "django_amazon_ses.",
        "anymail.backends.amazon_ses.", "warrant.", "pycognito.", "amazon_transcribe.",
        "amazon_kclpy.", "ssm_cache.", "ssm_parameter_store.", "credstash.", "zappa.async.",
        "zappa.asynchronous.", "chalice.deploy.", "chalice.awsclient.", "dagster_aws.",
        "prefect_aws.", "metaflow.plugins.aws.", "dask_cloudprovider.aws.", "braket.aws.",
        "certbot_dns_route53.", "lexicon.providers.route53.",
        "lexicon._private.providers.route53.", "libcloud.compute.drivers.ec2.", "pcluster.",
    )),
    ("boto 2 calls AWS by itself; it is not read", ("boto.",)),
    ("traces are sent with the role of what runs: xray:PutTraceSegments", ("aws_xray_sdk.",)),
    ("Lambda polls the queue or stream that it reads with the role of the function", (
        "aws_lambda_powertools.utilities.batch.",
    )),
    ("it runs the AWS CLI", ("awscli.", "plumbum.cmd.aws")),
)
# fmt: on
_WHY: Final = {
    entry: why.format(entry.partition(".")[0]) for why, group in _GROUPS for entry in group
}
_BY_ROOT: Final = {
    root: [entry for entry in _WHY if entry.partition(".")[0] == root]
    for root in {entry.partition(".")[0] for entry in _WHY}
}
_HARMLESS: Final = re.compile(
    r"(?:exceptions?|errors?|types?|typing|constants?|version|__version__|\w+Error|\w+Exception|\w+Warning)\Z"
)
"""Last parts of names with which nothing is called."""
_SETTINGS: Final = re.compile(
    r"(?P<class>storages\.backends\.s3|django_s3_storage\.|django_ses\.|django_amazon_ses\."
    r"|anymail\.backends\.amazon_ses\.|watchtower\.\w|airflow\.providers\.amazon\."
    r"|kombu\.transport\.SQS|django_dynamodb_|flask_s3\.|custom_storages\.\w*S3"
    r"|health_check\.contrib\.s3|dramatiq_sqs\.)"
    r"|(?P<broker>(?:sqs|dynamodb|kinesis|awsathena|awsdynamodb|redshift\+redshift_connector)"
    r"(?:\+\w+)?://)"
    r"|(?P<model>(?:bedrock|bedrock_converse|sagemaker|sagemaker_chat)/\w"
    r"|bedrock(?:_converse)?:(?:[a-z]{2}\.)?(?:amazon|anthropic|cohere|meta|mistral)\.)"
)
_DOTTED: Final = re.compile(r"[\w.]{1,100}\Z")
_TOLD: Final = {
    "class": "a setting names a class that calls AWS by itself",
    "broker": "a setting names an address of AWS that a library calls",
    "model": "a model of Bedrock or SageMaker is named, which a library calls",
}
_ROOTS: Final = "|".join(sorted({re.escape(root) for root in _BY_ROOT}))
_NAMED: Final = re.compile(r"\?P<\w+>")
SPEAKS: Final = re.compile(
    rb"""boto|s3[an]?://|DEFAULT_FILE_STORAGE|AWS4|SigV4|(?<![\w.-])aws["' ]|import aws\b|sh\.aws"""
    rb"""|fsspec|redshift_connector"""
    rb"""|(?m:^)(?:[^\n#'"]{0,40}:)?[ \t]*(?:from|import)[ \t][^\n]{0,200}?"""
    + rf"\b(?:{_ROOTS})\b|".encode()
    + _NAMED.sub("?:", _SETTINGS.pattern).encode()
)
"""What a file says that has to do with AWS, perhaps."""


def package_of(name: str) -> str:
    """Return the entry that a dotted name belongs to, or nothing."""
    if _HARMLESS.match(name.rpartition(".")[2]) or ".exceptions." in name:
        return ""
    found = [
        entry for entry in _BY_ROOT.get(name.partition(".")[0], ()) if f"{name}.".startswith(entry)
    ]
    return max(found, key=len, default="")


def why_of(entry: str) -> str:
    """Return what is said of a package, by its entry."""
    return _WHY[entry]


def of_setting(text: str) -> tuple[str, str]:
    """Return what a text names that calls AWS, and what is said of it; or nothing, twice.

    Of an address only its scheme: it may hold a key.
    """
    found = _SETTINGS.match(text)
    if found is None:
        return "", ""
    name = text if found.lastgroup == "class" and _DOTTED.match(text) else found[0]
    return name, _TOLD[found.lastgroup or ""]
