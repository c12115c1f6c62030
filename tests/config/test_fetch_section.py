"""The ``fetch`` mapping: off unless it names hosts, and every mistake is named."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from penstock.config.fetch_section import FetchSection
from penstock.core.fetch_rules import FetchRules, HostPattern


def test_nothing_is_fetched_unless_hosts_are_named() -> None:
    assert FetchSection.model_validate(None).rules() is None
    assert FetchSection.model_validate({"max_bytes": "1MiB"}).rules() is None


def test_hosts_alone_are_enough() -> None:
    section = FetchSection.model_validate({"hosts": ["images.example.com", "*.example.com:8443"]})
    assert section.rules() == FetchRules(
        hosts=(HostPattern("images.example.com", None), HostPattern("*.example.com", 8443))
    )


def test_every_setting_is_taken() -> None:
    section = FetchSection.model_validate(
        {
            "hosts": ["*"],
            "allow_addresses": ["10.1.0.0/16", "fd00::1"],
            "allow_http": True,
            "max_bytes": "2MiB",
            "max_per_request": 3,
            "timeout_s": 1.5,
        }
    )
    assert section.rules() == FetchRules(
        hosts=(HostPattern("*", None),),
        networks=(ip_network("10.1.0.0/16"), ip_network("fd00::1/128")),
        allow_http=True,
        max_bytes=2 * 1024 * 1024,
        max_per_request=3,
        timeout_s=1.5,
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"hosts": ["https://images.example.com"]}, "must be a host"),
        ({"hosts": [7]}, "must be text"),
        ({"hosts": ["a.example"], "allow_addresses": ["10.1.2.3/16"]}, "must be a network"),
        ({"hosts": ["a.example"], "max_bytes": 0}, "must be a size"),
        ({"hosts": ["a.example"], "follow_redirects": True}, "Extra inputs"),
    ],
)
def test_mistakes_are_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        FetchSection.model_validate(settings)
