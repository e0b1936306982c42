"""Asks AWS for `verify` and `scan --verify`: the verify stage, wired to the world.

In: `Settings`. Out: `Asking`, which gives findings their verdicts, and the rows of a dry run. The
library that sends is imported when there is something to send.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

import click

from leakscan import __version__, aws
from leakscan.cli import network, wiring
from leakscan.cli.group import StoppedError
from leakscan.cli.progress import asked
from leakscan.cli.verifying import Settings
from leakscan.model import Finding
from leakscan.report.verdicts import PlannedRow
from leakscan.report.words import count, visible
from leakscan.verdict import VerdictState
from leakscan.verify.base import Answer, Endpoint, Keys, Question
from leakscan.verify.endpoints import Where
from leakscan.verify.kept import Kept
from leakscan.verify.plan import Plan, Policy
from leakscan.verify.verifier import Verifier
from leakscan.verify_config import VerifyConfig

if TYPE_CHECKING:
    from leakscan.verify.asker import Asker
    from leakscan.verify.aws_sts import Sts

USER_AGENT: Final = f"leakscan/{__version__}"
_CONNECT_TIMEOUT_S: Final = 5.0
_NAMED: Final = 8
"""Hosts that are named before they are asked."""


class Asking:
    """Gives findings their verdicts, and says on stderr beforehand who will be asked.

    What was concluded is kept for the next run, also if this one is interrupted.
    """

    def __init__(self, how: Settings, *, quiet: bool = False, bar: bool = True) -> None:
        config = how.config
        self._config = config
        self._quiet = quiet
        self._bar = bar and not quiet
        self._kept = Kept(wiring.cache_folder(), config.max_age_s, _now)
        self._sender = _Sender(config)
        self._told: Callable[[int, int], None] = lambda done, total: None
        self._verifier = Verifier(
            Policy(
                frozenset(config.owned_accounts),
                frozenset(config.canary_accounts),
                how.any_account,
                config.max_keys,
            ),
            Where(config.partitions or ("aws",), config.region, config.fips, config.endpoint_url),
            self._asker,
            lambda done, total: self._told(done, total),
        )

    @property
    def calls(self) -> int:
        """How often AWS was asked."""
        return self._verifier.calls

    @property
    def live(self) -> Sequence[str]:
        """The ids that AWS has accepted so far."""
        return self._verifier.live

    def plan(self, findings: Sequence[Finding], beside: Sequence[Finding] = ()) -> Plan:
        """Return what would be asked, if that helps of those beside it too; nothing is."""
        return self._verifier.plan(findings, beside)

    def verify(
        self,
        findings: Sequence[Finding],
        beside: Sequence[Finding] = (),
        plan: Plan | None = None,
    ) -> list[Finding]:
        """Return the findings with their verdicts, then what of `beside` is live or not settled.

        Raises NetworkError; StoppedError after Ctrl-C, when what is live was said on stderr. No
        report is written then: one of which half is verified looks like one that is.
        """
        plan = plan or self.plan(findings, beside)
        if not plan.questions:
            return self._verifier.verify(findings, beside, plan)
        self._sender.prepare(its.url for one in plan.questions for its in one.endpoints)
        to_ask = [one for one in plan.questions if not self._is_known(one)]
        if to_ask and not self._quiet:
            click.echo(f"leakscan: {_announced(to_ask, self._config.rate)}", err=True)
        try:
            with asked(len(plan.questions), lambda: self.live, bar=self._bar) as observer:
                self._told = observer.told
                return self._verifier.verify(findings, beside, plan)
        except KeyboardInterrupt as error:
            raise StoppedError(
                "Interrupted before all was known: no report was written."
            ) from error
        finally:
            self._kept.save()
            self._sender.close()

    def _is_known(self, question: Question) -> bool:
        """Say whether nothing is left to ask because of what an earlier run has heard."""
        from leakscan.verify.asker import decides

        best = question.candidates[0]
        if best.borrowed:
            return False
        verdict = self._kept.find(best.fingerprint, question.places)
        return verdict is not None and decides(question, best, verdict)

    def _asker(self) -> "Asker":
        from leakscan.verify.asker import Asker, Tools
        from leakscan.verify.throttle import Breaker, RateLimit

        limit = RateLimit(self._config.rate, time.monotonic, time.sleep)
        return Asker(
            Tools(self._sender, limit, Breaker(), self._kept, _now, time.sleep, random.random)
        )


class _Sender:
    """Sends each call the way that leads to its endpoint; implements `verify.base.CallsSts`."""

    def __init__(self, config: VerifyConfig) -> None:
        self._config = config
        self._proxies = network.Proxies(config.proxy)
        self._ca_bundle: str | None = None
        self._ways: dict[str, str | None] = {}
        self._made: dict[str | None, Sts] = {}
        self._lock = Lock()

    def prepare(self, urls: Iterable[str]) -> None:
        """Find out how each URL is reached. Raises NetworkError."""
        self._ca_bundle = network.ca_bundle(self._config.ca_bundle)
        self._ways = {url: self._proxies.to(url) for url in dict.fromkeys(urls)}

    def ask(self, access_key_id: str, keys: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        """Return what came back of one call."""
        return self._sts(self._ways[endpoint.url]).ask(access_key_id, keys, endpoint, at)

    def close(self) -> None:
        """End what is open."""
        for sts in self._made.values():
            sts.close()

    def _sts(self, proxy: str | None) -> "Sts":
        from leakscan.verify.aws_sts import Sts

        with self._lock:
            if proxy not in self._made:
                self._made[proxy] = Sts(
                    user_agent=USER_AGENT,
                    connect_timeout_s=min(_CONNECT_TIMEOUT_S, self._config.timeout_s),
                    read_timeout_s=self._config.timeout_s,
                    deadline_s=self._config.timeout_s,
                    ca_bundle=self._ca_bundle,
                    proxies={} if proxy is None else {"https": proxy, "http": proxy},
                )
            return self._made[proxy]


def _announced(questions: Sequence[Question], rate: float) -> str:
    """Say who will be asked, in a sentence."""
    hosts = list(dict.fromkeys(host for one in questions for host in one.hosts))
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    keys = count(len(questions), "key")
    named = ", ".join(visible(host) for host in hosts[:_NAMED])
    again = "a wrong secret is asked about again after 5 to 10 seconds"
    return f"asking {named}{more} about {keys}, at most {rate:g} a second; {again}"


def rows(
    plan: Plan, findings: Sequence[Finding], beside: Sequence[Finding] = ()
) -> list[PlannedRow]:
    """Return for each finding what the plan has for it, then those beside that are asked about."""
    asked_about = {one.access_key_id: one for one in plan.questions}
    also = [one for one in beside if one.credential.identity.access_key_id in asked_about]
    found = []
    for finding in (*findings, *also):
        fingerprint = finding.credential.fingerprint
        key_id = finding.credential.identity.access_key_id
        question = asked_about.get(key_id or "")
        decided = plan.decided.get(fingerprint)
        text = decided.text if decided else ""
        if question is not None and question.untried:
            text = f"{question.untried} more beside it would not be tried."
        found.append(
            PlannedRow(
                fingerprint=fingerprint,
                access_key_id=key_id,
                account_id=aws.account_id(key_id) if key_id else None,
                generation=aws.generation(key_id) if key_id else None,
                candidates=len(question.candidates) if question else 0,
                hosts=tuple(dict.fromkeys(question.hosts)) if question else (),
                text=text,
                is_foreign=decided is not None and decided.state is VerdictState.FOREIGN_ACCOUNT,
            )
        )
    return found


def _now() -> datetime:
    return datetime.now(UTC)
