"""A backend's ``options``, decoded by the provider's own struct.

The configuration's own fields know no vendor; a new provider changes nothing here. msgspec stops at the first error,
so unknown names are all reported before the values are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

import msgspec

from penstock.config.problems import Findings
from penstock.config.similar_names import hint
from penstock.config.yaml_tree import KeyPath
from penstock.core.provider import Options, Provider

_AT_FIELD = re.compile(r" - at `\$\.?([^`.\[]*)[^`]*`$")


def read_options(provider: Provider, values: Mapping[str, object], path: KeyPath, findings: Findings) -> Options | None:
    """Decode ``values``, which stand at ``path``; report what is wrong and return None."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(provider.options)}
    unknown = [name for name in values if name not in fields]
    for name in unknown:
        what = (
            f"{provider.title} has no such option{hint(name, fields)}" if fields else f"{provider.title} has no options"
        )
        findings.key_error((*path, name), what)
    try:
        # Not strict: a value with a variable in it is text.
        options = msgspec.convert(
            {name: values[name] for name in values if name in fields}, provider.options, strict=False
        )
    except msgspec.ValidationError as error:
        _report(str(error), fields, path, findings)
        return None
    return None if unknown else options


def _report(text: str, fields: Mapping[str, msgspec.structs.FieldInfo], path: KeyPath, findings: Findings) -> None:
    """Report msgspec's message at the option it names; its values stay out."""
    found = _AT_FIELD.search(text)
    name = found[1] if found else ""
    at_option = (*path, name) if name else path
    message = _AT_FIELD.sub("", text)
    if message.startswith("Object missing required field"):
        findings.missing((*at_option, message.split("`")[1]), "is required")
        return
    if message.startswith("Invalid enum value"):
        allowed = get_args(fields[name].type) if name in fields else ()
        message = f"must be one of: {', '.join(map(str, allowed))}" if allowed else "is not one of the allowed values"
    findings.error(at_option, message[0].lower() + message[1:])
