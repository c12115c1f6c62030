"""A caller's URL is read once, strictly: what two parsers could read in two ways is no URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.fetch_rules import FetchRefused, FetchRules, FetchTarget, read_host_pattern, read_target


def rules(*hosts: str, allow_http: bool = False) -> FetchRules:
    return FetchRules(hosts=tuple(map(read_host_pattern, hosts)), allow_http=allow_http)


ALLOWED = [
    ("images.example.com", "https://images.example.com/a.png", "/a.png"),
    ("images.example.com", "HTTPS://IMAGES.Example.com./a.png?w=1&h=2#top", "/a.png?w=1&h=2"),
    ("images.example.com", "https://images.example.com", "/"),
    ("images.example.com", "https://images.example.com:443/a", "/a"),
    ("images.example.com:8443", "https://images.example.com:8443/a", "/a"),
    ("*.example.com", "https://a.b.example.com/x", "/x"),
    ("*", "https://anything.at.all/x", "/x"),
    ("images.example.com", "https://images.example.com/ä%20b", "/%C3%A4%20b"),
    ("[2606:4700::1111]", "https://[2606:4700::1111]/x", "/x"),
]


@pytest.mark.parametrize(("pattern", "url", "path"), ALLOWED)
def test_a_url_of_an_allowed_host_is_taken_apart(pattern: str, url: str, path: str) -> None:
    target = read_target(url, rules(pattern))
    assert target.path == path
    assert target.secure


def test_the_host_header_has_the_port_only_when_it_is_unusual() -> None:
    both = rules("a.example", "a.example:81", "[::1]:81", allow_http=True)
    assert read_target("http://a.example:80/x", both) == FetchTarget(False, "a.example", 80, "a.example", "/x")
    assert read_target("http://a.example:81/x", both).authority == "a.example:81"
    assert read_target("http://[::1]:81/x", both) == FetchTarget(False, "::1", 81, "[::1]:81", "/x")


REFUSED = [
    "http://images.example.com/a.png",
    "ftp://images.example.com/a.png",
    "file:///etc/passwd",
    "gopher://images.example.com/_x",
    "//images.example.com/a.png",
    "images.example.com/a.png",
    "https:///a.png",
    "https://",
    "",
    "https://images.example.com:22/a.png",
    "https://images.example.com:99999/a.png",
    "https://images.example.com:x/a.png",
    "https://example.com/a.png",
    "https://images.example.com.evil.example/a.png",
    "https://evilimages.example.com/a.png",
    "https://user:secret@images.example.com/a.png",
    "https://images.example.com@evil.example/a.png",
    "https://evil.example\\@images.example.com/a.png",
    "https://evil.example#@images.example.com/a.png",
    "https://images.example.com%00.evil.example/a.png",
    "https://images.example.com%2eevil.example/a.png",
    "https://images.example.com/a.png\r\nx-injected: 1",
    "https://images.example.com\t/a.png",
    "https://images.example.com /a.png",
    "https://images。example。com/a.png",
    "https://ｉmages.example.com/a.png",
    "https://[::1/a.png",
    "https://[images.example.com]/a.png",
    "https://images.example.com/" + "a" * 9000,
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_not_allowed_is_refused(url: str) -> None:
    with pytest.raises(FetchRefused):
        read_target(url, rules("images.example.com"))


def test_a_star_in_front_means_below_and_not_the_host_itself() -> None:
    with pytest.raises(FetchRefused):
        read_target("https://example.com/x", rules("*.example.com"))
    with pytest.raises(FetchRefused):
        read_target("https://badexample.com/x", rules("*.example.com"))


@given(st.text(max_size=60) | st.from_regex(r"https://images\.example\.com[^\n]{0,30}", fullmatch=True))
def test_whatever_is_allowed_names_the_allowed_host_and_fits_in_one_line(url: str) -> None:
    try:
        target = read_target(url, rules("images.example.com"))
    except FetchRefused:
        return
    assert (target.host, target.port, target.authority) == ("images.example.com", 443, "images.example.com")
    assert target.path.startswith("/")
    assert target.path.isascii()
    assert target.path.isprintable()
    assert " " not in target.path


@pytest.mark.parametrize("text", ["a.example", "*.a.example:8443", "*", "*:8080", "[::1]:81"])
def test_a_pattern_is_written_as_it_is_read(text: str) -> None:
    assert str(read_host_pattern(text)) == text


@pytest.mark.parametrize(
    "text", ["", "https://a.example", "a.example/x", "a*.example", "*.*.a", "a:0", "a:70000", "a b"]
)
def test_a_pattern_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a host"):
        read_host_pattern(text)
