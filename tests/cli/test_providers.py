from __future__ import annotations

import json

from penstock.cli.provider_table import render_text
from penstock.data import real_clients
from penstock.providers import all_providers
from tests.cli.conftest import Invoke


def test_table_is_that_of_the_documentation(invoke: Invoke) -> None:
    result = invoke("providers")

    assert result.exit_code == 0
    assert result.stdout == render_text()


def test_json_has_every_provider_and_what_it_offers(invoke: Invoke) -> None:
    described = {each["id"]: each for each in json.loads(invoke("providers", "--json").stdout)}

    assert list(described) == list(all_providers())
    for provider in all_providers().values():
        offered = described[provider.id]["endpoints"]
        assert bool(described[provider.id]["real_clients"]["endpoints"]) is (provider.id in real_clients())
        assert {name for name, how in offered.items() if how == "same"} >= set(provider.endpoints())
    assert described["azure-openai"]["base_url"] is None
    assert described["openai"]["key_variables"] == ["OPENAI_API_KEY"]
