from __future__ import annotations

import pytest

from penstock.providers import all_providers
from penstock.simulator.native_services import Service, all_services, find_operation
from penstock.simulator.vendors import all_vendors

SERVICES = {service.id: service for service in all_services()}


def test_no_service_is_below_a_vendor_s_or_another_s_path() -> None:
    ids = [*(vendor.id for vendor in all_vendors()), *SERVICES]
    assert len(set(ids)) == len(ids)
    assert all(service.base_path.split("/")[1] == service.id for service in SERVICES.values())


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_service_is_a_provider_s_and_serves_its_own_models_only(service: Service) -> None:
    assert all_providers()[service.id].native_chat is not None
    assert service.has_model(service.model)
    assert not service.has_model("mistral-large-latest")


def test_a_path_that_is_nobody_s_is_not_found() -> None:
    for path in ("/anthropic/v1/nothing", "/anthropic/v1/messages/", "/v1/messages", "/"):
        assert find_operation(path) is None
