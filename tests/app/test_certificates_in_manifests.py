"""TLS by manifests as they are applied to a cluster: a Secret's certificate is shown, a ConfigMap's CA believed."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.config.migrate import migrate_files
from penstock.config.native_yaml import load_files
from penstock.relay.snapshot import Snapshot
from penstock.transport.server_certificate import server_tls
from tests.relay.plain_client import Caller, render
from tests.relay.scripted_upstream import json_answer, scripted_upstream
from tests.relay.served_gateway import served
from tests.transport.certificates import Authority

BODY = b'{"model":"gpt","messages":[]}'
_AI = "aigateway.envoyproxy.io/v1beta1"
_GATEWAY = "gateway.networking.k8s.io/v1"
_BACKEND = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "up"}


def resource(api: str, kind: str, name: str, **parts: object) -> str:
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": {"name": name}, **parts})


def manifests(port: int, secret: dict[str, object], authority: str) -> str:
    tls = {"certificateRefs": [{"name": "front"}]}
    listener = {"name": "https", "protocol": "HTTPS", "port": 443, "tls": tls}
    trust = {"hostname": "upstream.example", "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}]}
    rule = {"backendRefs": [{"name": "up"}]}
    return "\n---\n".join(
        [
            resource(_GATEWAY, "Gateway", "front", spec={"gatewayClassName": "a", "listeners": [listener]}),
            resource(_AI, "AIGatewayRoute", "chat", spec={"parentRefs": [{"name": "front"}], "rules": [rule]}),
            resource(_AI, "AIServiceBackend", "up", spec={"schema": {"name": "OpenAI"}, "backendRef": _BACKEND}),
            resource(
                "gateway.envoyproxy.io/v1alpha1",
                "Backend",
                "up",
                spec={"endpoints": [{"ip": {"address": "127.0.0.1", "port": port}}]},
            ),
            resource(_GATEWAY, "BackendTLSPolicy", "up", spec={"targetRefs": [_BACKEND], "validation": trust}),
            resource("v1", "ConfigMap", "ca", data={"ca.crt": authority}),
            resource("v1", "Secret", "front", type="kubernetes.io/tls", **secret),
        ]
    )


async def answer_of(snapshot: Snapshot, authority: Authority) -> tuple[int, bytes]:
    """Serve what was configured, at a free port, and call it by TLS."""
    listener = replace(snapshot.listener, port=0)
    async with served(replace(snapshot, listener=listener, admin_port=0)) as gateway:
        place = ("127.0.0.1", gateway.running.data.port)
        streams = await asyncio.open_connection(*place, ssl=authority.client(), server_hostname="gateway.example")
        caller = Caller(*streams)
        caller.send(render(BODY))
        answered = await caller.answer()
        await caller.close()
        return answered.status, answered.body


@pytest.mark.parametrize("member", ["data", "stringData"])
async def test_tls_of_manifests_alone_is_spoken_on_both_sides(member: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = (Path(path).read_text("utf-8") for path in authority.issue("gateway.example"))
    texts = {"tls.crt": cert, "tls.key": key}
    if member == "data":
        texts = {name: b64encode(text.encode()).decode() for name, text in texts.items()}
    upstream_tls = server_tls(*authority.issue("upstream.example"))
    path, native = tmp_path / "a.yaml", tmp_path / "native.yaml"
    answers = [json_answer(b'{"choices":[]}')] * 2
    async with scripted_upstream(*answers, tls=upstream_tls) as upstream:
        path.write_text(manifests(upstream.port, {member: texts}, Path(authority.file).read_text("utf-8")), "utf-8")
        assert await answer_of(load_files([str(path)], {}).snapshot, authority) == (200, b'{"choices":[]}')
        migrated = migrate_files([str(path)], {}, tmp_path)
        native.write_text(migrated.text, "utf-8")
        assert await answer_of(load_files([str(native)], {}).snapshot, authority) == (200, b'{"choices":[]}')
    warned = [str(each) for each in migrated.findings if each.severity == "warning"]
    assert [
        f"Secret/front.{member}" in each and "this secret stands in the file as text" in each for each in warned
    ] == [True]
    assert "    key: |-\n      -----BEGIN " in migrated.text


async def test_an_upstream_of_another_authority_than_the_manifests_is_not_believed(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = (Path(path).read_text("utf-8") for path in authority.issue("gateway.example"))
    (tmp_path / "other").mkdir()
    upstream_tls = server_tls(*Authority(tmp_path / "other").issue("upstream.example"))
    path = tmp_path / "a.yaml"
    async with scripted_upstream(json_answer(b"{}"), tls=upstream_tls) as upstream:
        secret: dict[str, object] = {"stringData": {"tls.crt": cert, "tls.key": key}}
        path.write_text(manifests(upstream.port, secret, Path(authority.file).read_text("utf-8")), "utf-8")
        status, body = await answer_of(load_files([str(path)], {}).snapshot, authority)
    assert status == 502
    assert b"cannot be trusted" in body
    assert not upstream.received
