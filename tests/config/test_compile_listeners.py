"""Which addresses are listened on, and how; mistakes are golden cases of test_native_yaml.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.address import Address
from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.loaded import NO_OVERRIDES, Overrides, name_options
from penstock.config.problems import Findings
from penstock.config.read_document import read_document
from penstock.config.yaml_tree import Value
from penstock.relay.snapshot import Listener, Snapshot

KEYS: Value = {"ci": "0123456789abcdef"}
_FILES = Path(__file__).parents[1] / "vectors" / "manifests" / "secrets-from-files" / "files"
TLS: Value = {"cert_file": str(_FILES / "tls.crt"), "key_file": str(_FILES / "tls.key")}


def compiled(overrides: Overrides = NO_OVERRIDES, /, **values: Value) -> tuple[Snapshot, list[str]]:
    findings = Findings(elsewhere=name_options(overrides))
    document = read_document({"backends": {"ollama": {}}, **values}, Path("/etc/penstock"), findings)
    snapshot, _ = compile_snapshot(document, overrides, findings, "test")
    return snapshot, [str(problem) for problem in findings.sorted()]


def addresses(overrides: Overrides = NO_OVERRIDES, /, **values: Value) -> list[str]:
    snapshot, problems = compiled(overrides, **values)
    assert problems == []
    return [listener.address for listener in snapshot.listeners]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, ["127.0.0.1:1975"]),
        ({"listen": "[::1]:1"}, ["[::1]:1"]),
        ({"listen": "unix:gw.sock"}, ["unix:/etc/penstock/gw.sock"]),
        ({"listeners": []}, ["127.0.0.1:1975"]),
        ({"listeners": ["127.0.0.1:1", "unix:/s"]}, ["127.0.0.1:1", "unix:/s"]),
        ({"listen": {"cors": {"allow_origins": ["*"]}}, "listeners": ["127.0.0.1:1"]}, ["127.0.0.1:1"]),
        ({"listen": "127.0.0.1:2", "listeners": ["127.0.0.1:1"]}, ["127.0.0.1:2", "127.0.0.1:1"]),
        ({"listen": {"tls": TLS}, "listeners": ["127.0.0.1:1"]}, ["127.0.0.1:1975", "127.0.0.1:1"]),
        ({"listen": "127.0.0.1:0", "listeners": ["[::1]:0", "127.0.0.2:0"], "admin": "127.0.0.1:0"},
         ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"]),
    ],
)  # fmt: skip
def test_listen_is_one_of_them_unless_only_listeners_says_where(values: dict[str, Value], found: list[str]) -> None:
    assert addresses(**values) == found


def test_each_has_its_own_way_in_and_all_have_the_same_bounds() -> None:
    listen: Value = {"address": "127.0.0.1:1", "cors": {"allow_origins": ["https://a.example"]}}
    behind: Value = {
        "address": "127.0.0.1:2",
        "tls": TLS,
        "proxy_protocol": True,
        "trusted_proxies": ["10.0.0.0/8", "unix"],
        "forwarded_header": "forwarded",
    }
    unix: Value = {"address": "unix:/s", "unix_mode": "0660"}
    snapshot, problems = compiled(listen=listen, listeners=[behind, unix], limits={"body": 7}, timeouts={"body_s": 3})

    assert problems == []
    first, second, third = snapshot.listeners
    plain = Listener(port=1, cors=first.cors, limits=first.limits, timeouts=first.timeouts)
    assert first == plain
    assert (first.limits.body_bytes, first.timeouts.body_s, first.cors.allow_origins) == (7, 3, ("https://a.example",))
    assert (second.tls is not None, second.proxy_protocol, second.trusted_proxies, second.forwarded_header) == (
        *(True, True, ("10.0.0.0/8", "unix"), "forwarded"),
    )
    assert (third.unix, third.unix_mode, third.tls, third.proxy_protocol) == ("/s", 0o660, None, False)
    assert {(each.cors, each.limits, each.timeouts) for each in (second, third)} == {
        (first.cors, first.limits, first.timeouts)
    }


def test_what_the_command_line_names_stands_instead_of_all_and_knows_what_was_said_of_it() -> None:
    given = Overrides(listen=(Address("127.0.0.1", 2), Address(path="/s")))
    snapshot, problems = compiled(
        given, listen={"address": "127.0.0.1:1", "tls": TLS}, listeners=["127.0.0.1:2", "127.0.0.1:3"]
    )
    assert problems == []
    assert [(each.address, each.tls is not None) for each in snapshot.listeners] == [
        ("127.0.0.1:2", False),
        ("unix:/s", True),  # as listen is
    ]


def test_every_address_that_others_reach_needs_keys_or_a_word() -> None:
    unlocked = compiled(listeners=["127.0.0.1:1", "unix:/s", "0.0.0.0:2", "[2001:db8::1]:3"])[1]
    assert [problem.split(" can be reached")[0] for problem in unlocked] == [
        "error: listeners[2].address: 0.0.0.0:2",
        "error: listeners[3].address: [2001:db8::1]:3",
    ]
    named = Overrides(listen=(Address("0.0.0.0", 2), Address("127.0.0.1", 3)))
    assert [problem[:33] for problem in compiled(named)[1]] == ["error: --listen: 0.0.0.0:2 can be"]
    assert addresses(listeners=["0.0.0.0:2"], client_keys=KEYS) == ["0.0.0.0:2"]
    assert addresses(listeners=[{"address": "0.0.0.0:2", "allow_anonymous": True}]) == ["0.0.0.0:2"]
    assert addresses(Overrides(allow_anonymous=True), listeners=["0.0.0.0:2"]) == ["0.0.0.0:2"]


def test_one_word_for_an_address_opens_no_other() -> None:
    _, problems = compiled(listeners=[{"address": "0.0.0.0:2", "allow_anonymous": True}, "0.0.0.0:3"])
    assert [problem[:44] for problem in problems] == ["error: listeners[1].address: 0.0.0.0:3 can b"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"listen": "127.0.0.1:1064"}, "error: admin: is the address where callers connect; it needs its own"),
        ({"listen": "unix:/s", "admin": "unix:/s"}, "error: admin: is the address where callers connect"),
        ({"listeners": ["127.0.0.1:1", "127.0.0.1:1064"]}, "error: admin: is the address where callers connect"),
        ({"admin": "0.0.0.0:1975"}, "error: admin: 0.0.0.0:1975 and 127.0.0.1:1975, where callers connect, overlap"),
        ({"listen": "localhost:1", "admin": "0.0.0.0:1"}, "error: admin: 0.0.0.0:1 and localhost:1, where callers"),
    ],
)
def test_the_admin_listener_has_a_place_of_its_own(values: dict[str, Value], problem: str) -> None:
    assert any(each.startswith(problem) for each in compiled(**values)[1])


def test_an_admin_listener_on_a_unix_socket_is_private() -> None:
    snapshot, problems = compiled(admin="unix:run/admin.sock")
    assert (problems, snapshot.admin_unix) == ([], "/etc/penstock/run/admin.sock")


@pytest.mark.parametrize("pair", [["0.0.0.0:1", "[::]:1"], ["0.0.0.0:1", "[::1]:1"], ["127.0.0.1:1", "127.0.0.2:1"]])
def test_addresses_that_do_not_overlap_may_have_one_port(pair: list[Value]) -> None:
    assert addresses(Overrides(allow_anonymous=True), listeners=pair) == pair
