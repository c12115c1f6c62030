"""What translates a request lets go of it: a cycle would keep it, and cold memory, until a collection."""

from __future__ import annotations

import gc

import pytest

from penstock.core.json_object import JsonObject
from penstock.data import facts_of
from penstock.wire.chat_formats import find_caller_format, find_upstream_format

MODELS = {
    "openai_chat": "gpt-5.4-mini",
    "anthropic_messages": "claude-sonnet-4-5",
    "bedrock_converse": "amazon.nova-lite-v1:0",
    "gemini_generate": "gemini-2.5-flash",
    "cohere_chat": "command-a-03-2025",
}
TOOLS = b"""
 "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],
 "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},
  {"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
  {"role":"tool","tool_call_id":"a","content":"done"}]}"""


@pytest.mark.parametrize("upstream", MODELS)
def test_a_translated_request_leaves_no_cycle(upstream: str) -> None:
    caller, format_ = find_caller_format("openai_chat"), find_upstream_format(upstream)
    model = MODELS[upstream]

    def translate() -> None:
        format_.lower(caller.lift(JsonObject(b'{"model":"m",' + TOOLS)), model, facts_of(model))

    translate()  # what is made once is made now
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            translate()
        assert gc.collect() == 0
    finally:
        gc.enable()
