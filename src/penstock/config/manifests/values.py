"""The kinds of values that manifests have, and how each is checked.

As strict as the resources' own schemas: a number is no text and a text is no number, names are names of Kubernetes,
durations those of the Gateway API. Readers raise ``ValueError`` with a text that completes "this value ..." and repeats
no value, since it may be a secret.

https://gateway-api.sigs.k8s.io/geps/gep-2257/ (durations) and
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ (read 2026-11-23).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator, PlainValidator

_DURATION = re.compile(r"(?:[0-9]{1,5}(?:h|ms|m|s)){1,4}")
_DURATION_PART = re.compile(r"([0-9]{1,5})(h|ms|m|s)")
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(Ki|Mi|Gi|Ti|k|M|G|T)?")
_SIZES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZES.update({"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40})
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAMESPACE = re.compile(_LABEL)
_HOST_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_HEADER_VALUE = re.compile(r"[\t -~]*")
_PSEUDO_HEADER = re.compile(r":?[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")


def _matching(pattern: re.Pattern[str], message: str, longest: int = 253) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > longest or not pattern.fullmatch(value):
            raise ValueError(message)
        return value

    return check


def read_duration(value: object) -> float:
    """Read a duration of the Gateway API (``1m30s``) as seconds."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        msg = "must be a duration such as 30s, 1m30s or 500ms"
        raise ValueError(msg)
    return sum(int(number) * _UNITS_S[unit] for number, unit in _DURATION_PART.findall(value))


def read_quantity(value: object) -> int:
    """Read a size of Kubernetes (``50Mi``) as bytes."""
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if found is None:
        msg = "must be a size such as 50Mi, 64Ki or a number of bytes"
        raise ValueError(msg)
    return int(Decimal(found[1]) * _SIZES[found[2] or ""])


def read_time(value: object) -> int:
    """Read an RFC 3339 time as Unix seconds."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or time.timestamp() < 0:
        msg = "must be a time such as 2026-05-21T10:00:00Z"
        raise ValueError(msg)
    return int(time.timestamp())


def read_expression(value: str) -> str:
    """Check a regular expression."""
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        msg = "is not a regular expression that can be read here"
        raise ValueError(msg) from None
    return value


Text = Annotated[str, MinLen(1)]
Name = Annotated[str, AfterValidator(_matching(_NAME, "must be a name of lower-case letters, digits, dashes and dots"))]
Namespace = Annotated[
    str, AfterValidator(_matching(_NAMESPACE, "must be a namespace: lower-case letters, digits and dashes", 63))
]
HostName = Annotated[
    str, AfterValidator(_matching(_HOST_NAME, "must be a host name in lower case, or *. before one, without a port"))
]
HeaderName = Annotated[str, AfterValidator(_matching(_HEADER_NAME, "must be the name of a header", 256))]
MutatedHeader = Annotated[str, AfterValidator(_matching(_PSEUDO_HEADER, "must be the name of a header", 256))]
HeaderValue = Annotated[
    str, MinLen(1), AfterValidator(_matching(_HEADER_VALUE, "must be one line of ASCII text", 4096))
]
Expression = Annotated[str, AfterValidator(read_expression)]
DurationS = Annotated[float, PlainValidator(read_duration)]
SizeBytes = Annotated[int, PlainValidator(read_quantity)]
UnixTime = Annotated[int, PlainValidator(read_time)]
Port = Annotated[int, Ge(1), Le(65_535)]
HttpStatus = Annotated[int, Ge(100), Le(600)]
Weight = Annotated[int, Ge(0), Le(1_000_000)]
Natural = Annotated[int, Ge(0)]
Positive = Annotated[int, Ge(1)]
AtMost = MaxLen
AtLeast = MinLen
