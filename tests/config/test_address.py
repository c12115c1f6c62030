from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.address import Address, BaseUrl, is_loopback, read_address, read_base_url, read_listen_address

_HOSTS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z]", fullmatch=True),
)


@given(_HOSTS, st.integers(0, 65_535))
def test_address_is_read_as_it_is_written(host: str, port: int) -> None:
    assert read_address(str(Address(host, port))) == Address(host, port)


def _names_a_file(path: str) -> bool:
    return path.rpartition("/")[2] not in {".", ".."}


@given(_HOSTS, st.integers(0, 65_535))
def test_where_to_listen_may_be_an_address_too(host: str, port: int) -> None:
    address = read_listen_address(str(Address(host, port)), Path("/"))
    assert address == Address(host, port)
    assert address.is_local == is_loopback(host)


@given(st.from_regex(r"[a-z0-9 ._:-]{1,20}(/[a-z0-9 ._:-]{1,20}){0,3}", fullmatch=True).filter(_names_a_file))
def test_a_unix_socket_is_read_as_it_is_written(name: str) -> None:
    address = read_listen_address(f"unix:{name}", Path("/etc"))
    assert (address.is_local, address.host, address.port) == (True, "", 0)
    assert read_listen_address(str(address), Path("/elsewhere")) == address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1975", "must be HOST:PORT"),
        ("localhost", "must be HOST:PORT"),
        ("localhost:", "must be HOST:PORT"),
        ("localhost:http", "must be HOST:PORT"),
        ("localhost:65536", "must be HOST:PORT"),
        ("localhost:99999999999999999999", "must be HOST:PORT"),
        ("localhost:²", "must be HOST:PORT"),
        (":1975", "needs a host before the port: 127.0.0.1:1975 for this machine only"),
        ("::1:1975", "an IPv6 address stands in brackets"),
        ("*:1975", "is neither a host name nor an IP address"),
        ("256.1.1.1:1975", "is neither a host name nor an IP address"),
        ("127.1:80", "is neither a host name nor an IP address"),
        ("[fe80::1%eth0]:80", "is neither a host name nor an IP address"),
        ("http://localhost:80", "brackets"),
    ],
)
def test_other_forms_of_address_are_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.openai.com/v1", BaseUrl("https", "api.openai.com", 443, "/v1")),
        ("https://api.openai.com/v1/", BaseUrl("https", "api.openai.com", 443, "/v1")),
        ("http://127.0.0.1:11434", BaseUrl("http", "127.0.0.1", 11434, "")),
        ("HTTP://Host.Example/", BaseUrl("http", "host.example", 80, "")),
        ("https://[2001:db8::1]:8443/a/b", BaseUrl("https", "2001:db8::1", 8443, "/a/b")),
        (
            "http://my_service.ns.svc.cluster.local.:80/x%20y",
            BaseUrl("http", "my_service.ns.svc.cluster.local.", 80, "/x%20y"),
        ),
    ],
)
def test_base_url_is_taken_apart(text: str, url: BaseUrl) -> None:
    assert read_base_url(text) == url


@given(_HOSTS, st.integers(1, 65_535), st.sampled_from(["http", "https"]), st.sampled_from(["", "/v1", "/a/b-c"]))
def test_base_url_is_written_as_it_is_read_and_as_the_standard_library_reads_it(
    host: str, port: int, scheme: str, path: str
) -> None:
    url = BaseUrl(scheme, host, port, path)
    parts = urlsplit(str(url))

    assert read_base_url(str(url)) == url
    assert (parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[scheme], parts.path) == (
        scheme,
        host,
        port,
        path,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("api.openai.com/v1", "must begin with https:// or http://"),
        ("ftp://h/v1", "must begin with https:// or http://"),
        ("file:///etc/passwd", "must begin with https:// or http://"),
        ("https://canary@h/v1", "must not hold a user name or password"),
        ("https://u:canary@h/v1", "must not hold a user name or password"),
        ("https://h/v1?key=canary", "must not hold a query"),
        ("https://h/v1#canary", "must not hold a query"),
        ("https://h/v1?", "must not hold a query"),
        ("https:///v1", "needs a host name"),
        ("https://h:0/v1", "needs a host name or IP address, and a port from 1"),
        ("https://h:99999/v1", "host or the port is malformed"),
        ("https://h:canary/v1", "host or the port is malformed"),
        ("https://[::1/v1", "host or the port is malformed"),
        ("https://h ost/v1", "no spaces"),
        ("https://bücher.example/v1", "xn--"),
        ("https://h/v1/../admin", "must not hold . or .."),
        ("https://h\\@evil/v1", "must not hold a user name"),
        ("https://-h/v1", "needs a host name"),
        ("https://300.1.1.1/v1", "needs a host name"),
    ],
)
def test_url_that_cannot_be_a_base_is_refused_without_being_repeated(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_base_url(text)

    assert "canary" not in str(caught.value)


@given(st.ip_addresses().map(str))
def test_loopback_addresses_are_those_of_the_standard_library(host: str) -> None:
    assert is_loopback(host) == ip_address(host).is_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("app.localhost", True),
        ("localhost.example", False),
        ("0.0.0.0", False),
    ],
)
def test_only_localhost_is_a_name_of_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
