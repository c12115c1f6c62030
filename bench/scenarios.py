"""The traffic that every gateway is measured with: what the client sends and how much of it.

Requests look like the OpenAI Python SDK's: its headers, ``messages`` before ``model``, compact JSON. What the upstream
speaks is OpenAI's format too, or another one, so that the gateway has to translate. Gateways that must be told a model
or a credential in their own way say so in ``bench.gateways``; the text is the same for all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

KIB = 1024

# As the SDK sends them, but that no compression is asked for: LiteLLM would compress, the others would not.
SDK_HEADERS = {
    "accept-encoding": "identity",
    "connection": "keep-alive",
    "accept": "application/json",
    "content-type": "application/json",
    "user-agent": "OpenAI/Python 3.54.0",
    "x-stainless-lang": "python",
    "x-stainless-package-version": "3.54.0",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-runtime": "CPython",
    "x-stainless-runtime-version": "3.11.7",
    "x-stainless-async": "false",
    "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": "600",
}

PASSAGE = (
    'The penstock carries water from the forebay to the turbine; its wall must bear the "hammer" of a gate that shuts '
    "too fast.\nEngineers call the relief a surge tank — 12 m³ are enough here, they say.\n"
)
MESSAGE_BYTES = 4 * KIB
"""No message of a long conversation is longer than this."""


OPENAI = "openai"
UPSTREAMS = {"anthropic": "Anthropic", "bedrock": "Bedrock Converse", "gemini": "Gemini"}
"""Other formats that an upstream may speak, and what they are called."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of traffic."""

    name: str
    title: str
    request_bytes: int
    stream: bool = False
    upstream: str = OPENAI
    """The format that the upstream speaks; the client speaks OpenAI's."""

    @property
    def unary(self) -> str:
        """The scenario whose request costs what a stream's does beside its events."""
        return SMALL.name if self.upstream == OPENAI else f"to_{self.upstream}"

    @property
    def untranslated(self) -> str:
        """The scenario that is the same but for the upstream's format."""
        return STREAM.name if self.stream else SMALL.name


SMALL = Scenario("unary_0.6k", "unary, 0.6 KB request, 1 KB answer", 600)
STREAM = Scenario("stream", "streamed answer, one event at a time", 600, stream=True)
SCENARIOS = (
    SMALL,
    Scenario("unary_20k", "unary, 20 KB request, 1 KB answer", 20 * KIB),
    Scenario("unary_200k", "unary, 200 KB request, 1 KB answer", 200 * KIB),
    STREAM,
)
"""The client's format on both sides."""
TRANSLATED = tuple(
    Scenario(f"to_{upstream}{suffix}", f"{kind}, translated to {title}", SMALL.request_bytes, bool(suffix), upstream)
    for upstream, title in UPSTREAMS.items()
    for suffix, kind in (("", "unary, 0.6 KB request"), ("_stream", "streamed answer"))
)
ONLY_TRANSLATED = (SMALL, STREAM, *TRANSLATED)
"""Translation, and beside it what it is compared with."""
ALL = (*SCENARIOS, *TRANSLATED)


def _conversation(prompt_bytes: int) -> list[dict[str, str]]:
    """Return messages whose contents hold about ``prompt_bytes`` once they are JSON."""
    messages = [{"role": "system", "content": "You are a concise assistant for hydraulic engineers."}]
    roles = ("user", "assistant")
    while prompt_bytes > 0:
        size = min(prompt_bytes, MESSAGE_BYTES)
        text = (PASSAGE * (size // len(PASSAGE) + 1))[:size]
        messages.append({"role": roles[(len(messages) + 1) % 2], "content": text})
        prompt_bytes -= size
    return messages


def request_body(scenario: Scenario, model: str) -> bytes:
    """Return the JSON body, within a few hundred bytes of the scenario's size."""
    stream = {"stream": True} if scenario.stream else {}
    settings = {"model": model, "max_tokens": 256, "temperature": 0.2, **stream}

    def encode(prompt_bytes: int) -> bytes:
        body = {"messages": _conversation(prompt_bytes), **settings}
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()

    envelope = len(encode(1))
    overhead = len(encode(scenario.request_bytes)) / scenario.request_bytes if scenario.request_bytes > KIB else 1.0
    return encode(max(1, int((scenario.request_bytes - envelope) / overhead)))


def http_request(path: str, host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a whole HTTP/1.1 POST; ``headers`` win over the SDK's."""
    merged = {"host": host, **SDK_HEADERS, **headers, "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in merged.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
