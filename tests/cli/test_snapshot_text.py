from __future__ import annotations

import json
from pathlib import Path

from penstock.cli.snapshot_text import describe_models, describe_snapshot, render_models, render_snapshot, write_url
from penstock.config.native_yaml import load_files
from penstock.relay.snapshot import Snapshot
from tests.transport.certificates import Authority


def _load(tmp_path: Path, text: str) -> Snapshot:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return load_files([str(path)], {}).snapshot


def test_text_says_what_listens_who_may_call_and_where_requests_go(configuration: Path) -> None:
    assert render_snapshot(load_files([str(configuration)], {}).snapshot) == (
        "Listen       http://127.0.0.1:0\n"
        "Admin        http://127.0.0.1:0\n"
        "Client keys  none: every caller is served\n"
        "Access log   standard output\n"
        "\n"
        "Backends\n"
        "  openai  OpenAI  https://api.openai.com/v1  with key\n"
        "  local   vLLM    http://127.0.0.1:9/v1      no key\n"
        "\n"
        "Models\n  fast\n  └─ openai/gpt-5.4-mini\n"
        "  careful\n  ├─ local/qwen3  (50%)\n  └─ openai/<same name>  (50%)\n"
        "\nPatterns, tried in this order for other names\n  local/*\n  └─ local/*\n"
    )


def test_callers_are_shown_by_name_alone_and_the_log_by_its_path(tmp_path: Path) -> None:
    snapshot = _load(
        tmp_path,
        "backends: {ollama: {api_key: sk-canary-0123456789}}\nmodels: {a: ollama}\naccess_log: x.log\n"
        "client_keys: {ci: sk-canary-abcdefghijkl, ops: sk-canary-mnopqrstuvwx}\n",
    )

    shown = render_snapshot(snapshot) + json.dumps(describe_snapshot(snapshot))

    assert "Client keys  ci, ops\n" in shown
    assert f"Access log   {tmp_path / 'x.log'}\n" in shown
    assert "canary" not in shown


def test_every_listener_is_shown_with_its_way_in(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).issue("gateway.example")
    tls = f"tls: {{cert_file: {cert}, key_file: {key}}}"
    snapshot = _load(
        tmp_path,
        "backends: {ollama: }\nmodels: {a: ollama}\nadmin: unix:admin.sock\nlisteners:\n- 127.0.0.1:1\n"
        f"- {{address: '[::1]:2', {tls}, proxy_protocol: true}}\n"
        "- {address: unix:s, trusted_proxies: [unix, 10.0.0.0/8]}\n"
        f"- {{address: unix:t, {tls}}}\n",
    )

    assert render_snapshot(snapshot).startswith(
        "Listen       http://127.0.0.1:1\n"
        "             https://[::1]:2 (PROXY protocol)\n"
        f"             unix:{tmp_path}/s (trusts unix, 10.0.0.0/8)\n"
        f"             https+unix:{tmp_path}/t\n"
        f"Admin        unix:{tmp_path}/admin.sock\n"
    )
    described = json.loads(json.dumps(describe_snapshot(snapshot)))
    assert described["admin"] == f"unix:{tmp_path}/admin.sock"
    assert [each["address"] for each in described["listeners"]] == [
        *("127.0.0.1:1", "[::1]:2", f"unix:{tmp_path}/s", f"unix:{tmp_path}/t")
    ]
    assert described["listeners"][2] == {
        "address": f"unix:{tmp_path}/s",
        "tls": False,
        "proxy_protocol": False,
        "trusted_proxies": ["unix", "10.0.0.0/8"],
    }


def test_log_that_is_off_is_shown_so(tmp_path: Path) -> None:
    snapshot = _load(tmp_path, "backends: {ollama: }\nmodels: {a: ollama}\naccess_log: 'off'\n")

    assert "Access log   off\n" in render_snapshot(snapshot)


def test_hosts_that_are_fetched_from_are_shown(tmp_path: Path) -> None:
    plain = "backends: {ollama: }\nmodels: {a: ollama}\n"

    assert "Fetches" not in render_snapshot(_load(tmp_path, plain))
    shown = render_snapshot(_load(tmp_path, plain + "fetch: {hosts: [a.example, '*.b.example:8443']}\n"))
    assert "Fetches from  a.example, *.b.example:8443\n" in shown


def test_without_patterns_none_are_announced(tmp_path: Path) -> None:
    snapshot = _load(tmp_path, "backends: {ollama: }\nmodels: {a: ollama}\n")

    assert render_models(snapshot) == "Models\n  a\n  └─ ollama/<same name>\n"
    assert describe_models(snapshot)["patterns"] == []


def test_url_is_written_as_it_was_configured(tmp_path: Path) -> None:
    snapshot = _load(tmp_path, "backends: {ollama: {base_url: 'http://[::1]:8080/a/v1'}}\nmodels: {a: ollama}\n")

    assert write_url(snapshot.backends["ollama"]) == "http://[::1]:8080/a/v1"
