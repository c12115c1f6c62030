from __future__ import annotations

import pytest

from penstock.providers import all_providers
from penstock.simulator.vendors import OWN_MODELS, PathPattern, Vendor, all_vendors

VENDORS = {vendor.id: vendor for vendor in all_vendors()}


def test_every_provider_whose_format_is_openai_s_is_simulated() -> None:
    openai_format = {id_ for id_, one in all_providers().items() if one.native_chat is None}
    assert VENDORS.keys() == {*openai_format, "penstock-simulator"}


def test_no_path_is_two_vendors_and_none_is_below_another_vendor_s_name() -> None:
    paths = [path for vendor in VENDORS.values() for path in (*vendor.paths, vendor.models_path)]
    assert len(set(paths)) == len(paths)
    for id_, vendor in VENDORS.items():
        prefix = "/v1/" if id_ == "penstock-simulator" else f"/{id_}/"
        assert all(path.startswith(prefix) for path in (*vendor.paths, vendor.models_path))


@pytest.mark.parametrize("id_", [id_ for id_ in VENDORS if id_ != "penstock-simulator"])
def test_a_vendor_offers_what_its_file_declares(id_: str) -> None:
    vendor, declared = VENDORS[id_], all_providers()[id_]
    offered = {*vendor.paths.values(), *(pattern.endpoint for pattern in vendor.patterns)}
    assert offered == set(declared.endpoints())
    assert (vendor.key_header, vendor.stream_usage) == (declared.key_header, declared.stream_usage)


def test_a_base_path_is_where_a_backend_is_pointed_at() -> None:
    assert VENDORS["groq"].base_path == "/groq/openai/v1"
    assert VENDORS["groq"].paths["/groq/openai/v1/chat/completions"] == "chat_completions"
    assert VENDORS["groq"].models_path == "/groq/openai/v1/models"


def test_azure_has_the_model_in_the_path_too() -> None:
    azure = VENDORS["azure-openai"]
    path = "/azure-openai/openai/deployments/my%20gpt/chat/completions"
    found = [(pattern.endpoint, name) for pattern in azure.patterns if (name := pattern.model(path))]
    assert found == [("chat_completions", "my gpt")]
    assert "chat_completions" in azure.paths.values()


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/d/m/chat", "m"),
        ("/d/a%2Fb/chat", "a/b"),
        ("/d//chat", None),
        ("/d/a/b/chat", None),
        ("/d/chat", None),
        ("/x/m/chat", None),
        ("/d/m/chat/", None),
    ],
)
def test_a_model_is_one_whole_segment_of_a_path(path: str, model: str | None) -> None:
    assert PathPattern("/d/", "/chat", "chat_completions").model(path) == model


def test_a_vendor_has_any_model_but_another_s() -> None:
    openai, mistral, own = VENDORS["openai"], VENDORS["mistral"], VENDORS["penstock-simulator"]
    for vendor in (openai, mistral):
        other = mistral if vendor is openai else openai
        assert all(vendor.has_model(name) for name in (*vendor.models, "made-up"))
        assert not any(vendor.has_model(name) for name in other.models)
        assert all(own.has_model(name) for name in (*vendor.models, *OWN_MODELS))


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_every_vendor_has_models_of_its_own_and_serves_them(vendor: Vendor) -> None:
    assert vendor.models
    assert all(vendor.has_model(name) for name in vendor.models)


def test_every_fingerprint_says_simulator_and_whose() -> None:
    assert all("penstock_simulator" in vendor.fingerprint for vendor in VENDORS.values())
    assert len({vendor.fingerprint for vendor in VENDORS.values()}) == len(VENDORS)
