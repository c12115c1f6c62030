"""AWS Signature Version 4: the headers that sign a request, and their check.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11-23). The path is quoted
once as it is sent and, for every service but S3, a second time in what is signed. The key that signs depends on secret,
day, region and service only, so it is made once a day, and the hashes are begun with it. Pure: where credentials come
from, and when they are renewed, is not here; neither are presigned URLs, signed chunks, and S3's own rules.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import final
from urllib.parse import quote

from penstock.core.secret import Secret

ALGORITHM = "AWS4-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_SKEW_S = 300
"""How far a request's date may be from the clock of AWS."""
UNSIGNED = "MissingAuthenticationTokenException"
INCOMPLETE = "IncompleteSignatureException"
UNKNOWN_KEY = "UnrecognizedClientException"
INVALID = "InvalidSignatureException"
_REMEMBERED_KEYS = 8
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_AUTHORIZATION = re.compile(
    ALGORITHM + r" +Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """An access key; ``token`` is set for temporary ones."""

    access_key: str
    secret_key: Secret
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    """What all signatures of one key in one second share."""

    amz_date: str
    credentials: AwsCredentials
    lines: str
    """Header lines before the signature's own."""
    to_sign: str
    """What is signed, up to the hash of the request."""
    claim: str
    """The signature's line, up to the names of the headers that are signed."""
    sign: Callable[[bytes], str]


@final
class Signer:
    """Signs requests to one service in one region."""

    __slots__ = ("_keys", "_moment", "region", "service")

    def __init__(self, region: str, service: str) -> None:
        """Remember no key yet."""
        self.region = region
        self.service = service
        self._keys: dict[tuple[str, Secret], Callable[[bytes], str]] = {}
        self._moment: _Moment | None = None

    def sign(
        self,
        credentials: AwsCredentials,
        amz_date: str,
        *,
        method: str = "POST",
        host: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        body_sha256: str | None = None,
    ) -> bytes:
        r"""Return the header lines to add: ``x-amz-date``, a token if there is one, ``authorization``; each with CRLF.

        ``path`` and ``query`` are as they are sent, quoted once; ``host`` is the ``Host`` header. ``headers`` are
        further ones to sign, names in lower case. ``amz_date`` is the time as :data:`DATE_FORMAT` writes it, in UTC.
        ``body_sha256`` (hex) saves hashing ``body`` again.
        """
        moment = self._moment
        if moment is None or moment.amz_date != amz_date or moment.credentials is not credentials:
            moment = self._moment = self._begin(credentials, amz_date)
        body_sha256 = body_sha256 or sha256(body).hexdigest()
        if headers is None and credentials.token is None:  # most requests: only host and date are signed
            names = "host;x-amz-date"
            canonical = (
                f"{_canonical_target(method, path, query)}host:{host}\nx-amz-date:{amz_date}\n\n{names}\n{body_sha256}"
            )
        else:
            signed = {**(headers or {}), "host": host, "x-amz-date": amz_date}
            if credentials.token:
                signed["x-amz-security-token"] = credentials.token.reveal()
            order = sorted(signed)
            names = ";".join(order)
            canonical = canonical_request(
                method, path, query, headers=signed, signed_names=order, body_sha256=body_sha256
            )
        signature = moment.sign(f"{moment.to_sign}{sha256(canonical.encode()).hexdigest()}".encode())
        return f"{moment.lines}{moment.claim}{names}, Signature={signature}\r\n".encode("latin-1")

    def signature(self, credentials: AwsCredentials, amz_date: str, canonical: str) -> str:
        """Return the signature (hex) of a canonical request."""
        moment = self._begin(credentials, amz_date)
        return moment.sign(f"{moment.to_sign}{sha256(canonical.encode()).hexdigest()}".encode())

    def _begin(self, credentials: AwsCredentials, amz_date: str) -> _Moment:
        day = amz_date[:8]
        scope = f"{day}/{self.region}/{self.service}/aws4_request"
        token = credentials.token
        return _Moment(
            amz_date,
            credentials,
            lines=f"x-amz-date: {amz_date}\r\n" + (f"x-amz-security-token: {token.reveal()}\r\n" if token else ""),
            to_sign=f"{ALGORITHM}\n{amz_date}\n{scope}\n",
            claim=f"authorization: {ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders=",
            sign=self._key(credentials.secret_key, day),
        )

    def _key(self, secret: Secret, day: str) -> Callable[[bytes], str]:
        """Return what signs with the key of this day."""
        keyed = self._keys.get((day, secret))
        if keyed is None:
            key = b"AWS4" + secret.reveal().encode()
            for part in (day, self.region, self.service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            if len(self._keys) >= _REMEMBERED_KEYS:
                self._keys.clear()
            keyed = self._keys[day, secret] = _hmac_sha256(key)
        return keyed


def _hmac_sha256(key: bytes) -> Callable[[bytes], str]:
    """Return what makes HMAC-SHA-256 (RFC 2104) in hex with this key; hashes begun with it are copied, not made."""
    block = key.ljust(64, b"\0")
    begun_inner, begun_outer = sha256(block.translate(_INNER_PAD)), sha256(block.translate(_OUTER_PAD))

    def sign(text: bytes) -> str:
        inner, outer = begun_inner.copy(), begun_outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.hexdigest()

    return sign


def canonical_request(
    method: str, path: str, query: str, *, headers: Mapping[str, str], signed_names: list[str], body_sha256: str
) -> str:
    """Return the text that is signed; ``signed_names`` sorted, in lower case, each in ``headers``."""
    lines = "".join([f"{name}:{' '.join(headers[name].split())}\n" for name in signed_names])
    return f"{_canonical_target(method, path, query)}{lines}\n{';'.join(signed_names)}\n{body_sha256}"


@lru_cache(maxsize=256)
def _canonical_target(method: str, path: str, query: str) -> str:
    """Return what stands before the headers."""
    if query:
        query = "&".join(
            f"{name}={value}" for name, _, value in sorted(pair.partition("=") for pair in query.split("&"))
        )
    return f"{method}\n{_canonical_path(path)}\n{query}\n"


def _canonical_path(path: str) -> str:
    """Return the path without dot segments and empty ones, quoted once more."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    last = "/" if path.endswith("/") and kept else ""
    return quote(f"/{'/'.join(kept)}{last}", safe="/~")


class SignatureRefused(ValueError):
    """A request that AWS would refuse; ``code`` is the word AWS has for it (``InvalidSignatureException``)."""

    def __init__(self, code: str, message: str) -> None:
        """Take the code and a text for the caller."""
        super().__init__(message)
        self.code = code


def verify(
    signer: Signer,
    credentials: AwsCredentials,
    now: datetime,
    *,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """Check a request as the service behind AWS's door does.

    ``path`` and ``query`` as they came, ``headers`` all of the request, names in lower case. ``now`` with a time zone.

    Raises:
        SignatureRefused: not signed, signed for another key, region, service or day, too old or too new, a header that
            must be signed is not, or anything that was signed has changed.
    """
    if "authorization" not in headers:
        raise SignatureRefused(UNSIGNED, "Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(headers["authorization"].strip())
    if match is None:
        raise SignatureRefused(INCOMPLETE, "The authorization header is not a Signature V4.")
    access_key, day, region, service, names_text, signature = match.groups()
    amz_date = headers.get("x-amz-date", "")
    _check_date(amz_date, day, now)
    if (day, region, service) != (amz_date[:8], signer.region, signer.service):
        msg = f"Credential should be scoped to {amz_date[:8]}/{signer.region}/{signer.service}."
        raise SignatureRefused(INVALID, msg)
    token = credentials.token.reveal() if credentials.token else ""
    sent_token = headers.get("x-amz-security-token", "")
    if access_key != credentials.access_key or not hmac.compare_digest(token.encode(), sent_token.encode()):
        raise SignatureRefused(UNKNOWN_KEY, "The security token included in the request is invalid.")
    names = names_text.split(";")
    _check_names(names, headers)
    body_hash = headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
    actual_hash = sha256(body).hexdigest()
    if body_hash not in {UNSIGNED_PAYLOAD, actual_hash}:
        raise SignatureRefused(INVALID, "x-amz-content-sha256 is not the hash of the body.")
    if "x-amz-content-sha256" in headers:
        actual_hash = body_hash
    canonical = canonical_request(method, path, query, headers=headers, signed_names=names, body_sha256=actual_hash)
    expected = signer.signature(credentials, amz_date, canonical)
    if not hmac.compare_digest(expected, signature):
        msg = "The request signature we calculated does not match the signature you provided."
        raise SignatureRefused(INVALID, msg)


def _check_date(amz_date: str, day: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(amz_date, DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        msg = "Date must be in ISO-8601 'basic format' in the header x-amz-date."
        raise SignatureRefused(INCOMPLETE, msg) from error
    skew_s = (signed_at - now).total_seconds()
    if abs(skew_s) > MAX_SKEW_S:
        problem = "expired" if skew_s < 0 else "not yet current"
        raise SignatureRefused(INVALID, f"Signature {problem}: {amz_date} against day {day}.")


def _check_names(names: list[str], headers: Mapping[str, str]) -> None:
    must_be_signed = {"host", *(name for name in headers if name.startswith("x-amz-"))}
    if names != sorted(set(names)) or not must_be_signed <= set(names) <= set(headers):
        msg = "SignedHeaders must name 'host' and every x-amz- header, sorted, and only headers that were sent."
        raise SignatureRefused(INVALID, msg)
