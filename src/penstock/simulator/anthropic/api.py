"""The operations of Anthropic's Messages API on its own host, on Bedrock (InvokeModel) and on Vertex AI (rawPredict).

Each host has its own credentials, paths and errors; the format is the same but for the version, which is a header on
Anthropic's own host and a member elsewhere, and the model, which is a member there and in the path elsewhere.

https://platform.claude.com/docs/en/api/versioning, .../api/migration-2026-10-21, .../api/messages-count-tokens,
.../api/claude-on-vertex-ai, .../api/claude-on-amazon-bedrock and .../build-with-claude/vision; counting on Vertex AI:
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/count-tokens (read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from penstock.simulator.anthropic.answer import REDACTED_TRIGGER, Stamp, message_body, message_events
from penstock.simulator.anthropic.dialect import ANTHROPIC
from penstock.simulator.anthropic.request import MessagesRequest, read_request
from penstock.simulator.callers import key_in
from penstock.simulator.dialect import Prepared
from penstock.simulator.native import Knock, NativeQuestion, answered, refuse
from penstock.simulator.openai_errors import VendorError

NEWEST_VERSION = b"2026-10-21"
VERSIONS = (b"2023-06-01", NEWEST_VERSION)
BEDROCK_VERSION = "bedrock-2023-05-31"
VERTEX_VERSION = "vertex-2023-10-16"
REMOVED = ("temperature", "top_p", "top_k")
"""Members that the newest version of the API knows no more."""
_HOSTED = frozenset({"anthropic_version", "anthropic_beta"})
"""Members that bodies have on another's host."""
_check_key = key_in("x-api-key", "authorization")


def check_caller(knock: Knock) -> None:
    """Check for a key and a version of the API, as Anthropic's own host does.

    Raises:
        VendorError: either is missing or not valid.
    """
    _check_key(knock)
    version = knock.request.header(b"anthropic-version")
    if version is None:
        raise VendorError(400, "anthropic-version: header is required")
    if version not in VERSIONS:
        raise VendorError(400, f"anthropic-version: '{version.decode('latin-1')[:32]}' is not a valid version")


def prepare_messages(question: NativeQuestion) -> Prepared:
    """Answer a message on Anthropic's own host.

    Raises:
        VendorError: Anthropic would refuse it.
    """
    request = _read(question, more=frozenset({"model"}))
    return prepare_answer(question, request)


def prepare_count(question: NativeQuestion) -> Prepared:
    """Count a prompt's tokens.

    Raises:
        VendorError: Anthropic would refuse it.
    """
    return _count(question, frozenset({"model"}))


def prepare_vertex_count(question: NativeQuestion) -> Prepared:
    """Count a prompt's tokens on Vertex AI, where the body names the model, and the version if it likes.

    Raises:
        VendorError: the version is not that host's, or Anthropic would refuse the rest.
    """
    if question.body.has("anthropic_version"):
        _check_version(question, VERTEX_VERSION)
    _refuse_urls(question.body.members.get("messages"), "messages")
    return _count(question, frozenset({"model"}) | _HOSTED)


def _count(question: NativeQuestion, more: frozenset[str]) -> Prepared:
    for name in ("max_tokens", "stream", "temperature"):
        if question.body.has(name):
            raise VendorError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_member")
    ask = _read(question, more=more, counts_only=True).ask
    body = msgspec.json.encode({"input_tokens": ask.prompt_tokens()})
    return Prepared(question.headers, body, dialect=ANTHROPIC)


def _check_version(question: NativeQuestion, version: str) -> None:
    if question.body.needed_text("anthropic_version") not in {version, NEWEST_VERSION.decode()}:
        refuse(f"Input should be '{version}'", "anthropic_version")


def read_hosted(question: NativeQuestion, version: str, *, stream: bool) -> MessagesRequest:
    """Read a message on another's host, which has the model in the path and the version in the body.

    Raises:
        VendorError: the version is missing or not that host's, or Anthropic would refuse the rest.
    """
    _check_version(question, version)
    if not stream and question.body.flag("stream"):
        refuse("Streaming has a path of its own on this host.", "stream")
    _refuse_urls(question.body.members.get("messages"), "messages")
    return _read(question, more=_HOSTED)


def _refuse_urls(value: object, at: str) -> None:
    """Refuse pictures and documents by URL, which other hosts do not fetch."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_urls(item, f"{at}[{index}]")
    elif isinstance(value, dict):
        source = value.get("source")
        if isinstance(source, dict) and source.get("type") == "url":
            refuse("URL sources are not supported", f"{at}.source.base64.data")
        for name in ("content", "source"):
            _refuse_urls(value.get(name), f"{at}.{name}")


def prepare_answer(question: NativeQuestion, request: MessagesRequest, *, stream: bool | None = None) -> Prepared:
    """Answer a message that was read; ``stream`` is as the body says where the path does not.

    Raises:
        VendorError: it cannot be answered.
    """
    found = answered(request.ask)
    stamp = stamp_of(question, request)
    counted = found.completion_tokens()
    if request.stream if stream is None else stream:
        return Prepared(question.headers, events=message_events(found, stamp), tokens=counted, dialect=ANTHROPIC)
    return Prepared(question.headers, message_body(found, stamp), tokens=counted, dialect=ANTHROPIC)


def stamp_of(question: NativeQuestion, request: MessagesRequest) -> Stamp:
    """Return what is said of the answer besides its content; the prompt is kept in the cache."""
    redacts = any(REDACTED_TRIGGER in message.text for message in request.ask.messages)
    counts = question.cache.look(question.model, request.marks)
    return Stamp(question.id, question.model, counts, request.display, redacts)


def _read(question: NativeQuestion, *, more: frozenset[str], counts_only: bool = False) -> MessagesRequest:
    request = read_request(
        question.body, question.model, question.service, question.instance_seed, more=more, counts_only=counts_only
    )
    version = question.body.text("anthropic_version") or question.given.get(b"anthropic-version", b"").decode("latin-1")
    if version == NEWEST_VERSION.decode():
        for name in REMOVED:
            if name in question.body.members:
                raise VendorError(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_member")
    return request


def data_of(events: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the JSON of each event, for hosts that frame events otherwise."""
    for one in events:
        yield one.partition(b"data: ")[2].rstrip(b"\n")
