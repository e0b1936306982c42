"""Terraform in the remediation texts, and what is wrong with it as far as can be said offline.

There is no provider here to ask. What its types take stands below, for the types in use, as its
documentation says: `!` before what must be there, braces for blocks.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import hcl2

_METADATA: Final = "http_endpoint http_tokens http_put_response_hop_limit instance_metadata_tags"
_ARGUMENTS: Final = {
    "aws_autoscaling_group": """name !min_size !max_size desired_capacity vpc_zone_identifier
        health_check_type health_check_grace_period max_instance_lifetime
        launch_template{} instance_refresh{} tag{}""",
    "aws_autoscaling_group.launch_template": "id name version",
    "aws_autoscaling_group.instance_refresh": "!strategy triggers preferences{}",
    "aws_autoscaling_group.instance_refresh.preferences": """min_healthy_percentage
        max_healthy_percentage instance_warmup skip_matching auto_rollback
        scale_in_protected_instances standby_instances checkpoint_delay checkpoint_percentages""",
    "aws_cloudformation_stack": """!name template_body template_url parameters capabilities
        iam_role_arn on_failure timeout_in_minutes""",
    "aws_codebuild_project": """!name description !service_role build_timeout concurrent_build_limit
        !artifacts{} !environment{} !source{} logs_config{} vpc_config{}""",
    "aws_codebuild_project.artifacts": "!type location name packaging path",
    "aws_codebuild_project.environment": """!compute_type !image !type image_pull_credentials_type
        privileged_mode environment_variable{}""",
    "aws_codebuild_project.environment.environment_variable": "!name !value type",
    "aws_codebuild_project.source": "!type location buildspec git_clone_depth",
    "aws_cognito_identity_pool": """!identity_pool_name allow_unauthenticated_identities
        allow_classic_flow openid_connect_provider_arns saml_provider_arns
        supported_login_providers cognito_identity_providers{}""",
    "aws_cognito_identity_pool.cognito_identity_providers": """client_id provider_name
        server_side_token_check""",
    "aws_cognito_identity_pool_roles_attachment": "!identity_pool_id !roles role_mapping{}",
    "aws_ec2_instance_metadata_defaults": _METADATA,
    "aws_ecr_repository": """!name image_tag_mutability force_delete
        image_scanning_configuration{} encryption_configuration{}""",
    "aws_ecs_task_definition": """!family !container_definitions cpu memory network_mode
        requires_compatibilities task_role_arn execution_role_arn""",
    "aws_eks_addon": "!cluster_name !addon_name addon_version",
    "aws_eks_pod_identity_association": """!cluster_name !namespace !service_account !role_arn
        target_role_arn disable_session_tags""",
    "aws_iam_instance_profile": "name role path",
    "aws_iam_openid_connect_provider": "!url !client_id_list thumbprint_list",
    "aws_iam_organizations_features": "!enabled_features",
    "aws_iam_policy": "name description path !policy",
    "aws_iam_role": """!assume_role_policy name description max_session_duration path
        permissions_boundary""",
    "aws_iam_role_policy": "!role !policy name",
    "aws_iam_role_policy_attachment": "!role !policy_arn",
    "aws_iam_saml_provider": "!name !saml_metadata_document",
    "aws_iam_user": "!name path permissions_boundary",
    "aws_iam_user_policy_attachment": "!user !policy_arn",
    "aws_imagebuilder_infrastructure_configuration": """!name !instance_profile_name instance_types
        terminate_instance_on_failure subnet_id security_group_ids instance_metadata_options{}""",
    "aws_imagebuilder_infrastructure_configuration.instance_metadata_options": """http_tokens
        http_put_response_hop_limit""",
    "aws_instance": """ami instance_type subnet_id iam_instance_profile user_data
        user_data_replace_on_change vpc_security_group_ids metadata_options{}""",
    "aws_instance.metadata_options": _METADATA,
    "aws_lambda_function": """!function_name !role filename handler runtime source_code_hash publish
        timeout memory_size architectures package_type image_uri environment{}""",
    "aws_lambda_function.environment": "variables",
    "aws_launch_template": """name image_id instance_type user_data update_default_version
        default_version vpc_security_group_ids iam_instance_profile{} metadata_options{}""",
    "aws_launch_template.iam_instance_profile": "name arn",
    "aws_launch_template.metadata_options": _METADATA,
    "aws_organizations_policy": "!name !content type description",
    "aws_organizations_policy_attachment": "!policy_id !target_id",
    "aws_rolesanywhere_profile": """!name !role_arns enabled duration_seconds
        accept_role_session_name managed_policy_arns require_instance_properties session_policy""",
    "aws_rolesanywhere_trust_anchor": "!name !source{} enabled notification_settings{}",
    "aws_rolesanywhere_trust_anchor.source": "!source_type !source_data{}",
    "aws_rolesanywhere_trust_anchor.source.source_data": "acm_pca_arn x509_certificate_data",
    "aws_sagemaker_notebook_instance": """!name !role_arn !instance_type subnet_id security_groups
        root_access direct_internet_access platform_identifier
        instance_metadata_service_configuration{}""",
    "aws_sagemaker_notebook_instance.instance_metadata_service_configuration": """
        minimum_instance_metadata_service_version""",
    "aws_secretsmanager_secret": "name name_prefix description kms_key_id recovery_window_in_days",
    "aws_ssoadmin_account_assignment": """!instance_arn !permission_set_arn !principal_id
        !principal_type !target_id !target_type""",
    "aws_ssoadmin_managed_policy_attachment": """!instance_arn !permission_set_arn
        !managed_policy_arn""",
    "aws_ssoadmin_permission_set": "!name !instance_arn description session_duration relay_state",
    "aws_ssoadmin_permission_set_inline_policy": "!inline_policy !instance_arn !permission_set_arn",
    "data.aws_caller_identity": "",
    "data.aws_iam_openid_connect_provider": "arn url",
    "data.aws_iam_policy_document": "statement{} source_policy_documents version",
    "data.aws_iam_policy_document.statement": """sid effect actions resources principals{}
        condition{}""",
    "data.aws_iam_policy_document.statement.principals": "!type !identifiers",
    "data.aws_iam_policy_document.statement.condition": "!test !variable !values",
    "data.aws_iam_role": "!name",
    "data.aws_identitystore_group": "!identity_store_id group_id alternate_identifier{}",
    "data.aws_identitystore_group.alternate_identifier": "unique_attribute{} external_id{}",
    "data.aws_identitystore_group.alternate_identifier.unique_attribute": """!attribute_path
        !attribute_value""",
    "data.aws_partition": "",
    "data.aws_region": "",
    "data.aws_ssoadmin_instances": "",
    "data.tls_certificate": "!url",
}
_META: Final = frozenset({"for_each", "count", "provider", "depends_on", "lifecycle{}", "tags"})
_ATTRIBUTES: Final = frozenset(
    {"account_id", "arn", "arns", "dns_suffix", "group_id", "id", "identity_store_ids", "json"}
    | {"latest_version", "name", "partition", "region", "unique_id", "url", "default_version"}
)
"""What other blocks take from one, of any type, besides its arguments."""
_REFERENCE: Final = re.compile(
    r"(?<![\w.\"/])(?P<name>(data\.)?(aws|tls)_\w+\.\w+)(\[[^\]]*\])?\.(?P<attribute>\w+)"
)
_VARIABLE: Final = re.compile(r"\b(?P<name>var\.\w+)")
_NAMED: Final = {"resource": "", "data": "data."}


def problems(text: str) -> list[str]:
    """Return what is wrong with a configuration."""
    try:
        whole = hcl2.loads(text + "\n")
    except Exception as error:  # noqa: BLE001 - the parser has errors of many kinds.
        return [f"is not HCL: {str(error)[:200]}"]
    found: list[str] = []
    for kind, prefix in _NAMED.items():
        for one in whole.get(kind, []):
            for name, bodies in one.items():
                for body in bodies.values():
                    found += _body(f"{prefix}{_bare(name)}", body)
    return found + list(_references(text, _declared(whole)))


def _declared(whole: Mapping[str, Any]) -> set[str]:
    """Return what a configuration declares, as other parts of it call it."""
    blocks = {
        f"{prefix}{_bare(kind)}.{_bare(name)}"
        for word, prefix in _NAMED.items()
        for one in whole.get(word, [])
        for kind, bodies in one.items()
        for name in bodies
    }
    return blocks | {f"var.{_bare(name)}" for one in whole.get("variable", []) for name in one}


def _body(where: str, body: Mapping[str, Any]) -> Iterator[str]:
    if where not in _ARGUMENTS:
        yield f"{where}: is not known here"
        return
    words = _ARGUMENTS[where].split()
    known = {word.removeprefix("!") for word in words}
    if "." not in where.removeprefix("data."):
        known |= _META
    given = set()
    for name, value in body.items():
        if name.startswith("__"):
            continue
        block = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        block = block and bool(value[0].get("__is_block__"))
        name += "{}" if block else ""
        given.add(name)
        if name not in known:
            yield f"{where}: takes no {name}"
        elif block and name not in _META:
            for one in value:
                yield from _body(f"{where}.{name.removesuffix('{}')}", one)
    for word in words:
        if word.startswith("!") and word[1:] not in given:
            yield f"{where}: needs {word[1:]}"


def _references(text: str, declared: set[str]) -> Iterator[str]:
    used = {found["name"] for found in _VARIABLE.finditer(text)}
    for found in _REFERENCE.finditer(text):
        used.add(found["name"])
        kind = found["name"].rpartition(".")[0]
        arguments = re.findall(r"\w+", _ARGUMENTS.get(kind, ""))
        if found["attribute"] not in {*_ATTRIBUTES, *arguments}:
            yield f"{found[0]}: is no attribute that is known here"
    for name in sorted(used - declared):
        yield f"{name}: is used and not declared"
    for name in sorted(declared - used):
        if name.startswith(("data.", "var.")):
            yield f"{name}: is declared and not used"


def _bare(name: str) -> str:
    return name.strip('"')
