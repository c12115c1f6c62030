"""A conversation of Gemini's format, read into turns; what Gemini refuses in a conversation is refused.

Checked: roles, that parts have something in them, that calls of functions follow a user's turn and have as many
responses, and, for models from Gemini 3 on, that the first call of each step of the present turn still has the
signature it was made with.

https://ai.google.dev/api/caching#Content, https://ai.google.dev/gemini-api/docs/function-calling and
https://ai.google.dev/gemini-api/docs/thought-signatures (read 2026-11-23).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass

import msgspec

from penstock.simulator.conversation import Message
from penstock.simulator.gemini.proto import message, needed_bytes
from penstock.simulator.native import refuse
from penstock.simulator.prompt_cache import Prefix
from penstock.simulator.request_fields import Fields
from penstock.simulator.thinking import is_signed

MEDIA_TOKENS = 258
_STAND_INS = (b"skip_thought_signature_validator", b"context_engineering_is_the_way_to_go")
NOT_CHECKED = frozenset((*_STAND_INS, *map(urlsafe_b64decode, _STAND_INS)))
"""Signatures that Google takes for calls that no Gemini model made: as they stand (they are base64 too), or encoded."""
PART_MEMBERS = frozenset(
    (
        *("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode"),
        *("codeExecutionResult", "thought", "thoughtSignature", "videoMetadata", "mediaResolution"),
    )
)
_DATA = ("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult")
_SIGNED = re.compile(r"gemini-(?:[3-9]|\d\d)")


@dataclass(frozen=True, slots=True)
class Part:
    """What one part is, and what it counts for."""

    kind: str
    text: str = ""
    other_text: str = ""
    other_tokens: int = 0
    name: str = ""
    """The function that is called, or that responds."""
    signature: bytes = b""
    signed: str = ""
    """What the signature must be of."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, and where it stands."""

    place: str
    role: str
    parts: list[Part]

    def of(self, kind: str) -> list[Part]:
        """Return the parts of a kind."""
        return [part for part in self.parts if part.kind == kind]


def wants_signatures(model: str) -> bool:
    """Say whether a model refuses calls without the signatures they were made with."""
    return _SIGNED.search(model) is not None


def signed_call(name: str, args: object) -> str:
    """Return what the signature of a call is of: its name, and which arguments it has."""
    names = sorted(args) if isinstance(args, dict) else []
    return msgspec.json.encode([name, names]).decode()


def read_contents(body: Fields, model: str, prefix: Prefix) -> tuple[Message, ...]:
    """Return the turns of a conversation.

    Raises:
        VendorError: one that Gemini would refuse.
    """
    if not body.members.get("contents"):
        body.refuse_missing("contents")
    turns = [_read_turn(fields, prefix) for fields in body.objects("contents")]
    _check_calls(turns)
    if wants_signatures(model):
        _check_signatures(turns)
    return tuple(one for index, turn in enumerate(turns) for one in _messages(turn, index))


def _read_turn(fields: Fields, prefix: Prefix) -> Turn:
    content = message(fields, frozenset({"role", "parts"}))
    role = content.text("role") or "user"
    if role not in {"user", "model", "function"}:
        refuse("Please use a valid role: user, model.", content.at("role"))
    if not content.members.get("parts"):
        refuse(
            f"* GenerateContentRequest.{content.at('parts')}: contents.parts must not be empty.\n", content.at("parts")
        )
    prefix.add(role, "")
    parts = []
    for one in content.objects("parts"):
        part = read_part(one)
        prefix.add(one.members, part.text + part.other_text, part.other_tokens)
        parts.append(part)
    return Turn(content.path, "user" if role == "function" else role, parts)


def read_part(fields: Fields) -> Part:
    """Read one part.

    Raises:
        VendorError: it has nothing in it, or more than one thing.
    """
    part = message(fields, PART_MEMBERS)
    found = [name for name in _DATA if part.has(name)]
    if len(found) != 1:
        refuse(
            f"* GenerateContentRequest.{part.path}.data: required oneof field 'data' must have one initialized field\n",
            part.path,
        )
    signature = needed_bytes(part, "thoughtSignature") if part.has("thoughtSignature") else b""
    match found[0]:
        case "text":
            text = part.needed_text("text")
            return Part("thought", other_text=text) if part.flag("thought") else Part("text", text, signature=signature)
        case "functionCall":
            return _read_call(part, signature)
        case "functionResponse":
            return _read_response(part)
        case "inlineData":
            data = message(part.needed_fields("inlineData"), frozenset({"mimeType", "data", "displayName"}))
            data.needed_text("mimeType")
            needed_bytes(data, "data")
        case "fileData":
            data = message(part.needed_fields("fileData"), frozenset({"mimeType", "fileUri", "displayName"}))
            data.needed_text("fileUri")
    return Part("media", other_tokens=MEDIA_TOKENS)


def _read_call(part: Fields, signature: bytes) -> Part:
    call = message(part.needed_fields("functionCall"), frozenset({"id", "name", "args"}))
    name = call.needed_text("name")
    call.text("id")
    args = call.fields("args")
    members = args.members if args is not None else {}
    text = name + msgspec.json.encode(members).decode()
    return Part("call", other_text=text, name=name, signature=signature, signed=signed_call(name, members))


def _read_response(part: Fields) -> Part:
    response = message(
        part.needed_fields("functionResponse"),
        frozenset({"id", "name", "response", "parts", "willContinue", "scheduling"}),
    )
    response.text("id")
    given = response.needed_fields("response").members
    return Part("response", msgspec.json.encode(given).decode(), name=response.needed_text("name"))


def _check_calls(turns: list[Turn]) -> None:
    before: Turn | None = None
    for turn in turns:
        calls, responses = turn.of("call"), turn.of("response")
        if calls and (turn.role != "model" or before is None or before.role != "user"):
            refuse(
                "Please ensure that function call turn comes immediately after a user turn or after a function "
                "response turn."
            )
        called = before.of("call") if before is not None else []
        if responses and not called:
            refuse("Please ensure that function response turn comes immediately after a function call turn.")
        if len(called) != len(responses):
            refuse(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        before = turn
    if turns[-1].of("call"):
        refuse("Please ensure that function call turn is followed by a function response turn.")


def _check_signatures(turns: list[Turn]) -> None:
    """Refuse calls of the present turn (since the user last spoke) whose signature was lost or changed."""
    for index, turn in enumerate(turns):
        for place, part in enumerate(turn.of("call")):
            known = part.signature in NOT_CHECKED or is_signed("call", part.signed, part.signature.decode("latin-1"))
            if part.signature and not known:
                refuse("Corrupted thought signature.", turn.place)
            is_present = not any(later.of("text") for later in turns[index + 1 :] if later.role == "user")
            if place == 0 and is_present and not part.signature:
                refuse(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                    "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                    f"data, function call `{part.name}`, position {index + 1}.",
                    turn.place,
                )


def _messages(turn: Turn, index: int) -> list[Message]:
    """Return a turn as messages: responses of functions are messages of their own, as the common form has them."""
    found = [
        Message("tool", part.text, call_id=f"{index - 1}.{place}", name=part.name)
        for place, part in enumerate(turn.of("response"))
    ]
    rest = [part for part in turn.parts if part.kind != "response"]
    if not rest:
        return found
    said = Message(
        "assistant" if turn.role == "model" else "user",
        "".join(part.text for part in rest),
        calls=tuple(f"{index}.{place}" for place, _ in enumerate(turn.of("call"))),
        other_text="".join(part.other_text for part in rest),
        other_tokens=sum(part.other_tokens for part in rest),
    )
    return [said, *found]
