"""Made-up conversations of Anthropic's messages API, for properties of the translation."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

words = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
markers = st.sampled_from([{}, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}])
inputs = st.dictionaries(names, st.integers() | words | st.none() | st.lists(st.booleans(), max_size=2), max_size=3)


def block(kind: str, **members: st.SearchStrategy[object]) -> st.SearchStrategy[Json]:
    """Make blocks of a type."""
    return st.fixed_dictionaries({"type": st.just(kind), **members})


text_blocks = block("text", text=words)
images = block(
    "image",
    source=st.just({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="})
    | st.just({"type": "url", "url": "https://a.example/p.png"}),
)
documents = block(
    "document",
    title=words,
    context=words,
    citations=st.just({"enabled": True}),
    source=block("text", media_type=st.just("text/plain"), data=words),
)
signatures = st.text("ABCabc019+/=", min_size=1, max_size=9)
thoughts = block("thinking", thinking=words, signature=signatures) | block(
    "redacted_thinking", data=st.just("ZGF0YQ==")
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Json]:
    """Make turns in order: calls come behind thinking and have results in the next turn; a few blocks are marked."""
    messages: list[Json] = [
        {"role": "user", "content": draw(st.lists(text_blocks | images | documents, min_size=1, max_size=3))}
    ]
    for turn in range(draw(st.integers(0, 2))):
        given = draw(st.lists(inputs, max_size=2))
        calls = [
            {"type": "tool_use", "id": f"toolu_{turn}_{number}", "name": "f", "input": input_}
            for number, input_ in enumerate(given)
        ]
        said = draw(st.lists(thoughts, min_size=1 if calls else 0, max_size=1)) + draw(
            st.lists(text_blocks, min_size=0 if calls else 1, max_size=2)
        )
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call["id"],
                "content": draw(st.lists(text_blocks, min_size=1, max_size=2)),
                "is_error": draw(st.booleans()),
                **draw(markers),
            }
            for call in calls
        ]
        messages.append({"role": "assistant", "content": [*said, *calls]})
        messages.append({"role": "user", "content": [*results, {**draw(text_blocks), **draw(markers)}]})
    return messages


TOOLS: list[Json] = [
    {"name": "f", "description": "F.", "input_schema": {"type": "object", "properties": {}}},
    {"name": "g", "description": "G.", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
]
_SCHEMA: Json = {
    "type": "object",
    "properties": {"b": {"type": "integer"}},
    "required": ["b"],
    "additionalProperties": False,
}
_choices: st.SearchStrategy[Json] = st.sampled_from(["auto", "any", "none"]).map(lambda kind: {"type": kind})
_choices |= st.just({"type": "tool", "name": "g"}) | st.just({"type": "any", "disable_parallel_tool_use": True})
_options: dict[str, st.SearchStrategy[object]] = {
    "system": st.lists(text_blocks, min_size=1, max_size=2),
    "temperature": st.sampled_from([0, 0.5, 1]),
    "top_p": st.just(0.9),
    "top_k": st.just(40),
    "stop_sequences": st.lists(words, min_size=1, max_size=6),
    "metadata": st.fixed_dictionaries({"user_id": words}),
    "service_tier": st.sampled_from(["auto", "standard_only"]),
    "thinking": st.sampled_from(
        [{"type": "enabled", "budget_tokens": 2048}, {"type": "disabled"}, {"type": "adaptive"}]
    ),
    "output_config": st.sampled_from([{"effort": "low"}, {"format": {"type": "json_schema", "schema": _SCHEMA}}]),
    "tool_choice": _choices,
    "inference_geo": st.just("us"),
    "stream": st.just(value=True),
}


@st.composite
def messages_requests(draw: st.DrawFn) -> Json:
    """Make a request with what Anthropic documents, and with the signatures of Gemini that callers carry for us."""
    messages = draw(conversations())
    for message in messages:
        for found in message["content"] if message["role"] == "assistant" else ():
            if found["type"] in {"text", "tool_use"} and draw(st.integers(0, 3)) == 0:
                found["extra_content"] = {"google": {"thought_signature": draw(signatures)}}
    asked: Json = {"model": "m", "max_tokens": draw(st.integers(4096, 60_000)), "messages": messages}
    asked["tools"] = [{**tool, **draw(markers)} for tool in TOOLS]
    return asked | draw(st.fixed_dictionaries({}, optional=_options))
