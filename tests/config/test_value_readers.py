from __future__ import annotations

import math
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.config import value_readers as read
from penstock.config.files import Files
from penstock.core.secret import Secret
from penstock.providers import all_providers

_KINDS_OF_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.text(), max_size=2),
    st.dictionaries(st.sampled_from(["file", "x-team"]), st.text(), max_size=2),
)


@pytest.mark.parametrize(("value", "seconds"), [(5, 5.0), (0.25, 0.25), ("30", 30.0), ("1.5", 1.5)])
def test_seconds_are_numbers_also_as_text(value: object, seconds: float) -> None:
    assert read.read_seconds(value) == seconds


@pytest.mark.parametrize("value", [0, -1, True, math.nan, math.inf, "soon", "", "10s", None, [1], 10**8])
def test_other_seconds_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number of seconds above 0"):
        read.read_seconds(value)


def test_who_wants_too_much_is_told_what_is_the_most() -> None:
    with pytest.raises(ValueError, match="above 0, and 10000000 at most"):
        read.read_seconds(10_000_001)
    with pytest.raises(ValueError, match="a number of bytes, and 1024GiB at most"):
        read.read_size("1025GiB")


@pytest.mark.parametrize("value", [-1, 0.5, math.nan, math.inf, "some", "", True, None, 10**15])
def test_what_is_no_whole_number_is_told_so(value: object) -> None:
    with pytest.raises(ValueError, match="must be a whole number, 0 or above"):
        read.read_whole(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [(1, 1), ("64KiB", 65_536), ("50 MiB", 50 * 1024**2), ("1gib", 1024**3), ("2kB", 2000), ("7", 7), ("7B", 7)],
)
def test_sizes_have_units(value: object, size: int) -> None:
    assert read.read_size(value) == size


@pytest.mark.parametrize(
    "value", [0, -1, True, 1.5, "", "MiB", "1TiB", "1 M", "-1", "0KiB", "9" * 30, "9" * 15 + "GiB", None]
)
def test_other_sizes_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a size above 0"):
        read.read_size(value)


@given(st.integers(1, 2**40))
def test_written_size_is_read_back(size: int) -> None:
    assert read.read_size(read.write_size(size)) == size


def test_size_is_written_with_the_largest_unit_that_fits() -> None:
    assert [read.write_size(size) for size in (50 * 1024**2, 65_536, 1024**3, 1000)] == [
        "50MiB",
        "64KiB",
        "1GiB",
        "1000",
    ]


@pytest.mark.parametrize(("value", "count"), [(1, 1), ("20000", 20_000)])
def test_counts_are_whole_numbers_also_as_text(value: object, count: int) -> None:
    assert read.read_count(value) == count


@pytest.mark.parametrize("value", [0, -3, 1.0, "x", "", True, None, 10**15, "9" * 20])
def test_other_counts_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a whole number above 0"):
        read.read_count(value)


def test_unix_time_may_be_0_and_not_less() -> None:
    assert read.read_unix_seconds(0) == 0
    assert read.read_unix_seconds("1735689600") == 1_735_689_600
    with pytest.raises(ValueError, match="whole seconds since 1970"):
        read.read_unix_seconds(-1)
    with pytest.raises(ValueError, match="whole seconds since 1970"):
        read.read_unix_seconds("2025-01-01")


@pytest.mark.parametrize(("value", "switch"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_switches_are_true_or_false_also_as_text(value: object, switch: bool) -> None:
    assert read.read_switch(value) is switch


@pytest.mark.parametrize("value", ["yes", "on", "True", 1, 0, None])
def test_other_switches_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be true or false"):
        read.read_switch(value)


def test_secret_is_text_or_the_content_of_a_file_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"sk-from-file\r\n")

    assert read.read_secret("sk-literal", tmp_path, Files()) == Secret("sk-literal")
    assert read.read_secret({"file": "key"}, tmp_path, Files()) == Secret("sk-from-file")
    assert read.read_secret({"file": str(tmp_path / "key")}, Path("/"), Files()) == Secret("sk-from-file")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must not be empty"),
        (b"\n", "must not be empty"),
        (b"two\nlines", "must be one line of ASCII characters without spaces"),
        (b"caf\xc3\xa9", "must be one line of ASCII characters without spaces"),
        (b"\xff\xfe", "names a file that is not text"),
        (b"k" * 70_000, "names a file that is too large for a secret"),
    ],
)
def test_file_that_holds_no_secret_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(ValueError, match=message):
        read.read_secret({"file": "key"}, tmp_path, Files())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"file": "nowhere"}, "cannot be read: No such file or directory"),
        ({"file": "."}, "cannot be read: Is a directory"),
        ({"file": "a\0b"}, "cannot be read: not a path"),
        ({"file": ""}, "must not be empty"),
        ({"path": "key"}, "must be text, or a mapping with the one key file"),
        ({}, "must be text, or a mapping with the one key file"),
        (5, "must be text; put a number in quotes"),
        ("a b", "must be one line of ASCII characters without spaces"),
        ("a\r\nx-evil: 1", "must be one line of ASCII characters without spaces"),
    ],
)
def test_other_secrets_are_refused(value: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read.read_secret(value, tmp_path, Files())


def test_client_key_must_be_long_and_not_dull() -> None:
    assert read.read_client_key("0123456789abcdef", Path(), Files()) == Secret("0123456789abcdef")
    with pytest.raises(ValueError, match="at least 16 characters"):
        read.read_client_key("0123456789abcde", Path(), Files())
    with pytest.raises(ValueError, match="too easy to guess"):
        read.read_client_key("abcdeabcdeabcdeabcde", Path(), Files())


def test_keys_are_hashed_as_their_callers_send_them() -> None:
    assert read.hash_key(Secret("0123456789abcdef")) == sha256(b"0123456789abcdef").hexdigest()


def test_digest_is_64_hexadecimal_digits_in_either_case() -> None:
    assert read.read_sha256("AB" * 32) == "ab" * 32
    for value in ("ab" * 31, "zz" * 32, 12, None):
        with pytest.raises(ValueError, match="64 hexadecimal digits"):
            read.read_sha256(value)


def test_file_must_be_readable_and_starts_at_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").touch()

    assert read.read_file_path("cert.pem", tmp_path, Files()) == str(tmp_path / "cert.pem")
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read.read_file_path("other.pem", tmp_path, Files())


@pytest.mark.parametrize(("value", "path"), [("-", "-"), ("off", None), (None, None)])
def test_log_goes_to_standard_output_or_nowhere(value: object, path: str | None) -> None:
    assert read.read_log_path(value, Path("/nowhere"), Files()) == path


def test_log_file_may_be_new_and_its_directory_not(tmp_path: Path) -> None:
    assert read.read_log_path("access.log", tmp_path, Files()) == str(tmp_path / "access.log")
    with pytest.raises(ValueError, match="a directory that does not exist"):
        read.read_log_path("logs/access.log", tmp_path, Files())


@pytest.mark.parametrize("name", ["openai", "a", "4o", "my_backend-2.eu"])
def test_names_are_words(name: str) -> None:
    assert read.read_word(name) == name


@pytest.mark.parametrize("name", ["", "-x", "a/b", "a b", "a*", "é", "x" * 65])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"must not be empty|a name has up to 64"):
        read.read_word(name)


def test_every_provider_id_is_a_name_that_a_backend_can_have() -> None:
    assert [read.read_provider_id(read.read_word(each)) for each in all_providers()] == list(all_providers())


def test_unknown_provider_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match='there is no provider "opnai"; did you mean "openai"'):
        read.read_provider_id("opnai")


@pytest.mark.parametrize("name", ["gpt-4.1", "meta-llama/Llama-3.3:free", "gpt-*", "o[0-9]*", "日本語", "a b"])
def test_model_names_and_patterns(name: str) -> None:
    assert read.read_model_name(name) == name


@pytest.mark.parametrize("name", ["", " x", "x\n", "a\tb", "x" * 257, "**", "a*b*", "[z-a]*", 5])
def test_other_model_names_are_refused(name: object) -> None:
    with pytest.raises(ValueError, match=r"model name|pattern|must"):
        read.read_model_name(name)


def test_every_pattern_of_a_provider_is_one_that_a_configuration_could_have() -> None:
    for provider in all_providers().values():
        for name in (*provider.models, *provider.model_patterns):
            assert read.read_model_name(name) == name


def test_headers_are_lower_case_and_stripped() -> None:
    assert read.read_headers({"X-Team": " blue ", "openai-organization": "org"}) == {
        "x-team": "blue",
        "openai-organization": "org",
    }


@pytest.mark.parametrize(
    "value",
    [
        "x: y",
        {"x y": "z"},
        {"": "z"},
        {"x:": "z"},
        {"X-A": "1", "x-a": "2"},
        {"Host": "h"},
        {"content-length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"x-a": "b\r\nx-evil: 1"},
        {"x-a": "caf\u00e9"},
        {"x-a": 5},
    ],
)
def test_other_headers_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"header|must be|set by the gateway"):
        read.read_headers(value)


def test_origins_have_a_scheme_and_no_path() -> None:
    assert read.read_origins(["https://app.example.com", "http://localhost:3000", "*"])
    for value in ("*", ["example.com"], ["https://example.com/"], ["https://example.com/x"], [5]):
        with pytest.raises(ValueError, match="origin"):
            read.read_origins(value)


_READERS: list[Callable[[object], object]] = [
    read.read_seconds,
    read.read_size,
    read.read_count,
    read.read_unix_seconds,
    read.read_switch,
    lambda value: read.read_secret(value, Path("/nowhere"), Files()),
    lambda value: read.read_client_key(value, Path("/nowhere"), Files()),
    read.read_pem,
    read.read_sha256,
    lambda value: read.read_file_path(value, Path("/nowhere"), Files()),
    lambda value: read.read_log_path(value, Path("/nowhere"), Files()),
    lambda value: read.read_listen_address(value, Path("/nowhere"), Files()),
    read.read_networks,
    read.read_file_mode,
    read.read_url,
    read.read_word,
    read.read_model_name,
    read.read_headers,
    read.read_origins,
]


@pytest.mark.parametrize("reader", _READERS)
@given(value=_KINDS_OF_VALUES)
@settings(max_examples=40)
def test_every_value_is_read_or_refused_in_words(reader: Callable[[object], object], value: object) -> None:
    try:
        reader(value)
    except ValueError as error:
        message = str(error)
    else:
        return
    assert re.fullmatch(r"[^\n]{10,200}", message)


def test_networks_are_written_as_cidr() -> None:
    assert read.read_networks(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "unix"]) == (
        *("10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "unix"),
    )
    refused: tuple[object, ...] = ("10.0.0.0/8", ["10.0.0.1/8"], ["example.com"], [10], [""], ["10.0.0.0/33"], {})
    for wrong in refused:
        with pytest.raises(ValueError, match=r"list of networks|each is a network"):
            read.read_networks(wrong)


def test_permissions_are_octal_and_in_quotes() -> None:
    assert [read.read_file_mode(text) for text in ("0660", "600", "0777")] == [0o660, 0o600, 0o777]
    for wrong in (660, 0o660, "rw", "0o660", "0680", "66", "1777", None):
        with pytest.raises(ValueError, match="permissions in octal, in quotes"):
            read.read_file_mode(wrong)


def test_a_socket_of_a_file_is_found_beside_the_configuration() -> None:
    def path(text: str) -> str | None:
        return read.read_listen_address(text, Path("/etc/penstock"), Files()).path

    assert path("unix:run/../gw.sock") == "/etc/penstock/gw.sock"
    assert path("unix:/run/gw.sock") == "/run/gw.sock"
    assert path("127.0.0.1:1") is None
    for wrong in ("unix:", "unix:@abstract", "unix:/run/", "unix:..", "unix:/" + "x" * 107):
        with pytest.raises(ValueError, match=r"must name a file|is too long for a Unix socket"):
            path(wrong)
    with pytest.raises(ValueError, match="is a path: write it as unix:PATH"):
        path("/run/gw.sock")
