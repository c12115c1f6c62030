"""Reads what an operator writes as one value of a configuration: sizes, times, secrets, names.

Numbers and switches are also read from text, because a value with a ``${VARIABLE}`` in it is text. Every reader raises
``ValueError`` with a text that completes "this value ..." and repeats nothing but names: any other value may be a
secret in the wrong place. Which field takes which kind of value is said in :mod:`penstock.config.document`.
"""

from __future__ import annotations

import math
import re
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn

from penstock.config import address
from penstock.config.address import Address, BaseUrl, read_base_url
from penstock.config.files import Files
from penstock.config.similar_names import hint
from penstock.core.secret import Secret
from penstock.providers import configurable_providers
from penstock.routing.choose_model import LONGEST_NAME
from penstock.routing.name_pattern import match_pattern
from penstock.routing.path_table import climbs

_SIZE_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
_SIZE = re.compile(r"([0-9]{1,15})\s*([A-Za-z]{0,3})")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VISIBLE = re.compile(r"[!-~]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t -~]*")
_PATH = re.compile(r'/[!"$->@-~]*')
_LONGEST_PATH = 1024
_OUR_HEADERS = frozenset({"connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"}) | {
    *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
}
_LARGEST_SIZE_BYTES = 1024**4
_LONGEST_S = 10_000_000
_LARGEST_SECRET_BYTES = 64 * 1024
_SHORTEST_CLIENT_KEY = 16
_FEWEST_CHARACTERS = 6


def refuse(message: str) -> NoReturn:
    """Raise ``ValueError`` with a text that completes "this value ...", without a chain that might hold the value."""
    raise ValueError(message) from None


def read_text(value: object) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str):
        refuse("must be text; put a number in quotes")
    if not value:
        refuse("must not be empty")
    return value


def read_seconds(value: object) -> float:
    """Read a number of seconds above 0."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_S:
        most = f", and {_LONGEST_S} at most" if seconds > _LONGEST_S else ""
        refuse(f"must be a number of seconds above 0{most}")
    return seconds


def read_size(value: object) -> int:
    """Read a number of bytes above 0, with or without a unit."""
    found = _SIZE.fullmatch(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    unit = _SIZE_UNITS.get(found[2].lower()) if found else None
    size_bytes = int(found[1]) * unit if found and unit else 0
    if not 0 < size_bytes <= _LARGEST_SIZE_BYTES:
        most = f", and {write_size(_LARGEST_SIZE_BYTES)} at most" if size_bytes else ""
        refuse(f"must be a size above 0, such as 64KiB, 50MiB or a number of bytes{most}")
    return size_bytes


def write_size(size_bytes: int) -> str:
    """Write a number of bytes with the largest binary unit that fits exactly."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if size_bytes % factor == 0:
            return f"{size_bytes // factor}{unit}"
    return str(size_bytes)


def _whole_number(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value < 10**15 else -1


def read_count(value: object) -> int:
    """Read a whole number above 0."""
    number = _whole_number(value)
    if number < 1:
        refuse("must be a whole number above 0")
    return number


def read_whole(value: object) -> int:
    """Read a whole number from 0."""
    number = _whole_number(value)
    if number < 0:
        refuse("must be a whole number, 0 or above")
    return number


def read_unix_seconds(value: object) -> int:
    """Read a time as whole seconds since 1970."""
    number = _whole_number(value)
    if number < 0:
        refuse("must be a time in whole seconds since 1970, such as 1735689600")
    return number


def read_switch(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    refuse("must be true or false")


def read_secret(value: object, directory: Path, files: Files) -> Secret:
    """Read a secret: text, or ``{file: path}``. It must be fit to stand in a header."""
    if isinstance(value, dict) and set(value) == {"file"}:
        value = _read_secret_file(_resolve(value["file"], directory), files)
    if isinstance(value, dict):
        refuse("must be text, or a mapping with the one key file")
    text = read_text(value)
    if not _VISIBLE.fullmatch(text):
        refuse("must be one line of ASCII characters without spaces")
    return Secret(text)


def read_client_key(value: object, directory: Path, files: Files) -> Secret:
    """Read a client key, which must be hard to guess."""
    key = read_secret(value, directory, files)
    if len(key.reveal()) < _SHORTEST_CLIENT_KEY:
        refuse(f"must have at least {_SHORTEST_CLIENT_KEY} characters; a good one: openssl rand -hex 24")
    if len(set(key.reveal())) < _FEWEST_CHARACTERS:
        refuse("is too easy to guess: few different characters; a good one: openssl rand -hex 24")
    return key


def read_pem(value: object) -> Secret:
    """Read certificates or a key as text."""
    text = read_text(value)
    if "-----BEGIN " not in text:
        refuse("must be text in PEM, whose first line is -----BEGIN ...-----")
    return Secret(text)


def hash_key(key: Secret) -> str:
    """Return the SHA-256 of a client key, in hex: all that is kept of it."""
    return sha256(key.reveal().encode()).hexdigest()


def read_sha256(value: object) -> str:
    """Read a SHA-256 digest in hex."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        refuse("must be a SHA-256 digest: 64 hexadecimal digits, in quotes")
    return value.lower()


def read_file_path(value: object, directory: Path, files: Files) -> str:
    """Read the path of a file that must be readable now; a relative one starts at the configuration file."""
    path = _resolve(value, directory)
    try:
        files.check(path)
    except (OSError, ValueError) as error:
        _refuse_file(error)
    return str(path)


def read_log_path(value: object, directory: Path, _files: Files) -> str | None:
    """Read where a log goes: ``-`` (standard output), ``off``, or a file's path."""
    if value is None or value == "off":
        return None
    if value == "-":
        return "-"
    path = _resolve(value, directory)
    if not path.parent.is_dir():
        refuse("names a file in a directory that does not exist")
    return str(path)


def read_listen_address(value: object, directory: Path, _files: Files) -> Address:
    """Read ``HOST:PORT`` or ``unix:PATH``; a relative path starts at the configuration file."""
    return address.read_listen_address(read_text(value), directory)


def read_networks(value: object) -> tuple[str, ...]:
    """Read networks of proxies: CIDR, single addresses, or ``unix``."""
    if not isinstance(value, list):
        refuse("must be a list of networks, such as 10.0.0.0/8")
    networks: list[str] = []
    for item in value:
        try:
            networks.append(item if item == "unix" else str(ip_network(read_text(item))))
        except ValueError:
            refuse("each is a network such as 10.0.0.0/8 (no bits set behind its length), an address, or unix")
    return tuple(networks)


def read_file_mode(value: object) -> int:
    """Read permissions as chmod writes them: three octal digits, in quotes."""
    if not isinstance(value, str) or not re.fullmatch(r"0?[0-7]{3}", value):
        refuse('must be permissions in octal, in quotes, such as "0660"')
    return int(value, 8)


def read_url(value: object) -> BaseUrl:
    """Read a base URL."""
    return read_base_url(read_text(value))


def read_word(value: object) -> str:
    """Read the name of a backend or a client key."""
    if not _WORD.fullmatch(read_text(value)):
        refuse("a name has up to 64 letters, digits, dots, dashes and underscores, a letter or digit first")
    return str(value)


def read_provider_id(value: object) -> str:
    """Read the id of a provider that exists."""
    known = configurable_providers()
    provider_id = read_text(value)
    if provider_id not in known:
        refuse(f'there is no provider "{provider_id}"{hint(provider_id, known)}')
    return provider_id


def read_model_name(value: object) -> str:
    """Read a public model name or a pattern with at most one ``*``."""
    name = read_text(value)
    if len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        refuse(f"a model name has up to {LONGEST_NAME} printable characters, no space at either end")
    if name.count("*") > 1:
        refuse("a pattern has one * at most")
    match_pattern(name, "")  # raises ValueError for a malformed set
    return name


def read_expression(value: object) -> str:
    """Read a regular expression."""
    text = read_text(value)
    try:
        re.compile(text)
    except re.error as error:
        refuse(f"is not a regular expression: {error}")
    return text


def read_headers(value: object) -> dict[str, str]:
    """Read request headers: names in lower case to values."""
    if not isinstance(value, dict):
        refuse("must be a mapping of header names to texts")
    headers: dict[str, str] = {}
    for name, text in value.items():
        folded = str(name).lower()
        if not _HEADER_NAME.fullmatch(folded) or folded in headers:
            refuse(f'"{name}" is not a header name, or stands twice')
        if folded in _OUR_HEADERS:
            refuse(f'"{name}" is set by the gateway itself')
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            refuse(f'the value of "{name}" must be one line of ASCII text, in quotes if it is a number')
        headers[folded] = text.strip()
    return headers


def read_request_path(value: object) -> str:
    """Read the path of requests, or a prefix of paths: as it is sent, percent-encoded where that is needed."""
    path = read_text(value)
    if not _PATH.fullmatch(path) or len(path) > _LONGEST_PATH:
        refuse(f"must be a path of up to {_LONGEST_PATH} ASCII characters that begins with /, without ? and #")
    if climbs(path) or "//" in path:
        refuse("has an empty segment, or . or .. for one")
    return path


def read_method(value: object) -> str:
    """Read the method of a request."""
    method = read_text(value)
    if not re.fullmatch("[A-Z][A-Z-]{0,31}", method) or method in {"CONNECT", "TRACE"}:
        refuse("must be a method in capitals, such as GET, and neither CONNECT nor TRACE, which are not passed on")
    return method


def read_host(value: object) -> str:
    """Read what stands in a ``Host`` header."""
    host = read_text(value)
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?", host):
        refuse("must be a host name, with :PORT or without")
    return host


def read_origins(value: object) -> tuple[str, ...]:
    """Read browser origins: ``*`` or scheme, host and port each."""
    if not isinstance(value, list):
        refuse("must be a list of origins, such as https://app.example.com")
    for origin in value:
        if not isinstance(origin, str) or (origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/\s]+", origin)):
            refuse("each origin is * or a scheme and a host without a path, such as https://app.example.com")
    return tuple(value)


def _resolve(value: object, directory: Path) -> Path:
    return directory / read_text(value)


def _read_secret_file(path: Path, files: Files) -> str:
    try:
        content = files.read(path, _LARGEST_SECRET_BYTES + 1)
    except (OSError, ValueError) as error:
        _refuse_file(error)
    if len(content) > _LARGEST_SECRET_BYTES:
        refuse("names a file that is too large for a secret")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        refuse("names a file that is not text")


def _refuse_file(error: OSError | ValueError) -> NoReturn:
    """Say why a file cannot be read; ``ValueError``: a NUL in its path."""
    refuse(f"names a file that cannot be read: {error.strerror if isinstance(error, OSError) else 'not a path'}")
