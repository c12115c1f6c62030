"""The kinds of configuration fields: a reader for each, and the JSON Schema that editors and the reference show.

The ``title`` of a kind's schema is the word that the reference uses for it. How a value is read is the business of
:mod:`penstock.config.value_readers`; this module ties the readers to pydantic, and paths to the file's directory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import GetCoreSchemaHandler, ValidationInfo, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from penstock.config import value_readers as read
from penstock.config.address import Address, BaseUrl
from penstock.config.files import Files
from penstock.core.secret import Secret

JsonSchema = dict[str, object]


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a file's values are read against."""

    directory: Path
    """Relative paths start here."""
    files: Files = field(default_factory=Files)


@dataclass(frozen=True, slots=True, eq=False)
class _ReadBy:
    """Reads a field by a function. ``PlainValidator`` would do, but finds out how at each field, at each start."""

    schema: CoreSchema

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.schema


def _by(reader: Callable[[object], object]) -> _ReadBy:
    return _ReadBy(core_schema.no_info_plain_validator_function(reader))


def _in_directory(reader: Callable[[object, Path, Files], object]) -> _ReadBy:
    def read_there(value: object, info: ValidationInfo[ReadContext]) -> object:
        return reader(value, info.context.directory, info.context.files)

    return _ReadBy(core_schema.with_info_plain_validator_function(read_there))


def _schema(title: str, *kinds: JsonSchema) -> WithJsonSchema:
    return WithJsonSchema({"title": title, **(kinds[0] if len(kinds) == 1 else {"anyOf": list(kinds)})})


_STRING: JsonSchema = {"type": "string"}
_VARIABLE: JsonSchema = {"type": "string", "pattern": r"\$\{"}
_SIZE_TEXT: JsonSchema = {"type": "string", "pattern": r"^[0-9]+ *([kKmMgG][iI]?)?[bB]?$|\$\{"}
_DIGEST: JsonSchema = {"type": "string", "pattern": r"^[0-9a-fA-F]{64}$|\$\{"}
_MODE: JsonSchema = {"type": "string", "pattern": r"^0?[0-7]{3}$|\$\{"}
_HEADERS: JsonSchema = {"type": "object", "additionalProperties": _STRING}
SECRET_FILE: JsonSchema = {
    "type": "object",
    "properties": {"file": {"type": "string", "description": "Path of a file that holds the secret."}},
    "required": ["file"],
    "additionalProperties": False,
}


def _number(kind: str, minimum: int) -> JsonSchema:
    return {"type": kind, "minimum": minimum}


Seconds = Annotated[float, _by(read.read_seconds), _schema("seconds", _number("number", 0), _VARIABLE)]
Size = Annotated[int, _by(read.read_size), _schema("size", _number("integer", 1), _SIZE_TEXT)]
Count = Annotated[int, _by(read.read_count), _schema("count", _number("integer", 1), _VARIABLE)]
Whole = Annotated[int, _by(read.read_whole), _schema("whole number", _number("integer", 0), _VARIABLE)]
UnixSeconds = Annotated[int, _by(read.read_unix_seconds), _schema("Unix seconds", _number("integer", 0), _VARIABLE)]
Switch = Annotated[bool, _by(read.read_switch), _schema("true or false", {"type": "boolean"}, _VARIABLE)]
SecretText = Annotated[Secret, _in_directory(read.read_secret), _schema("secret", _STRING, SECRET_FILE)]
ClientKeyText = Annotated[Secret, _in_directory(read.read_client_key), _schema("secret", _STRING, SECRET_FILE)]
PemText = Annotated[Secret, _by(read.read_pem), _schema("PEM text", _STRING)]
Sha256 = Annotated[str, _by(read.read_sha256), _schema("SHA-256 in hex", _DIGEST)]
FilePath = Annotated[str, _in_directory(read.read_file_path), _schema("file path", _STRING)]
LogPath = Annotated[
    str | None, _in_directory(read.read_log_path), _schema("`-`, `off` or file path", _STRING, {"type": "null"})
]
ListenAddress = Annotated[Address, _in_directory(read.read_listen_address), _schema("HOST:PORT or unix:PATH", _STRING)]
Networks = Annotated[
    tuple[str, ...],
    _by(read.read_networks),
    _schema("list of networks", {"type": "array", "items": _STRING}),
]
FileMode = Annotated[int, _by(read.read_file_mode), _schema("permissions", _MODE)]
Url = Annotated[BaseUrl, _by(read.read_url), _schema("URL", _STRING)]
Word = Annotated[str, _by(read.read_word), _schema("name", _STRING)]
ProviderId = Annotated[str, _by(read.read_provider_id), _schema("provider id", _STRING)]
ModelName = Annotated[str, _by(read.read_model_name), _schema("model name", _STRING)]
Pattern = Annotated[str, _by(read.read_expression), _schema("regular expression", _STRING)]
Headers = Annotated[dict[str, str], _by(read.read_headers), _schema("headers", _HEADERS)]
RequestPath = Annotated[str, _by(read.read_request_path), _schema("path", _STRING)]
Method = Annotated[str, _by(read.read_method), _schema("method", _STRING)]
HostText = Annotated[str, _by(read.read_host), _schema("host name", _STRING)]
Origins = Annotated[
    tuple[str, ...], _by(read.read_origins), _schema("list of origins", {"type": "array", "items": _STRING})
]
Text = Annotated[str, _by(read.read_text), _schema("text", _STRING)]
