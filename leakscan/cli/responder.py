"""The responder's own profile, as options and the user's configuration have it.

In: the name of a profile, and how AWS is asked. Out: settings for the inspect stage.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leakscan import aws
from leakscan.cli import network
from leakscan.cli.asking import USER_AGENT
from leakscan.verify_config import VerifyConfig, is_loopback

if TYPE_CHECKING:
    from leakscan.inspect.session import Settings


def settings_for(profile: str, config: VerifyConfig) -> "Settings":
    """Return how to reach AWS as the responder."""
    from leakscan.inspect.session import Settings

    url = config.endpoint_url
    # An endpoint of STS has no IAM; what answers on this machine is a test double of all of AWS.
    double = url if url is not None and is_loopback(urlsplit(url).hostname or "") else None
    return Settings(
        profile,
        USER_AGENT,
        region=config.region or aws.PARTITIONS[(*config.partitions, "aws")[0]].default_region,
        endpoint_url=double,
        fips=config.fips,
        ca_bundle=config.ca_bundle,
        proxy=network.Proxies(config.proxy).to(double) if double else config.proxy,
        timeout_s=config.timeout_s,
        max_keys=config.max_keys,
    )
