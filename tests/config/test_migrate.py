"""``migrate``: what is written means what the manifests mean, on generated ones and in every golden case."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.migrate import migrate_files
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.relay.snapshot import Snapshot

_CASES = Path(__file__).parents[1] / "vectors" / "manifests"
_ENVIRON = {"OPENAI_API_KEY": "sk-from-the-environment", "CLIENT_KEY": "pk-0123456789-abcdef"}
_API = "aigateway.envoyproxy.io/v1beta1"
_EG = "gateway.envoyproxy.io"
_GW = "gateway.networking.k8s.io"


def _snapshot(paths: list[str]) -> Snapshot:
    return replace(load_files(paths, _ENVIRON).snapshot, source="")


def _assert_means_the_same(paths: list[str], folder: Path) -> None:
    written = folder / "migrated.yaml"
    written.write_text(migrate_files(paths, _ENVIRON, folder).text, encoding="utf-8")

    assert _snapshot([str(written)]) == _snapshot(paths)


_OF_MANIFESTS_ALONE = sorted(case for case in _CASES.iterdir() if "native-file" not in case.name)


@pytest.mark.parametrize("case", _OF_MANIFESTS_ALONE, ids=lambda case: case.name)
def test_golden_case_means_the_same_after_migration(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # so that files are named by their whole paths, before and after
    paths = sorted(str(path) for path in case.glob("*.yaml"))
    try:
        load_files(paths, _ENVIRON)
    except ConfigurationInvalid:
        with pytest.raises(ConfigurationInvalid):
            migrate_files(paths, _ENVIRON, tmp_path)
    else:
        _assert_means_the_same(paths, tmp_path)


@pytest.mark.parametrize("case", sorted(_CASES.glob("*/native.txt")), ids=lambda case: case.parent.name)
def test_golden_case_becomes_this_native_configuration(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case.parent)

    text = migrate_files(["a.yaml"], _ENVIRON, Path()).text

    assert text.partition("\n\n")[2] == case.read_text(encoding="utf-8")


_NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and "${" not in text and text
)
_MODELS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9./:-]{0,15}", fullmatch=True)
_HEADERS = st.from_regex(r"x-[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True).filter(
    lambda name: not name.startswith("x-ai-eg")
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=5,
)
_DURATIONS = st.from_regex(r"[1-9][0-9]{0,3}(s|ms|m)", fullmatch=True)
_BALANCERS = st.fixed_dictionaries(
    {"targetRefs": st.just([{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "front"}])},
    optional={
        "proxyProtocol": st.just({}),
        "enableProxyProtocol": st.booleans(),
        "clientIPDetection": st.just({"xForwardedFor": {"trustedCIDRs": ["10.0.0.0/8", "fd00::/8"]}}),
    },
)


def _distinct(names: list[dict[str, str]], key: str) -> list[dict[str, str]]:
    return list({each[key]: each for each in names}.values())


_HEADER_MUTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "set": st.lists(st.fixed_dictionaries({"name": _HEADERS, "value": _VALUES}), max_size=3).map(
            lambda found: _distinct(found, "name")
        ),
        "remove": st.lists(_HEADERS, unique=True, max_size=3),
    },
)
_BODY_MUTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "set": st.lists(st.fixed_dictionaries({"path": _NAMES, "value": _JSON.map(json.dumps)}), max_size=3).map(
            lambda found: _distinct(found, "path")
        ),
        "remove": st.lists(_NAMES, unique=True, max_size=3),
    },
)
_SCHEMAS = st.sampled_from(
    [
        {"name": "OpenAI"},
        {"name": "OpenAI", "prefix": "/api/v3"},
        {"name": "AzureOpenAI", "version": "2025-01-01-preview"},
        {"name": "AWSBedrock"},
        {"name": "AWSAnthropic", "version": "bedrock-2099-01-01"},
    ]
)
_MATCHES = st.fixed_dictionaries(
    {
        "headers": st.lists(
            st.fixed_dictionaries(
                {"name": _HEADERS | st.just("x-ai-eg-model"), "value": _MODELS},
                optional={"type": st.sampled_from(["Exact", "RegularExpression"])},
            ),
            max_size=3,
        ).map(lambda found: _distinct(found, "name"))
    }
)


@st.composite
def _manifests(draw: st.DrawFn) -> list[dict[str, object]]:
    names = draw(st.lists(_NAMES, min_size=1, max_size=4, unique=True))
    ports = draw(st.lists(st.sampled_from([80, 1975, 8080, 9443]), min_size=1, max_size=3, unique=True))
    gateway: dict[str, object] = {
        "gatewayClassName": "c",
        "listeners": [{"name": f"at-{port}", "port": port, "protocol": "HTTP"} for port in ports],
    }
    made: list[tuple[str, str, str, dict[str, object]]] = [(f"{_GW}/v1", "Gateway", "front", gateway)]
    for name in names:
        schema = draw(_SCHEMAS)
        spec: dict[str, object] = {"schema": schema, "backendRef": {"group": _EG, "kind": "Backend", "name": name}}
        spec |= draw(st.fixed_dictionaries({}, optional={"headerMutation": _HEADER_MUTATIONS}))
        endpoint = {"fqdn": {"hostname": f"{name}.example", "port": draw(st.integers(1, 65535))}}
        made.append((_API, "AIServiceBackend", name, spec))
        made.append((f"{_EG}/v1alpha1", "Backend", name, {"endpoints": [endpoint]}))
        made.append((f"{_GW}/v1", "BackendTLSPolicy", name, _tls_policy(name)))
        if schema["name"] == "AzureOpenAI":
            made.append((_API, "BackendSecurityPolicy", name, _key_policy(name)))
    target = st.fixed_dictionaries(
        {"name": st.sampled_from(names), "weight": st.integers(1, 9)},
        optional={
            "modelNameOverride": _MODELS,
            "priority": st.integers(0, 3),
            "headerMutation": _HEADER_MUTATIONS,
            "bodyMutation": _BODY_MUTATIONS,
        },
    )
    rule = st.fixed_dictionaries(
        {"backendRefs": st.lists(target, min_size=1, max_size=3)},
        optional={
            "matches": st.lists(_MATCHES, max_size=3),
            "timeouts": st.fixed_dictionaries({}, optional={"request": _DURATIONS, "backendRequest": _DURATIONS}),
            "streamIdleTimeout": _DURATIONS,
            "modelsOwnedBy": _VALUES,
            "modelsCreatedAt": st.just("2026-05-21T10:00:00Z"),
        },
    )
    for name in draw(st.lists(_NAMES, min_size=1, max_size=3, unique=True)):
        route: dict[str, object] = {"parentRefs": [{"name": "front"}]}
        route["rules"] = draw(st.lists(rule, min_size=1, max_size=3))
        route["hostnames"] = draw(st.lists(_NAMES.map(lambda host: f"{host}.example"), max_size=2))
        made.append((_API, "AIGatewayRoute", name, route))
        if draw(st.booleans()):
            made.append((f"{_EG}/v1alpha1", "BackendTrafficPolicy", name, draw(_policies(name))))
    if draw(st.booleans()):
        made.append((f"{_EG}/v1alpha1", "ClientTrafficPolicy", "front", draw(_BALANCERS)))
    plain = draw(st.lists(_NAMES.map("{}-plain".format), max_size=2, unique=True))
    made += [(f"{_GW}/v1", "HTTPRoute", name, draw(_plain_routes(names))) for name in plain]
    manifests: list[dict[str, object]] = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        for version, kind, name, spec in made
    ]
    secret: dict[str, object] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
    return draw(st.permutations([*manifests, {**secret, "stringData": {"apiKey": "${OPENAI_API_KEY}"}}]))


def _plain_routes(backends: list[str]) -> st.SearchStrategy[dict[str, object]]:
    headers = st.lists(st.fixed_dictionaries({"name": _HEADERS, "value": _VALUES}), max_size=2).map(
        lambda found: _distinct(found, "name")
    )
    matches = st.builds(
        lambda path, method, headers: {"path": {"value": f"/{path}"}, "method": method, "headers": headers},
        _NAMES,
        st.sampled_from(["GET", "PUT"]),
        headers,
    )
    rewrite = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    filters: list[dict[str, object]] = [
        {"type": "URLRewrite", "urlRewrite": {"path": rewrite}},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["x-a"]}},
    ]
    target = st.builds(
        lambda name, weight: {"group": _EG, "kind": "Backend", "name": name, "weight": weight},
        st.sampled_from(backends),
        st.integers(1, 9),
    )
    rule = st.fixed_dictionaries(
        {"matches": st.lists(matches, max_size=2), "backendRefs": st.lists(target, min_size=1, max_size=2)},
        optional={
            "filters": st.sampled_from([filters[:1], filters[1:], filters]),
            "timeouts": st.fixed_dictionaries({}, optional={"request": _DURATIONS, "backendRequest": _DURATIONS}),
        },
    )
    return st.lists(rule, min_size=1, max_size=2).map(lambda rules: {"parentRefs": [{"name": "front"}], "rules": rules})


def _tls_policy(name: str) -> dict[str, object]:
    validation = {"hostname": "certificate.example", "wellKnownCACertificates": "System"}
    return {"targetRefs": [{"group": _EG, "kind": "Backend", "name": name}], "validation": validation}


def _key_policy(name: str) -> dict[str, object]:
    target = {"group": "aigateway.envoyproxy.io", "kind": "AIServiceBackend", "name": name}
    return {"type": "AzureAPIKey", "targetRefs": [target], "azureAPIKey": {"secretRef": {"name": "key"}}}


def _policies(name: str) -> st.SearchStrategy[dict[str, object]]:
    retry = st.fixed_dictionaries(
        {"numRetries": st.integers(0, 9)},
        optional={
            "retryOn": st.fixed_dictionaries(
                {"triggers": st.just(["connect-failure", "retriable-status-codes"])},
                optional={"httpStatusCodes": st.lists(st.integers(400, 599), min_size=1, max_size=3)},
            ),
            "perRetry": st.fixed_dictionaries({}, optional={"timeout": _DURATIONS}),
        },
    )
    targets = [{"group": _GW, "kind": "HTTPRoute", "name": name}]
    return st.fixed_dictionaries({"targetRefs": st.just(targets), "retry": retry})


@given(manifests=_manifests())
def test_generated_manifests_mean_the_same_after_migration(
    manifests: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "manifests.yaml"
    path.write_text("\n---\n".join(map(json.dumps, manifests)), encoding="utf-8")

    _assert_means_the_same([str(path)], folder)


def test_secret_that_is_text_is_pointed_out(tmp_path: Path) -> None:
    case = _CASES / "smallest" / "a.yaml"
    path = tmp_path / "a.yaml"
    path.write_text(case.read_text("utf-8").replace("${OPENAI_API_KEY}", "sk-text"), encoding="utf-8")

    findings = [each for each in migrate_files([str(path)], {}, tmp_path).findings if each.severity == "warning"]

    assert [each.message for each in findings] == [
        "this secret stands in the file as text; ${VARIABLE} or a file would keep it out"
    ]


def test_native_file_is_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("backends: {openai: {api_key: sk-0123456789}}\n", encoding="utf-8")

    with pytest.raises(ConfigurationInvalid, match="is not a file of manifests"):
        migrate_files([str(path)], {}, tmp_path)


def test_tests_beside_manifests_stay_what_they_are(tmp_path: Path) -> None:
    case = Path(__file__).parents[1] / "vectors" / "manifests" / "routes-by-host-header-and-weight" / "a.yaml"
    (tmp_path / "a.yaml").write_bytes(case.read_bytes())
    (tmp_path / "tests.yaml").write_text("tests: {t: {request: no-such, expect: {error: model_not_found}}}\n")

    migrated = migrate_files([str(tmp_path)], {}, tmp_path)

    assert "tests:" not in migrated.text
    assert any(
        f"{tmp_path}/tests.yaml stays what it is: serve it beside this file" in str(each) for each in migrated.findings
    )

    (tmp_path / "tests.yaml").write_text("tests: {}\nadmin: 127.0.0.1:1\n")
    with pytest.raises(ConfigurationInvalid, match=r"tests.yaml is not a file of manifests"):
        migrate_files([str(tmp_path)], {}, tmp_path)
