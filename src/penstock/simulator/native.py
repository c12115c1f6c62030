"""What every simulated API that is not OpenAI's has in common: operations at paths, and what they are handed.

An :class:`Operation` is one method of such an API: where it is, how its caller proves who they are, how it answers and
in which dialect it refuses. The operations themselves stand with their formats, their addresses in
``native_services``. OpenAI's format has its own, older way in ``vendors`` and ``openai_api``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import unquote

from penstock.core.secret import Secret
from penstock.simulator.answering import Answer, UnanswerableSchema, answer
from penstock.simulator.conversation import Ask
from penstock.simulator.dialect import Dialect, Prepared
from penstock.simulator.openai_errors import VendorError, context_too_long, invalid
from penstock.simulator.prompt_cache import PromptCache
from penstock.simulator.request_fields import Fields
from penstock.simulator.script import Headers
from penstock.transport.server_request import ServerRequest
from penstock.upstream_auth.sigv4 import AwsCredentials

CONTEXT_WINDOW_TOKENS = 200_000
SIMULATED_AWS = AwsCredentials("PENSTOCKSIMULATED001", Secret("simulated-secret-access-key-of-nobody"))
"""The only AWS key that the simulator knows: whoever signs for it must sign with this one."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A caller at the door, before the body is looked at."""

    request: ServerRequest
    required_key: Secret | None
    """The only key or token that is taken; None: any."""
    aws: AwsCredentials
    now_s: float
    """Unix seconds."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.now_s, UTC)


@dataclass(frozen=True, slots=True)
class NativeQuestion:
    """One request that has come to an operation."""

    service: str
    """Title of the service, for people."""
    operation: str
    model: str
    body: Fields
    query: str
    """Of the address, as it came."""
    given: Mapping[bytes, bytes]
    """The request's headers by lower-case name."""
    headers: Headers
    """What every answer carries."""
    id: str
    """Hexadecimal, another for each request."""
    instance_seed: int
    cache: PromptCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of an API. Groups of ``path``: ``model``, where the path names it, and anything else."""

    name: str
    path: re.Pattern[str]
    """Matches a whole path, percent-encoded as it came."""
    dialect: Dialect
    check_caller: Callable[[Knock], None]
    prepare: Callable[[NativeQuestion], Prepared]
    model_in: str = "model"
    """Member of the body that names the model, where the path does not."""

    def model(self, path: str) -> str | None:
        """Return the model that a path names, an empty text where it names none, or None: the path is another."""
        found = self.path.fullmatch(path)
        return None if found is None else unquote(found.groupdict().get("model") or "")


def answered(ask: Ask) -> Answer:
    """Answer a request of any format.

    Raises:
        VendorError: the prompt is too long, or a schema in it cannot be obeyed.
    """
    if (fewest := ask.fewest_prompt_tokens()) > CONTEXT_WINDOW_TOKENS:
        raise context_too_long(fewest, CONTEXT_WINDOW_TOKENS)
    try:
        found = answer(ask)
    except UnanswerableSchema as error:
        place = error.tool.place if error.tool is not None else "schema"
        message = f"Invalid schema: {error.why}"
        raise invalid(message, param=place, code="invalid_schema") from error
    if found.prompt_tokens > CONTEXT_WINDOW_TOKENS:
        raise context_too_long(found.prompt_tokens, CONTEXT_WINDOW_TOKENS)
    return found


def only(fields: Fields, names: frozenset[str]) -> None:
    """Refuse members that are not known, where a vendor does.

    Raises:
        VendorError: there is one, with the code ``unknown_member``.
    """
    for name in fields.members:
        if name not in names:
            place = fields.at(name)
            raise VendorError(
                400,
                f"Unknown parameter: '{place}'.",
                param=place,
                code="unknown_member",
                facts={"name": name, "parent": fields.path},
            )


def refuse(message: str, place: str | None = None, code: str | None = None) -> NoReturn:
    """Refuse a request that must be changed; ``place`` is the member's path."""
    raise VendorError(400, message, param=place, code=code)


def worded(error: VendorError, wordings: Mapping[str, str], place: str) -> str:
    """Return a refusal's text in a vendor's own words, by its code; the text that it has, where there are none.

    ``place`` is where the refusal is about, as the vendor writes places.
    """
    wording = wordings.get(error.code or "")
    if wording is None:
        return error.said
    return f"{wording.format(place=place, message=error.message, **error.facts)} (simulated)"
