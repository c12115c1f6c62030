"""The ``access_log`` of a native configuration: where lines go, and how they look.

What a format may say is in :mod:`penstock.telemetry.log_format`; here is decided that no line may show a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from penstock.config.fields import LogPath
from penstock.config.problems import Findings
from penstock.config.section import Section
from penstock.config.similar_names import hint
from penstock.config.value_readers import read_text, refuse
from penstock.config.yaml_tree import KeyPath
from penstock.providers import configurable_providers
from penstock.relay.headers import is_credential
from penstock.relay.snapshot import AccessLog, Backend
from penstock.telemetry.log_format import LogFormat, Template, UnknownCommand, read_template

_MORE_CREDENTIALS = frozenset({"proxy-authorization", "set-cookie"})
_MARKS_OF_SECRETS = ("api-key", "apikey", "secret", "password", "credential")


def _read_member(value: object) -> Template:
    """Read a text with commands; it shows no header that carries a credential."""
    try:
        template = read_template(read_text(value))
    except UnknownCommand as error:
        refuse(f"{error}{hint(error.wanted, error.known)}")
    for name in template.headers:
        if _is_secret(name):
            refuse(f'the header "{name}" carries credentials, which are never logged')
    return template


def _is_secret(name: str) -> bool:
    keys = {provider.key_header.name.lower() for provider in configurable_providers().values()}
    return (
        is_credential(name.encode())
        or name in keys | _MORE_CREDENTIALS
        or name.startswith("x-aigw-")
        or name.endswith("-token")
        or any(mark in name for mark in _MARKS_OF_SECRETS)
    )


def _read_line(value: object) -> Template:
    """Read a text that is one line, with its end or without."""
    text = read_text(value).rstrip("\n")
    if "\n" in text or "\r" in text:
        refuse("must be one line")
    return _read_member(text)


_SCHEMA = WithJsonSchema({"title": "text with commands", "type": "string"})
_Member = Annotated[Template, PlainValidator(_read_member), _SCHEMA]
_Line = Annotated[Template, PlainValidator(_read_line), _SCHEMA]


class AccessLogSection(Section):
    """One line for each request, as JSON with Penstock's own members unless a format is given."""

    has_short_form = True

    path: LogPath = Field(AccessLog().path, description="`-` is standard output, `off` is no log.")
    fields_: Mapping[str, _Member] | None = Field(
        None,
        alias="fields",
        min_length=1,
        description="Members of each line instead of Penstock's own: texts with commands such as `%RESPONSE_CODE%`.",
    )
    text: _Line | None = Field(None, description="Instead of JSON: a line of text with such commands.")

    @classmethod
    def expand(cls, value: object) -> object:
        """Read the path alone."""
        return value if isinstance(value, dict) else {"path": value}

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, value: object) -> object:
        """Take nothing for no log: here alone an empty value is not an empty mapping."""
        return cls.expand(value)

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if self.fields_ is not None and self.text is not None:
            msg = "takes either fields or text"
            raise ValueError(msg)
        return self


def build_access_log(section: AccessLogSection, backends: Mapping[str, Backend], findings: Findings) -> AccessLog:
    """Return where lines go and how they look; headers in which callers give keys for backends are refused."""
    texts: dict[KeyPath, Template]
    if section.text is not None:
        line_format = LogFormat(line=section.text)
        texts = {("access_log", "text"): section.text}
    elif section.fields_ is not None:
        line_format = LogFormat(members=tuple(section.fields_.items()))
        texts = {("access_log", "fields", name): template for name, template in section.fields_.items()}
    else:
        return AccessLog(path=section.path)
    carriers = {
        backend.credential_override.header: backend.name for backend in backends.values() if backend.credential_override
    }
    for path, template in texts.items():
        for name in template.headers:
            if name in carriers:
                message = f'the header "{name}" carries credentials for "{carriers[name]}", which are never logged'
                findings.error(path, message)
    return AccessLog(path=section.path, line_format=line_format)
