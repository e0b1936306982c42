"""Where to ask: hosts of AWS, made from names of regions that fit a partition's strict pattern.

Part of the verify stage. In: hints of a credential and what the user set. Out: `Endpoint`s, the
likeliest first. What stands in a repository, a forged token included, chooses among partitions and
regions that are known, and no more. Nothing here opens a connection or reads the environment.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from leakscan.aws import PARTITIONS, REGIONS, Partition, partition_of, token_region
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.verify.base import Endpoint

_FIPS_REGIONS: Final = frozenset({"us-east-1", "us-east-2", "us-west-1", "us-west-2"})
"""Source: AWS, "FIPS endpoints by service"; botocore, data/endpoints.json, `sts`. The rule set of
botocore makes up such hosts for other regions too, and nothing answers there."""

_ISOLATED: Final = "aws-iso"


class Where(Record, frozen=True):
    """What the user says of where to ask; nothing of it comes from a repository or from AWS_*.

    `partitions` are names of `aws.PARTITIONS`. A `region` names its own partition, asked too; one
    that fits no partition can only sign for an `endpoint_url`, which is asked instead of all else.
    """

    partitions: tuple[str, ...] = ("aws",)
    region: str | None = None
    fips: bool = False
    endpoint_url: str | None = None


def endpoints(regions: Sequence[str], token: Secret | None, where: Where) -> tuple[Endpoint, ...]:
    """Return where to ask about a credential, partition by partition, the likeliest first.

    `regions` are those that stand near it. In a partition comes first the region that the user
    set or else the token's own, then the default one, for STS may be off in the first. See
    `left_out` for the partitions that are not asked.
    """
    partitions = _partitions(regions, token, where)
    if where.endpoint_url is not None:
        return (_only(where.endpoint_url, partitions, where),)
    return tuple(
        Endpoint(partition.name, region, f"https://{host}")
        for partition in partitions
        if _is_asked(partition, where)
        for region, host in _hosts(partition, token, where)
    )


def left_out(regions: Sequence[str], token: Secret | None, where: Where) -> tuple[str, ...]:
    """Return the partitions it may be of that `endpoints` leaves out.

    Because they have no FIPS host, because the user named the one endpoint to ask, or because they
    are isolated networks, which are asked if the user names them. What the others do not know may
    be live there: such a verdict is unknown, cause partition.
    """
    asked = {one.partition for one in endpoints(regions, token, where)}
    partitions = _partitions(regions, token, where)
    return tuple(one.name for one in partitions if one.name not in asked)


def _is_asked(partition: Partition, where: Where) -> bool:
    """Say whether a partition is asked when it is hinted at; text near a key can name any."""
    named = (*where.partitions, getattr(partition_of(where.region or ""), "name", ""))
    return not partition.name.startswith(_ISOLATED) or partition.name in named


def _partitions(
    regions: Sequence[str], token: Secret | None, where: Where
) -> tuple[Partition, ...]:
    """Return each partition to ask once: of the token, of the hints, and those the user named."""
    hinted = (_region_of(token), *regions, where.region)
    found = [partition_of(region) for region in hinted if region is not None]
    names = [one.name for one in found if one is not None]
    return tuple(PARTITIONS[name] for name in dict.fromkeys((*names, *where.partitions)))


def _region_of(token: Secret | None) -> str | None:
    """Return the region that a token names, if there is one of that name."""
    region = token_region(token.reveal()) if token is not None else None
    return region if region in REGIONS else None


def _hosts(partition: Partition, token: Secret | None, where: Where) -> Iterator[tuple[str, str]]:
    """Yield the regions of a partition to ask, each with its host."""
    wanted = (where.region, _region_of(token))
    fitting = [one for one in wanted if one is not None and partition_of(one) == partition]
    for region in dict.fromkeys((*fitting[:1], partition.default_region)):
        host = _fips_host(partition, region) if where.fips else _host(partition, region)
        if host is not None:
            yield region, host


def _host(partition: Partition, region: str) -> str:
    """Source: botocore, data/sts/2011-06-15/endpoint-rule-set-1; a test compares the two."""
    return f"sts.{region}.{partition.dns_suffix}"


def _fips_host(partition: Partition, region: str) -> str | None:
    """Return the FIPS host of a region, None if it has none; in GovCloud it is the ordinary one."""
    if partition.name == "aws-us-gov":
        return _host(partition, region)
    if partition.name == "aws" and region in _FIPS_REGIONS:
        return f"sts-fips.{region}.{partition.dns_suffix}"
    return None


def _only(url: str, partitions: Sequence[Partition], where: Where) -> Endpoint:
    """Return the endpoint that the user named, signed for the region that the user named."""
    configured = [PARTITIONS[name] for name in where.partitions]
    choice = (partition_of(where.region or ""), *configured, *partitions, PARTITIONS["aws"])
    partition = next(one for one in choice if one is not None)
    return Endpoint(partition.name, where.region or partition.default_region, url)
