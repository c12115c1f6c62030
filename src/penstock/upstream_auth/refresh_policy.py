"""When a credential is fetched again: pure arithmetic, with the clock's reading and the chance passed in.

A credential is renewed ahead of its expiry: three and a half minutes, or the last quarter of a short life. Not earlier,
because the metadata servers of clouds hold on to a token until little of its life is left, and answer with the same one
until then: Amazon offers the next keys five minutes before the old ones end (EC2 User Guide, "Retrieve security
credentials from instance metadata", read 2026-11-23), Google's servers the next token four minutes before
(``REFRESH_THRESHOLD`` in google-auth 2.62).

A source that answers with the old token again is asked at the last quarter of what remains, and so on, never more often
than ``pause_s``. After failures the wait doubles up to a bound; a part of every wait is chance, so that the workers of
a gateway do not ask all at once. Fetching, and what happens to requests meanwhile, is in
:mod:`penstock.upstream_auth.credential_source`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """Bounds of refreshing, in seconds."""

    ahead_s: float = 210.0
    """How long before its expiry a credential is renewed, at most."""
    ahead_share: float = 0.25
    """The same as a share of what remains of its life, for short lives."""
    pause_s: float = 5.0
    """Shortest time from one fetch to the next after a success."""
    renew_pause_s: float = 60.0
    """The same where a provider refuses what is still valid: more often would not make it agree."""
    first_retry_s: float = 1.0
    longest_retry_s: float = 60.0
    wait_s: float = 30.0
    """How long a request waits for a first credential."""

    def after_success(self, remaining_s: float, chance: float) -> float:
        """Return the wait before the next fetch of a credential with ``remaining_s`` to live.

        ``chance`` is in [0, 1): up to a tenth of the time ahead is taken off, to spread workers.
        """
        ahead = min(self.ahead_s, self.ahead_share * remaining_s)
        return max(remaining_s - ahead * (1 + 0.1 * chance), self.pause_s)

    def after_failure(self, failures: int, chance: float) -> float:
        """Return the wait after this many failures in a row (1 or more); ``chance`` takes off up to half."""
        doublings = min(failures - 1, 32)  # the bound is reached long before a float is
        longest = min(self.first_retry_s * 2.0**doublings, self.longest_retry_s)
        return longest * (1 - 0.5 * chance)
