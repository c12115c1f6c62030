"""Exchange vectors: what a caller sends, what must reach the upstream, what it answers, what must reach the caller.

A vector is a text file ``tests/vectors/<client format>/<provider>/<case>.exchange``. Lines ``name: value`` come first,
then sections, each begun by a line ``--- name`` and holding everything up to the line break before the next one::

    about: what is special in this exchange
    source: by hand | documented URL DATE | recorded DATE
    upstream model: the model's name at the backend; the caller's own when the line is missing
    options: the provider's options of the backend, as JSON
    line ends: CRLF or CR instead of LF in the bodies of both answers
    coding: gzip, deflate or br, which the upstream's body is put into
    outcome: done (when the line is missing) or error
    --- client request      path, header lines, blank line, body
    --- upstream request    path, all header lines but content-length, blank line, body; HOST and KEY stand for values
    --- upstream answer     status, header lines but the framing, blank line, body
    --- client answer       the same; REQUEST-ID stands for the value
    --- usage               JSON, or nothing
    --- losses              one line for each: kind and path
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import brotli
import msgspec

from penstock.core.provider import Options, Provider
from penstock.core.secret import Secret
from penstock.providers import all_providers
from penstock.relay.snapshot import Backend, Snapshot
from tests.relay.served_gateway import KEY, backend_at, snapshot_of

VECTORS = Path(__file__).parents[1] / "vectors"
FORMATS = ("openai_chat", "openai_completions", "openai_embeddings")
SECTIONS = ("client request", "upstream request", "upstream answer", "client answer", "usage", "losses")
_SECTION = re.compile(rb"^--- ([a-z ]+)\n", re.MULTILINE)
LINE_ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
CODERS = {"gzip": partial(gzip.compress, mtime=0), "deflate": zlib.compress, "br": brotli.compress}


@dataclass(frozen=True)
class Message:
    """The first line, the header lines and the body of a request or an answer."""

    first: str
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def read(cls, text: bytes) -> Message:
        head, _, body = text.partition(b"\n\n")
        first, *lines = head.decode("utf-8").split("\n")
        headers = [line.split(": ", 1) for line in lines]
        return cls(first, [(name, value) for name, value in headers], body)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


@dataclass(frozen=True)
class Vector:
    """One exchange."""

    name: str
    provider: Provider
    fields: dict[str, str]
    sections: dict[str, bytes]

    @cached_property
    def request(self) -> Message:
        return Message.read(self.sections["client request"])

    @cached_property
    def upstream_request(self) -> Message:
        return Message.read(self.sections["upstream request"])

    @cached_property
    def upstream_answer(self) -> Message:
        message = Message.read(self.sections["upstream answer"])
        return Message(message.first, message.headers, self._code(self._with_line_ends(message.body)))

    @cached_property
    def answer(self) -> Message:
        message = Message.read(self.sections["client answer"])
        body = self._with_line_ends(message.body)
        coded = message.header("content-encoding") is not None
        return Message(message.first, message.headers, self._code(body) if coded else body)

    @property
    def outcome(self) -> str:
        return self.fields.get("outcome", "done")

    @property
    def usage(self) -> dict[str, int] | None:
        text = self.sections["usage"].strip()
        return json.loads(text) if text else None

    @property
    def losses(self) -> list[str]:
        return self.sections["losses"].decode().split("\n") if self.sections["losses"] else []

    @property
    def model(self) -> str:
        """The name that the caller uses."""
        return str(self.request.header("x-ai-eg-model") or json.loads(self.request.body)["model"])

    def backend(self, port: int) -> Backend:
        options: Options = msgspec.json.decode(self.fields.get("options", "{}"), type=self.provider.options)
        return backend_at(
            port,
            provider=self.provider,
            base_path=urlsplit(self.provider.base_url or "").path,
            api_key=Secret(KEY) if self.provider.key_required else None,
            options=options,
        )

    def snapshot(self, port: int, **changes: Any) -> Snapshot:
        return snapshot_of(self.backend(port), models={self.model: self.fields.get("upstream model")}, **changes)

    def _with_line_ends(self, body: bytes) -> bytes:
        return body.replace(b"\n", LINE_ENDS[self.fields.get("line ends", "LF")])

    def _code(self, body: bytes) -> bytes:
        coding = self.fields.get("coding")
        return CODERS[coding](body) if coding else body


def read_vector(path: Path) -> Vector:
    """Read a vector file; a file that does not have the form fails."""
    preamble, *rest = _SECTION.split(path.read_bytes())
    names = [name.decode() for name in rest[0::2]]
    assert tuple(names) == SECTIONS, f"{path}: its sections are {names}"
    fields = dict(line.split(": ", 1) for line in preamble.decode("utf-8").strip().split("\n"))
    known = {"about", "source", "upstream model", "options", "line ends", "coding", "outcome"}
    assert fields.keys() <= known, f"{path}: it says {fields.keys() - known}"
    return Vector(
        name=f"{path.parent.parent.name}/{path.parent.name}/{path.stem}",
        provider=all_providers()[path.parent.name],
        fields=fields,
        sections=dict(zip(names, [text.removesuffix(b"\n") for text in rest[1::2]], strict=True)),
    )


def all_vectors() -> list[Vector]:
    """Read every vector of the formats that are relayed."""
    return [read_vector(path) for name in FORMATS for path in sorted((VECTORS / name).glob("*/*.exchange"))]
