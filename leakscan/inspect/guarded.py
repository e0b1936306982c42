"""A session of botocore's that signs with no found key, and knows where to ask.

Part of the inspect stage. In: a profile, and ids that must not sign. Out: the session. What a
profile needs on the way to its credentials (a role to assume, SSO, a web identity) botocore asks
with clients of the same session, so that what holds here holds for them too. Loaded by `session`
when it is needed: botocore takes 0.1 s.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore import UNSIGNED
from botocore.session import Session

if TYPE_CHECKING:
    from botocore.signers import RequestSigner


class GuardedSession(Session):
    """Calls `check` with each access key id before anything is signed with it.

    What `check` raises reaches the caller; nothing was sent then. Unsigned calls only bring
    credentials, which are checked when they would sign. With an `endpoint_url`, a test double of
    all of AWS, every client asks there.
    """

    def __init__(
        self, profile: str, check: Callable[[str], None], endpoint_url: str | None
    ) -> None:
        super().__init__(profile=profile)
        self._check = check
        self._endpoint_url = endpoint_url
        # Clients begin with the handlers of their session.
        self.register("before-sign", self._before_sign)

    def create_client(self, *args: Any, **settings: Any) -> Any:
        """Return a client, for botocore's own providers too. Arguments: those of botocore."""
        if self._endpoint_url is not None:
            settings["endpoint_url"] = self._endpoint_url
        return super().create_client(*args, **settings)

    def _before_sign(self, **event: Any) -> None:
        version = event["signature_version"]
        if version is UNSIGNED:
            return
        signer: RequestSigner = event["request_signer"]
        auth = signer.get_auth_instance(event["signing_name"], event["region_name"], version)
        credentials = getattr(auth, "credentials", None)  # A bearer token is no access key.
        if credentials is not None:
            self._check(credentials.access_key or "")
