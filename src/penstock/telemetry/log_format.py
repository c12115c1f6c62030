"""Formats of the access log that an operator writes: texts with commands such as ``%RESPONSE_CODE%``.

The language is that of Envoy, with the commands that have a meaning here. A format is read once; a line is then made
of what is recorded of an exchange anyway, and of the request. Which headers may be logged, and where the lines go, is
not decided here.

https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage (read 2026-11-23).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from penstock.core.usage import UNREPORTED, Usage
from penstock.telemetry.access_line import AccessLine
from penstock.transport.server_request import ServerRequest

NAMESPACE = "io.envoy.ai_gateway"
"""The namespace of what is known of a model's answer."""
LONGEST_VALUE_CHARS = 1024
"""So much of a header is logged: lines wait in memory while a disk stalls."""
_COMMAND = re.compile(r"%(?:%|([A-Z][A-Z0-9_]*)(?:\(([^()%]*)\))?(?::([0-9]{1,4}))?%)")
_HEADER_NAME = re.compile(r":?[a-z0-9!#$&'*+.^_`|~-]+")

Value = str | int | float | None


class UnknownCommand(ValueError):
    """A command, or a key of metadata, that has no meaning here; ``wanted`` is one of ``known`` misspelt, perhaps."""

    def __init__(self, shown: str, wanted: str, known: tuple[str, ...]) -> None:
        """Say what is not known."""
        super().__init__(f"{shown} is not known here")
        self.wanted = wanted
        self.known = known


class Told(NamedTuple):
    """What a line is made of."""

    line: AccessLine
    request: ServerRequest
    asked_model: str | None
    """As the caller named it."""
    upstream_host: str | None
    """Host and port of the backend."""


Read = Callable[[Told], Value]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with commands, as it was written, and what its parts are."""

    source: str
    parts: tuple[str | Read, ...] = field(compare=False, repr=False)
    headers: tuple[str, ...] = field(compare=False, repr=False)
    """Headers of callers that it shows, in lower case."""

    def value(self, told: Told) -> Value:
        """Return the value of a command that stands alone, of its own kind and None if it is missing; else a text."""
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return self.parts[0](told)
        return self.text(told, _as_it_is)

    def text(self, told: Told, write: Callable[[str], str]) -> str:
        """Return the whole text; ``write`` writes values that are texts, and ``-`` stands for what is missing."""
        return "".join([part if isinstance(part, str) else _written(part(told), write) for part in self.parts])


@dataclass(frozen=True, slots=True)
class LogFormat:
    """How lines look: JSON objects of ``members``, or texts."""

    members: tuple[tuple[str, Template], ...] = ()
    line: Template | None = None

    @property
    def templates(self) -> tuple[Template, ...]:
        """Everything that is written."""
        return (self.line,) if self.line is not None else tuple(template for _, template in self.members)

    def make(self, told: Told) -> dict[str, Value] | str:
        """Make one line: the members of its object, or its text."""
        if self.line is not None:
            return self.line.text(told, _on_one_line)
        return {name: template.value(told) for name, template in self.members}


def read_template(source: str) -> Template:
    """Read a text with commands.

    Raises:
        UnknownCommand: a command is none of ours.
        ValueError: the text is not of the language.
    """
    parts: list[str | Read] = []
    headers: list[str] = []
    at = 0
    for found in _COMMAND.finditer(source):
        _add_words(parts, source[at : found.start()])
        at = found.end()
        if found[1] is None:
            parts.append("%")
        else:
            parts.append(_shorten(_read_command(found[1], found[2], headers), found[3]))
    _add_words(parts, source[at:])
    return Template(source, tuple(parts), tuple(headers))


def _add_words(parts: list[str | Read], words: str) -> None:
    if "%" in words:
        msg = "has a % that begins no command; %% stands for the sign itself"
        raise ValueError(msg)
    if words:
        parts.append(words)


def _read_command(name: str, argument: str | None, headers: list[str]) -> Read:
    if name not in _TAKING_ARGUMENT:
        if name not in COMMANDS:
            known = tuple(f"%{each}%" for each in (*COMMANDS, *_TAKING_ARGUMENT))
            shown = f"%{name}%"
            raise UnknownCommand(shown, shown, known)
        if argument is not None:
            msg = f"%{name}% takes no argument here"
            raise ValueError(msg)
        return COMMANDS[name]
    if not argument:
        msg = f"%{name}% needs an argument in parentheses"
        raise ValueError(msg)
    return _read_metadata(argument) if name == _DYNAMIC_METADATA else _read_header(argument, headers)


def _read_metadata(argument: str) -> Read:
    namespace, _, key = argument.partition(":")
    shown = f"%{_DYNAMIC_METADATA}({argument})%"
    if namespace != NAMESPACE:
        raise UnknownCommand(shown, namespace, (NAMESPACE,))
    if key not in METADATA_KEYS:
        raise UnknownCommand(shown, key, tuple(METADATA_KEYS))
    return METADATA_KEYS[key]


def _read_header(argument: str, headers: list[str]) -> Read:
    """Read ``NAME`` or ``NAME?ALTERNATIVE``."""
    names = argument.lower().split("?")
    if len(names) > 2 or not all(map(_HEADER_NAME.fullmatch, names)):
        msg = f"%REQ({argument})%: needs the name of a header, or two with ? between"
        raise ValueError(msg)
    unknown = next((each for each in names if each.startswith(":") and each not in OF_REQUESTS), None)
    if unknown is not None:
        shown = f"%REQ({unknown})%"
        raise UnknownCommand(shown, unknown, tuple(OF_REQUESTS))
    headers += names
    first, *others = [OF_REQUESTS.get(name) or _header(name.encode()) for name in names]
    if not others:
        return first

    def read_either(told: Told) -> Value:
        value = first(told)
        return others[0](told) if value is None else value

    return read_either


def _header(name: bytes) -> Read:
    def read(told: Told) -> Value:
        value = told.request.header(name)
        return None if value is None else value[:LONGEST_VALUE_CHARS].decode("utf-8", "replace")

    return read


def _shorten(read: Read, length: str | None) -> Read:
    if length is None:
        return read
    chars = int(length)

    def read_beginning(told: Told) -> Value:
        value = read(told)
        return value[:chars] if isinstance(value, str) else value

    return read_beginning


def _written(value: Value, write: Callable[[str], str]) -> str:
    if value is None:
        return "-"
    return write(value) if isinstance(value, str) else str(value)


def _as_it_is(value: str) -> str:
    return value


def _on_one_line(value: str) -> str:
    """Escape what could end a line, or a value in quotes."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _whole(duration_ms: float | None) -> int | None:
    return None if duration_ms is None else int(duration_ms)


def _after_first_byte(told: Told) -> int | None:
    first_byte_ms = told.line.first_byte_ms
    return None if first_byte_ms is None else int(told.line.duration_ms - first_byte_ms)


def _usage(told: Told) -> Usage:
    return told.line.usage or UNREPORTED


def _total(told: Told) -> int | None:
    usage = _usage(told)
    if usage.total_tokens is not None or usage.input_tokens is None or usage.output_tokens is None:
        return usage.total_tokens
    return usage.input_tokens + usage.output_tokens


COMMANDS: Mapping[str, Read] = MappingProxyType(
    {
        "START_TIME": lambda told: told.line.time,
        "DURATION": lambda told: _whole(told.line.duration_ms),
        "RESPONSE_DURATION": lambda told: _whole(told.line.first_byte_ms),
        "RESPONSE_TX_DURATION": _after_first_byte,
        "RESPONSE_CODE": lambda told: told.line.status,
        "RESPONSE_CODE_DETAILS": lambda told: told.line.error_code,
        "RESPONSE_FLAGS": lambda told: told.line.error_code or "-",
        "BYTES_RECEIVED": lambda told: told.line.request_bytes,
        "BYTES_SENT": lambda told: told.line.response_bytes,
        "PROTOCOL": lambda told: f"HTTP/1.{told.request.http_minor}",
        "DOWNSTREAM_REMOTE_ADDRESS": lambda told: told.line.peer,
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": lambda told: told.line.peer,
        "UPSTREAM_HOST": lambda told: told.upstream_host,
        "UPSTREAM_CLUSTER": lambda told: told.line.backend,
        "ROUTE_NAME": lambda told: told.line.model,
    }
)
"""What stands alone. Durations are whole milliseconds; bytes are those of bodies."""

_DYNAMIC_METADATA = "DYNAMIC_METADATA"
_TAKING_ARGUMENT = ("REQ", _DYNAMIC_METADATA)

METADATA_KEYS: Mapping[str, Read] = MappingProxyType(
    {
        "llm_input_token": lambda told: _usage(told).input_tokens,
        "llm_output_token": lambda told: _usage(told).output_tokens,
        "llm_total_token": _total,
        "llm_cached_input_token": lambda told: _usage(told).cached_input_tokens,
        "llm_cache_creation_input_token": lambda told: _usage(told).cache_creation_tokens,
        "llm_reasoning_token": lambda told: _usage(told).reasoning_tokens,
        "request_model": lambda told: told.asked_model,
        "model_name_override": lambda told: told.line.upstream_model,
        "backend_name": lambda told: told.line.backend,
        "ai_service_backend_name": lambda told: told.line.backend,
        "route_name": lambda told: told.line.model,
        "token_latency_ttft": lambda told: told.line.first_event_ms,
    }
)
"""Keys of ``%DYNAMIC_METADATA(io.envoy.ai_gateway:KEY)%``."""

OF_REQUESTS: Mapping[str, Read] = MappingProxyType(
    {
        ":method": lambda told: told.line.method,
        ":path": lambda told: told.line.path,
        ":authority": _header(b"host"),
        "x-envoy-original-path": lambda told: told.line.path,
        "x-ai-eg-model": lambda told: told.asked_model,
        "x-request-id": lambda told: _header(b"x-request-id")(told) or told.line.request_id,
    }
)
"""What ``%REQ(NAME)%`` means where it is not the header of that name. Paths are without the query, as everywhere in
the log: a query may hold a key."""
