"""Asking a token endpoint: one blocking HTTP exchange at a time, from the thread of a fetch.

The standard library's client serves: a few requests an hour, in a thread. The gateway's own client belongs to the event
loop and to another part of the house. Redirects are not followed, since a client's secret goes to the address that the
operator named and to no other; certificates are verified; proxies come from the environment (``HTTPS_PROXY``,
``NO_PROXY``) as for the credential libraries of the clouds. Nothing is retried here.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Generator
from typing import TypeVar

from penstock.upstream_auth.fetching import FetchFailed
from penstock.upstream_auth.oidc_exchange import TokenAnswer, TokenRequest

T = TypeVar("T")

TIMEOUT_S = 20.0
"""Longest silence of the other side."""
MAX_ANSWER_BYTES = 1024 * 1024


def ask_all(steps: Generator[TokenRequest, TokenAnswer, T]) -> T:
    """Send each request that ``steps`` yields, and return what it returns.

    Raises:
        FetchFailed: an endpoint cannot be reached, or ``steps`` raises it.
    """
    try:
        request = next(steps)
        while True:
            request = steps.send(ask(request))
    except StopIteration as end:
        value: T = end.value
        return value


def ask(request: TokenRequest) -> TokenAnswer:
    """Send one request and return its answer, whatever the status.

    Raises:
        FetchFailed: no connection, no HTTP, or an answer over a mebibyte.
    """
    try:
        # Only http and https have a handler below.
        sent = urllib.request.Request(request.url, data=request.body, headers=dict(request.headers))  # noqa: S310
        with _opener().open(sent, timeout=TIMEOUT_S) as answer:
            status, body = answer.status, answer.read(MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else f"{type(error).__name__} {error}"
        msg = f"asking {request.url} failed: {why}"
        raise FetchFailed(msg) from error
    if len(body) > MAX_ANSWER_BYTES:
        msg = f"the answer of {request.url} is over {MAX_ANSWER_BYTES} bytes"
        raise FetchFailed(msg)
    return TokenAnswer(status, body)


def _opener() -> urllib.request.OpenerDirector:
    """Return a client without the handlers that follow redirects, raise on statuses, or open files."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
