"""How found keys get out to AWS: proxies and certificate authorities, as users expect them.

In: options, configuration, the environment. Out: the proxy for a URL, and a file of certificates.
Nothing here opens a connection. `AWS_ENDPOINT_URL*`, `AWS_PROFILE` and the like are not read: the
caller's own AWS settings are for the caller's own keys.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from leakscan.errors import LeakscanError
from leakscan.history.files import read_file
from leakscan.verify_config import VerifyConfig, is_loopback, proxy_url

_CA_VARIABLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_MAX_CA_BYTES: Final = 16 << 20
_BEGIN: Final = b"-----BEGIN "
_CA_HINT: Final = "It has to be a file of certificates (PEM) that are to be trusted."
_USUAL_URL: Final = "https://sts.us-east-1.amazonaws.com"


class NetworkError(LeakscanError):
    """A proxy or a file of certificates that cannot be used."""


def check(config: VerifyConfig) -> None:
    """Find out what cannot be used before anything is scanned. Raises NetworkError."""
    ca_bundle(config.ca_bundle)
    Proxies(config.proxy).to(config.endpoint_url or _USUAL_URL)


class Proxies:
    """Says which proxy leads to a URL; one that was named leads to all that are encrypted.

    Without one it is as with other programs: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, or the
    system's settings; this machine is then reached directly.
    """

    def __init__(self, named: str | None) -> None:
        self._named = named
        self._found: Mapping[str, str] | None = None

    def to(self, url: str) -> str | None:
        """Return the URL of the proxy, None for none. Raises NetworkError."""
        parts = urlsplit(url)
        if parts.scheme == "http":
            # That is this machine: `endpoint_url` takes no other. A proxy would read the token.
            return None
        if self._named is not None:
            return self._named
        if is_loopback(parts.hostname or ""):
            return None
        from urllib.request import getproxies, proxy_bypass

        if self._found is None:
            self._found = getproxies()
        found = self._found.get(parts.scheme) or self._found.get("all")
        if not found or proxy_bypass(parts.netloc):
            return None
        return _checked(found, parts.scheme)


def _checked(found: str, scheme: str) -> str:
    """Return a proxy of the environment as a URL."""
    try:
        return proxy_url(found if "://" in found else f"http://{found}")
    except ValueError:
        # Its value may have a password in it.
        raise NetworkError(
            f"The proxy that the environment names for {scheme} cannot be used: it is no http URL.",
            hint="Name one with --proxy; or set HTTPS_PROXY, or NO_PROXY.",
        ) from None


def ca_bundle(named: str | None) -> str | None:
    """Return the file of certificates to trust; None for those that come with the libraries.

    `named` is of an option or a configuration. Raises NetworkError for a file that is none.
    """
    if named:
        return _readable(named, named)
    for variable in _CA_VARIABLES:
        if file := os.environ.get(variable):
            return _readable(file, f"{variable} names {file}, which")
    return None


def _readable(file: str, subject: str) -> str:
    path = Path(file).expanduser()
    try:
        source = read_file(path, _MAX_CA_BYTES)
    except OSError as error:
        why = error.strerror or str(error)
        raise NetworkError(f"{subject} cannot be read: {why}.", hint=_CA_HINT) from error
    if _BEGIN not in source:
        raise NetworkError(f"{subject} holds no certificate in PEM format.", hint=_CA_HINT)
    return str(path)
