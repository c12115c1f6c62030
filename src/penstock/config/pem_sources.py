"""Certificates, keys and authorities that a section takes as a file, ``NAME_file``, or as text, ``NAME``.

What is in them is not looked at here but in :mod:`penstock.config.certificates`.
"""

from __future__ import annotations

from pydantic.config import JsonDict

from penstock.core.secret import Secret
from penstock.transport.tls import Pem


def either(name: str, file: str | None, text: Secret | None) -> Pem | None:
    """Return the one that is given, if any; ``ValueError`` when both are."""
    if file is not None and text is not None:
        msg = f"{name} and {name}_file exclude each other"
        raise ValueError(msg)
    return text if file is None else file


def required(name: str, pem: Pem | None) -> Pem:
    """Return what has to be there; ``ValueError`` when it is not."""
    if pem is None:
        msg = f"needs {name}_file, or {name}"
        raise ValueError(msg)
    return pem


def one_of(name: str) -> JsonDict:
    """Return the JSON Schema that asks for either."""
    return {"oneOf": [{"required": [f"{name}_file"]}, {"required": [name]}]}
