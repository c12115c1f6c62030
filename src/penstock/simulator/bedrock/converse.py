"""Bedrock's Converse and ConverseStream: a request read into an :class:`Ask`, and the answer written, whole or framed.

Members that are not known at the top are ignored, as AWS does; those in ``additionalModelRequestFields`` are the
model's, and Claude refuses what it does not know.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and
.../API_runtime_ConverseStream.html (read 2026-11-23).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from penstock.simulator.answering import Answer, Call, FinishReason, Reply
from penstock.simulator.anthropic.answer import REDACTED_TRIGGER
from penstock.simulator.anthropic.blocks import redacted
from penstock.simulator.anthropic.generations import Manner, check_manner
from penstock.simulator.anthropic.request import MEMBERS as CLAUDE_MEMBERS
from penstock.simulator.bedrock.content import mark, read_text, read_turns
from penstock.simulator.bedrock.dialect import CONVERSE, frame, padded
from penstock.simulator.conversation import Ask, JsonOutput, Message, Tool, ToolMode
from penstock.simulator.dialect import Prepared
from penstock.simulator.native import NativeQuestion, answered, only, refuse
from penstock.simulator.prompt_cache import CacheCounts, Prefix
from penstock.simulator.request_fields import Fields
from penstock.simulator.thinking import sign

STOP_REASONS: Mapping[FinishReason, str] = MappingProxyType(
    {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "content_filtered"}
)
MAX_STOPS = 2500
LATENCY_MS = 1
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_encode = msgspec.json.encode


def prepare_converse(question: NativeQuestion) -> Prepared:
    """Answer Converse or ConverseStream.

    Raises:
        VendorError: Bedrock would refuse it.
    """
    prefix = Prefix()
    ask = read_ask(question, prefix)
    found = answered(ask)
    usage = _usage(found, question.cache.look(question.model, prefix.marks))
    redacts = any(REDACTED_TRIGGER in message.text for message in ask.messages)
    counted = found.completion_tokens()
    reply = found.replies[0]
    if question.operation == "ConverseStream":
        events = _events(reply, usage, redacts=redacts)
        return Prepared(question.headers, events=events, tokens=counted, dialect=CONVERSE)
    body = _encode(
        {
            "output": {"message": {"role": "assistant", "content": _content(reply, redacts=redacts)}},
            "stopReason": _stop_reason(reply),
            "usage": usage,
            "metrics": {"latencyMs": LATENCY_MS},
        }
    )
    return Prepared(question.headers, body, tokens=counted, dialect=CONVERSE)


# --- the request


def read_ask(question: NativeQuestion, prefix: Prefix) -> Ask:
    """Read a request; what of its prompt may be cached goes into ``prefix``.

    Raises:
        VendorError: Bedrock would refuse it.
    """
    body = question.body
    config = body.fields("inferenceConfig") or Fields({}, "inferenceConfig")
    sampling = {"temperature": config.decimal("temperature", 0, 1), "top_p": config.decimal("topP", 0, 1)}
    thinking = _read_additional(body, question.model)
    thinks = thinking not in {None, "disabled"}
    tools, mode, callable_tools = _read_tools(body, prefix)
    system = _read_system(body, prefix)
    turns = read_turns(body, prefix, has_tools=bool(tools), thinks=thinks)
    max_tokens = config.integer("maxTokens", 1)
    check_manner(question.model, Manner(thinking, sampling, max_tokens, turns[-1].role))
    return Ask(
        vendor=question.service,
        model=question.model,
        messages=(*system, *turns),
        tools=tools,
        tool_mode=mode,
        callable_tools=callable_tools,
        json_output=_read_output(body),
        stop=_read_stops(config),
        max_tokens=max_tokens,
        seed=(question.instance_seed,),
        thinks=thinks,
    )


def _read_additional(body: Fields, model: str) -> str | None:
    """Return the kind of thinking that is asked for; what is asked besides is checked for Claude only."""
    more = body.fields("additionalModelRequestFields")
    if more is None:
        return None
    if "claude" in model:
        only(more, CLAUDE_MEMBERS | {"anthropic_beta"})
    for name in ("thinking", "reasoning_config", "reasoningConfig"):
        thinking = more.fields(name)
        if thinking is not None:
            return thinking.needed_choice("type", ("enabled", "disabled", "adaptive"))
    return None


def _read_stops(config: Fields) -> tuple[str, ...]:
    if not config.members.get("stopSequences"):
        return ()
    found = config.array("stopSequences", most=MAX_STOPS) or []
    if not all(isinstance(one, str) and one for one in found):
        refuse(f"{config.at('stopSequences')} must be strings that are not empty.", config.at("stopSequences"))
    return msgspec.convert(found, tuple[str, ...])


def _read_system(body: Fields, prefix: Prefix) -> tuple[Message, ...]:
    texts: list[str] = []
    for fields in body.objects("system") if body.members.get("system") else ():
        if fields.has("cachePoint"):
            mark(fields.needed_fields("cachePoint"), prefix)
        else:
            texts.append(read_text(fields).text)
            prefix.add(fields.members, texts[-1])
    return (Message("system", "\n".join(texts)),) if texts else ()


def _read_tools(body: Fields, prefix: Prefix) -> tuple[tuple[Tool, ...], ToolMode, tuple[Tool, ...]]:
    """Return the tools, whether they must be called, and which of them may be."""
    config = body.fields("toolConfig")
    if config is None:
        return (), "auto", ()
    if not config.members.get("tools"):
        config.refuse_missing("tools")
    tools: list[Tool] = []
    for fields in config.objects("tools"):
        if fields.has("cachePoint"):
            mark(fields.needed_fields("cachePoint"), prefix)
            continue
        tools.append(_read_tool(fields.needed_fields("toolSpec")))
        prefix.add(fields.members, tools[-1].text)
    choice = config.fields("toolChoice")
    if choice is None or choice.has("auto"):
        return tuple(tools), "auto", tuple(tools)
    if choice.has("any"):
        return tuple(tools), "required", tuple(tools)
    name = choice.needed_fields("tool").needed_text("name")
    named = tuple(tool for tool in tools if tool.name == name)
    if not named:
        refuse(f"The tool '{name[:64]}' of toolChoice is not among the tools.", choice.path)
    return tuple(tools), "required", named


def _read_tool(spec: Fields) -> Tool:
    name = spec.needed_text("name")
    if not _NAME.fullmatch(name):
        refuse(
            f"1 validation error detected: Value '{name[:100]}' at '{spec.at('name')}' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+ and have at most 64 characters",
            spec.at("name"),
        )
    if spec.members.get("description") == "":
        refuse(f"Value at '{spec.at('description')}' must have length greater than or equal to 1", spec.path)
    schema = spec.needed_fields("inputSchema").needed_fields("json")
    if schema.members.get("type") != "object":
        refuse(
            f"The value at {schema.at('type')} must be one of the following: object.",
            schema.path,
        )
    text = _encode(spec.members).decode()
    return Tool(name, spec.text("description") or "", schema.members, schema.path, text)


def _read_output(body: Fields) -> JsonOutput | None:
    config = body.fields("outputConfig")
    wanted = config.fields("textFormat") if config is not None else None
    if wanted is None:
        return None
    wanted.needed_choice("type", ("json_schema",))
    definition = wanted.needed_fields("structure").needed_fields("jsonSchema")
    try:
        schema = msgspec.json.decode(definition.needed_text("schema"))
    except msgspec.DecodeError:
        refuse(f"The schema at {definition.at('schema')} is not JSON.", definition.at("schema"))
    return JsonOutput(definition.text("name") or "answer", schema)


# --- the answer


def call_id(call: Call) -> str:
    """Return a call's id as Bedrock's look."""
    return f"tooluse_{call.id.removeprefix('call_')}"


def _stop_reason(reply: Reply) -> str:
    return "stop_sequence" if reply.stopped_at is not None else STOP_REASONS[reply.finish]


def _usage(answer: Answer, cache: CacheCounts) -> dict[str, object]:
    used = answer.completion_tokens()
    usage: dict[str, object] = {
        "inputTokens": max(0, answer.prompt_tokens - cache.read - cache.created),
        "outputTokens": used,
        "totalTokens": answer.prompt_tokens + used,
        "cacheReadInputTokens": cache.read,
        "cacheWriteInputTokens": cache.created,
    }
    if cache.created:
        ttl = "1h" if cache.created_for_an_hour else "5m"
        usage["cacheDetails"] = [{"ttl": ttl, "inputTokens": cache.created}]
    return usage


def _content(reply: Reply, *, redacts: bool) -> list[dict[str, object]]:
    content: list[dict[str, object]] = []
    thought = "".join(reply.thought)
    if thought and redacts:
        content.append({"reasoningContent": {"redactedContent": b64encode(redacted(thought).encode()).decode()}})
    elif thought:
        content.append(
            {"reasoningContent": {"reasoningText": {"text": thought, "signature": sign("thinking", thought)}}}
        )
    if reply.pieces:
        content.append({"text": reply.text})
    content += (
        {"toolUse": {"toolUseId": call_id(call), "name": call.name, "input": call.values or {}}} for call in reply.calls
    )
    return content


def _events(reply: Reply, usage: dict[str, object], *, redacts: bool) -> Iterator[bytes]:
    """Yield the frames of a stream; a block of text begins with its first delta, as Bedrock's do."""
    yield frame("messageStart", padded({"role": "assistant"}, 3))
    for index, (start, deltas) in enumerate(_blocks(reply, redacts=redacts)):
        if start is not None:
            yield frame("contentBlockStart", padded({"contentBlockIndex": index, "start": start}, 5))
        for delta in deltas:
            members = {"contentBlockIndex": index, "delta": delta}
            yield frame("contentBlockDelta", padded(members, len(members)))
        yield frame("contentBlockStop", padded({"contentBlockIndex": index}, 7))
    yield frame("messageStop", padded({"stopReason": _stop_reason(reply)}, 9))
    yield frame("metadata", padded({"usage": usage, "metrics": {"latencyMs": LATENCY_MS}}, 11))


def _blocks(reply: Reply, *, redacts: bool) -> Iterator[tuple[dict[str, object] | None, Iterator[dict[str, object]]]]:
    thought = "".join(reply.thought)
    if thought and redacts:
        data = b64encode(redacted(thought).encode()).decode()
        yield None, iter([{"reasoningContent": {"redactedContent": data}}])
    elif thought:
        yield None, _thought_deltas(reply, thought)
    if reply.pieces:
        yield None, ({"text": piece} for piece in reply.pieces)
    for call in reply.calls:
        started: dict[str, object] = {"toolUse": {"toolUseId": call_id(call), "name": call.name}}
        yield started, ({"toolUse": {"input": piece}} for piece in call.pieces)


def _thought_deltas(reply: Reply, thought: str) -> Iterator[dict[str, object]]:
    for piece in reply.thought:
        yield {"reasoningContent": {"text": piece}}
    yield {"reasoningContent": {"signature": sign("thinking", thought)}}
