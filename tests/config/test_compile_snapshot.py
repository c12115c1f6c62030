"""What one value means to another. Wrong configurations are golden cases of test_native_yaml.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.address import Address
from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.loaded import NO_OVERRIDES, Overrides, name_options
from penstock.config.problems import Findings
from penstock.config.read_document import read_document
from penstock.config.yaml_tree import Value
from penstock.relay.snapshot import BackendTimeouts, ClientTimeouts, Limits, PoolLimits, Snapshot, UpstreamTls


def _compile(values: dict[str, Value], overrides: Overrides = NO_OVERRIDES) -> tuple[Snapshot, list[str]]:
    findings = Findings(elsewhere=name_options(overrides))
    document = read_document(values, Path(), findings)
    snapshot, _ = compile_snapshot(document, overrides, findings, "test")
    return snapshot, [str(problem) for problem in findings.sorted()]


def _backends(**backends: Value) -> dict[str, Value]:
    return {"backends": backends}


_LOCAL = _backends(ollama={})


def test_backend_takes_everything_that_is_not_said_from_its_provider() -> None:
    snapshot, problems = _compile(_LOCAL)

    backend = snapshot.backends["ollama"]
    assert problems == []
    assert (backend.scheme, backend.host, backend.port, backend.base_path) == ("http", "127.0.0.1", 11434, "/v1")
    assert (backend.timeouts, backend.pool, backend.tls) == (BackendTimeouts(), PoolLimits(), UpstreamTls())
    assert backend.api_key is None


def test_every_limit_and_wait_reaches_the_snapshot() -> None:
    snapshot, problems = _compile(
        {
            **_backends(
                ollama={
                    "timeouts": {"connect_s": 1, "first_byte_s": 2, "idle_s": 3, "total_s": 4},
                    "pool": {"connections": 5, "waiting": 6, "idle_connections": 7, "idle_s": 8, "dns_refresh_s": 9},
                    "tls": {"ca_file": "/dev/null", "server_name": "x"},
                }
            ),
            "limits": {
                "body": 10,
                "headers": 11,
                "header_count": 12,
                "upstream_headers": 13,
                "inspected_answer": 14,
                "event": 15,
                "connections": 16,
                "pipelined_requests": 17,
            },
            "timeouts": {"header_s": 18, "body_s": 19, "keep_alive_s": 20},
        }
    )

    backend = snapshot.backends["ollama"]
    assert problems == []
    assert backend.timeouts == BackendTimeouts(connect_s=1, first_byte_s=2, idle_s=3, total_s=4)
    assert backend.pool == PoolLimits(connections=5, waiting=6, idle_connections=7, idle_s=8, dns_refresh_s=9)
    assert backend.tls == UpstreamTls(ca="/dev/null", server_name="x")
    assert snapshot.listener.timeouts == ClientTimeouts(header_s=18, body_s=19, keep_alive_s=20)
    assert snapshot.listener.limits == Limits(
        body_bytes=10,
        header_bytes=11,
        headers=12,
        upstream_header_bytes=13,
        inspected_answer_bytes=14,
        event_bytes=15,
        connections=16,
        pipelined_requests=17,
    )


def test_listener_takes_tls_and_origins() -> None:
    listen: Value = {
        "tls": {"cert_file": "/dev/null", "key_file": "/dev/null"},
        "cors": {"allow_origins": ["https://a.example"], "max_age_s": 5},
    }

    listener = _compile({**_LOCAL, "listen": listen})[0].listener

    assert listener.tls is not None
    assert (listener.tls.cert, listener.cors.allow_origins, listener.cors.max_age_s) == (
        "/dev/null",
        ("https://a.example",),
        5,
    )


def test_prefix_that_is_the_backends_name_is_not_sent_and_any_other_is() -> None:
    snapshot, _ = _compile({**_LOCAL, "models": {"ollama/*": "ollama", "meta/*": "ollama", "x/*": "ollama/y-*"}})

    assert {model.name: model.targets[0].model for model in snapshot.patterns} == {
        "ollama/*": "*",
        "meta/*": None,
        "x/*": "y-*",
    }


def test_patterns_are_tried_most_specific_first_whatever_their_order_in_the_file() -> None:
    snapshot, _ = _compile({**_LOCAL, "models": dict.fromkeys(["*", "gpt-*", "a", "gpt-4*"], "ollama")})

    assert [model.name for model in snapshot.patterns] == ["gpt-4*", "gpt-*", "*"]
    assert not any(model.listed for model in snapshot.patterns)
    assert list(snapshot.models) == ["a"]


def test_model_says_who_owns_it() -> None:
    snapshot, _ = _compile(
        {
            **_LOCAL,
            "models": {"a": "ollama", "b": {"targets": ["ollama"], "owned_by": "us", "created": 5, "listed": False}},
        }
    )

    a, b = snapshot.models.values()
    assert (a.owned_by, a.created, a.listed) == ("ollama", 0, True)
    assert (b.owned_by, b.created, b.listed) == ("us", 5, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "[::1]", "localhost"])
def test_loopback_needs_no_client_keys(host: str) -> None:
    assert _compile({**_LOCAL, "listen": f"{host}:0"})[1] == []


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.1", "gateway.example"])
def test_any_other_address_does(host: str) -> None:
    _, problems = _compile({**_LOCAL, "listen": f"{host}:1"})

    assert len(problems) == 1
    assert problems[0].startswith(f"error: listen.address: {host}:1 can be reached by others, and no client_keys")


def test_client_keys_open_an_address_and_so_does_saying_that_anyone_may_call() -> None:
    assert _compile({**_LOCAL, "listen": "0.0.0.0:1", "client_keys": {"ci": "0123456789abcdef"}})[1] == []
    assert _compile({**_LOCAL, "listen": {"address": "0.0.0.0:1", "allow_anonymous": True}})[1] == []
    assert _compile({**_LOCAL, "listen": "0.0.0.0:1"}, Overrides(allow_anonymous=True))[1] == []


def test_address_of_the_command_line_is_checked_like_that_of_the_file() -> None:
    snapshot, problems = _compile(_LOCAL, Overrides(listen=(Address("0.0.0.0", 1),), admin=Address("127.0.0.1", 2)))

    assert [problem.split(" can be reached")[0] for problem in problems] == ["error: --listen: 0.0.0.0:1"]
    assert (snapshot.listener.host, snapshot.admin_port) == ("0.0.0.0", 2)


def test_anonymous_callers_beside_client_keys_are_a_contradiction_worth_a_warning() -> None:
    keys: Value = {"ci": "0123456789abcdef"}
    _, problems = _compile({**_LOCAL, "client_keys": keys, "listen": {"allow_anonymous": True}})

    assert problems == [
        "warning: listen.allow_anonymous: has no effect: callers have to show a key or a token",
    ]


def test_keys_go_unencrypted_only_to_this_machine_without_a_warning() -> None:
    def problems(url: str, **more: Value) -> list[str]:
        return _compile(_backends(x={"provider": "vllm", "base_url": url, **more}))[1]

    assert problems("http://127.0.0.1/v1", api_key="k") == []
    assert problems("http://gpu.internal/v1") == []
    assert problems("https://gpu.internal/v1", api_key="k") == []
    assert len(problems("http://gpu.internal/v1", api_key="k")) == 1


def test_digest_and_key_give_the_same_client_key() -> None:
    digest = "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"

    by_key = _compile({**_LOCAL, "client_keys": {"ci": "0123456789abcdef"}})[0].client_keys
    by_digest = _compile({**_LOCAL, "client_keys": {"ci": {"sha256": digest.upper()}}})[0].client_keys

    assert by_key == by_digest
    assert by_key[0].sha256 == digest
