from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from penstock.config.document import Document
from penstock.config.fields import ReadContext
from penstock.config.section import Section
from penstock.core.secret import Secret


def _read(values: dict[str, object]) -> Document:
    return Document.model_validate(values, context=ReadContext(Path("/nowhere")))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"listen": "[::1]:80"}, {"listen": {"address": "[::1]:80"}}),
        ({"models": {"m": "b"}}, {"models": {"m": {"targets": [{"backend": "b"}]}}}),
        ({"models": {"m": "b/v/x"}}, {"models": {"m": {"targets": [{"backend": "b", "model": "v/x"}]}}}),
        (
            {"models": {"m": {"targets": ["a", "b/*"]}}},
            {"models": {"m": {"targets": [{"backend": "a"}, {"backend": "b", "model": "*"}]}}},
        ),
        ({"client_keys": {"ci": "0123456789abcdef"}}, {"client_keys": {"ci": {"key": "0123456789abcdef"}}}),
        ({"backends": {"ollama": None}}, {"backends": {"ollama": {}}}),
        ({"limits": None, "timeouts": None, "listen": None}, {}),
    ],
)
def test_short_forms_mean_the_long_ones(short: dict[str, object], long: dict[str, object]) -> None:
    assert _read(short) == _read(long)


@pytest.mark.parametrize(
    "values",
    [
        {"client_keys": {"ci": {}}},
        {"client_keys": {"ci": {"key": "0123456789abcdef", "sha256": "00" * 32}}},
        {"backends": {"b": {"tls": {"client_cert_file": "/dev/null"}}}},
        {"models": {"m": {"targets": []}}},
        {"models": {"m": "/x"}},
        {"models": {"m": "b/"}},
    ],
)
def test_halves_and_contradictions_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _read(values)


def test_errors_of_pydantic_do_not_hold_the_values() -> None:
    with pytest.raises(ValidationError) as caught:
        _read({"backends": {"b": {"api_key": "sk canary"}}, "client_keys": ["sk-canary"], "canary_free": 1})

    assert "sk-canary" not in str(caught.value)
    assert "sk canary" not in str(caught.value)


def test_secrets_do_not_show_in_a_document() -> None:
    document = _read(
        {
            "backends": {
                "b": {"api_key": "sk-canary", "headers": {"x-key": "sk-canary"}, "options": {"x": "sk-canary"}}
            },
            "client_keys": {"ci": "sk-canary-0123456789"},
        }
    )

    assert document.backends["b"].api_key == Secret("sk-canary")
    assert "canary" not in repr(document)


def _sections(section: type[Section] = Document) -> list[type[Section]]:
    inner = [
        kind
        for field in section.model_fields.values()
        for annotation in (field.annotation, *get_args(field.annotation), *map(_last, get_args(field.annotation)))
        if isinstance(kind := annotation, type) and issubclass(kind, Section)
    ]
    return [section, *(each for kind in inner for each in _sections(kind))]


def _below(section: type[Section]) -> Iterator[type[Section]]:
    for each in section.__subclasses__():
        yield each
        yield from _below(each)


def _last(annotation: object) -> object:
    return (get_args(annotation) or (annotation,))[-1]


def test_every_field_has_a_meaning_and_every_section_too() -> None:
    sections = _sections()

    assert set(sections) == {each for each in _below(Section) if each.__module__.startswith("penstock.")}
    for section in sections:
        assert section.__doc__
        for name, field in section.model_fields.items():
            assert (field.description or "").endswith((".", ")")), f"{section.__name__}.{name}"
