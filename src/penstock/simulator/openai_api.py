"""OpenAI's endpoints, simulated: a request body in, a prepared answer out.

Here a body is read, answered and rendered; whether the caller may ask, whether a fault changes the answer and how it is
sent is decided by ``app`` and ``faults``. A new wire format brings a module like this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penstock.core.endpoint import EndpointId
from penstock.simulator import openai_format, tokens
from penstock.simulator.answering import Answer, UnanswerableSchema, answer, limited_text
from penstock.simulator.dialect import Prepared
from penstock.simulator.openai_chat_request import ChatRequest, StreamOptions, read_chat_request
from penstock.simulator.openai_errors import context_too_long, invalid
from penstock.simulator.openai_format import Continuation, Stamp
from penstock.simulator.openai_messages import refuse_members
from penstock.simulator.openai_text_requests import CompletionRequest, read_completion_request, read_embedding_request
from penstock.simulator.prose import write_continuation
from penstock.simulator.request_fields import Fields
from penstock.simulator.script import Headers
from penstock.simulator.vendors import Vendor

CONTEXT_WINDOW_TOKENS = 128_000
"""What a prompt may count for."""

MakeStamp = Callable[[str], Stamp]
"""Makes the stamp of an answer, its id beginning with the given letters."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request that has come to an endpoint."""

    vendor: Vendor
    body: Fields
    stamp: MakeStamp
    headers: Headers
    instance_seed: int


def prepare(endpoint: EndpointId, question: Question) -> Prepared:
    """Answer a request.

    Raises:
        VendorError: the vendor would refuse it.
    """
    if endpoint == "chat_completions":
        return _prepare_chat(question)
    if endpoint == "completions":
        return _prepare_completion(question)
    request = read_embedding_request(question.body)
    return Prepared(question.headers, openai_format.embedding_body(request), tokens=1)


def _prepare_chat(question: Question) -> Prepared:
    request = read_chat_request(question.body, question.vendor.title, question.instance_seed)
    if question.vendor.refused_in_messages:
        refuse_members(question.body, question.vendor.refused_in_messages)
    if (fewest := request.ask.fewest_prompt_tokens()) > CONTEXT_WINDOW_TOKENS:
        raise context_too_long(fewest, CONTEXT_WINDOW_TOKENS)
    found = _answer(request)
    if found.prompt_tokens > CONTEXT_WINDOW_TOKENS:
        raise context_too_long(found.prompt_tokens, CONTEXT_WINDOW_TOKENS)
    stamp = question.stamp("chatcmpl-")
    if request.stream is None:
        body = openai_format.chat_body(found, stamp, request.top_logprobs)
        return Prepared(question.headers, body, tokens=found.completion_tokens())
    options = _as_the_vendor_streams(request.stream, question.vendor)
    events = openai_format.chat_events(found, stamp, options, request.top_logprobs)
    return Prepared(question.headers, events=events, tokens=found.completion_tokens())


def _answer(request: ChatRequest) -> Answer:
    try:
        return answer(request.ask)
    except UnanswerableSchema as error:
        if error.tool is not None:
            message = f"Invalid schema for function '{error.tool.name}': {error.why}"
            raise invalid(message, param=error.tool.place, code="invalid_function_parameters") from error
        name = request.ask.json_output.name if request.ask.json_output else ""
        message = f"Invalid schema for response_format '{name}': {error.why}"
        raise invalid(message, param="response_format", code=None) from error


def _as_the_vendor_streams(asked: StreamOptions, vendor: Vendor) -> StreamOptions:
    """Put the counts where this vendor's streams have them, asked for or not."""
    return StreamOptions(vendor.usage_place or asked.usage, asked.include_obfuscation and vendor.obfuscates)


def _prepare_completion(question: Question) -> Prepared:
    request = read_completion_request(question.body)
    fewest = sum(tokens.at_least(len(one.text)) for one in request.prompts)
    prompt_tokens = fewest if fewest > CONTEXT_WINDOW_TOKENS else sum(one.tokens() for one in request.prompts)
    if prompt_tokens > CONTEXT_WINDOW_TOKENS:
        raise context_too_long(prompt_tokens, CONTEXT_WINDOW_TOKENS, "prompt")
    found = _continuations(request, question.instance_seed)
    counted = sum(one.reply.tokens() for one in found)
    stamp = question.stamp("cmpl-")
    if request.stream is None:
        body = openai_format.completion_body(found, stamp, prompt_tokens, request.logprobs)
        return Prepared(question.headers, body, tokens=counted)
    options = _as_the_vendor_streams(request.stream, question.vendor)
    events = openai_format.completion_events(found, stamp, options, prompt_tokens, request.logprobs)
    return Prepared(question.headers, events=events, tokens=counted)


def _continuations(request: CompletionRequest, instance_seed: int) -> list[Continuation]:
    found: list[Continuation] = []
    for one in request.prompts:
        for number in range(request.answers):
            seed = (one.identity(), instance_seed, request.seed, number)
            text = write_continuation(request.model, one.text, *seed)
            reply = limited_text(text, request.stop, request.max_tokens)
            found.append(Continuation(reply, one.text if request.echo else "", len(one.text)))
    return found
