"""Write the reference of configuration and command line from the code that reads them.

``docs/configuration.md`` (every field, below the mark; what stands above it is written by hand),
``docs/reference/penstock.schema.json`` (the same for editors) and ``docs/reference/cli.md`` (the help of every
command). With ``--check`` nothing is written, and the exit status is 1 when something is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from penstock.cli.main import COMMANDS, main
from penstock.config.fields import JsonSchema
from penstock.config.json_schema import build_json_schema
from scripts.repository import ROOT

MARK = "<!-- Below: written by scripts/generate_config_reference.py from penstock.config.document; do not edit. -->"
HELP_WIDTH = 100
_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_ANY_NAME = "NAME"


def render_configuration(old: str) -> str:
    """Return the page of the configuration file with the present tables: one for each mapping of the file."""
    schema = build_json_schema()
    introduction = old.partition(MARK)[0]
    sections = "\n".join(_render_sections("", schema, _mapping(schema, "$defs")))
    return f"{introduction}{MARK}\n\n{sections}"


def render_schema(_old: str) -> str:
    """Render the JSON Schema for editors."""
    return json.dumps(build_json_schema(), indent=2, ensure_ascii=False) + "\n"


def render_cli(_old: str) -> str:
    """Render the page of the command line, whatever terminal this runs in."""
    with main.make_context("penstock", [], resilient_parsing=True, terminal_width=HELP_WIDTH, color=False) as context:
        pages = [_render_help("penstock", main.get_help(context))]
        for name in COMMANDS:
            command = main.get_command(context, name)
            if command is not None:
                with command.make_context(name, [], context, resilient_parsing=True) as inner:
                    pages.append(_render_help(f"penstock {name}", command.get_help(inner)))
    return "# The command line\n\n<!-- Written by scripts/generate_config_reference.py; do not edit. -->\n\n" + (
        "\n".join(pages)
    )


def _render_help(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text}\n```\n"


def _render_sections(path: str, schema: JsonSchema, definitions: JsonSchema) -> Iterator[str]:
    """Yield the section of one mapping of the file, then those of the mappings in it."""
    fields = _mapping(schema, "properties")
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    title = f"`{path}`" if path else "The whole file"
    yield f"## {title}\n\n{schema.get('description', '')}\n"
    yield "| key | kind | default | meaning |\n| --- | --- | --- | --- |"
    for name in fields:
        field = _mapping(fields, name)
        default = "required" if name in names else _default(field)
        # pydantic leaves out a description that is the same as that of the mapping itself.
        held = _mapping(definitions, _reference(field)[1])
        yield f"| `{name}` | {_kind(field)} | {default} | {field.get('description') or held.get('description')} |"
    yield ""
    for name in fields:
        below, reference = _reference(_mapping(fields, name))
        if reference:
            inner = f"{path}.{name}{below}" if path else f"{name}{below}"
            yield from _render_sections(inner, _mapping(definitions, reference), definitions)


def _reference(field: JsonSchema) -> tuple[str, str]:
    """Return which definition a field holds, and how the path goes on to it; two empty texts when none."""
    reference = field.get("$ref")
    if isinstance(reference, str):
        return "", reference.rpartition("/")[2]
    for key, below in (("additionalProperties", f".{_ANY_NAME}"), ("items", "[]")):
        inner = _mapping(field, key)
        further, name = _reference(inner) if inner else ("", "")
        if name:
            return below + further, name
    alternative = _first_alternative(field)
    return _reference(alternative) if alternative else ("", "")


def _kind(field: JsonSchema) -> str:
    title = field.get("title")
    if isinstance(title, str):
        return title
    if "$ref" in field:
        return "mapping"
    if isinstance(field.get("anyOf"), list):
        return _kind(_first_alternative(field))
    if field.get("type") == "array":
        return f"list of {_kind(_mapping(field, 'items'))}s"
    if _reference(field)[1]:
        return "mapping by name"
    return {"object": "mapping", "string": "text"}.get(str(field.get("type")), str(field.get("type")))


def _default(field: JsonSchema) -> str:
    if "default" not in field:
        return "–"
    value = field["default"]
    if _kind(field) == "size" and isinstance(value, int):
        return f"`{_write_size(value)}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _write_size(size: int) -> str:
    return next((f"{size // unit}{name}" for name, unit in _UNITS if size % unit == 0), str(size))


def _first_alternative(field: JsonSchema) -> JsonSchema:
    alternatives = field.get("anyOf")
    first = alternatives[0] if isinstance(alternatives, list) else {}
    return first if isinstance(first, dict) else {}


def _mapping(schema: JsonSchema, key: str) -> JsonSchema:
    value = schema.get(key)
    return value if isinstance(value, dict) else {}


# Each takes the page as it stands, of which only the configuration's keeps something.
PAGES: Mapping[str, Callable[[str], str]] = {
    "docs/configuration.md": render_configuration,
    "docs/reference/penstock.schema.json": render_schema,
    "docs/reference/cli.md": render_cli,
}


def refresh(root: Path, *, check: bool) -> int:
    """Bring the pages up to date, or with ``check`` only say which are not; returns the exit status."""
    stale = 0
    for name, render in PAGES.items():
        page = root / name
        old = page.read_text(encoding="utf-8") if page.exists() else ""
        new = render(old)
        if old == new:
            continue
        stale += 1
        print(f"{name} {'is stale' if check else 'written'}")
        if not check:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(new, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(refresh(ROOT, check="--check" in sys.argv[1:]))
