"""The sections ``aws``, ``entra`` and ``gcp`` say all that can be declared, and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from penstock.config.credential_sections import (
    _DECLARATIONS,
    AwsSection,
    EntraSection,
    GcpSection,
    declare,
)
from penstock.config.section import Section
from penstock.core.upstream_credentials import AwsCredentials, EntraCredentials, GcpCredentials


@pytest.mark.parametrize("section", _DECLARATIONS, ids=lambda section: section.__name__)
def test_a_section_has_the_fields_of_its_declaration(section: type[Section]) -> None:
    declared = {field.name for field in msgspec.structs.fields(_DECLARATIONS[section])}
    assert set(section.model_fields) == declared


def test_an_empty_section_leaves_the_choice_to_the_clouds_own_chain() -> None:
    assert declare(AwsSection(), region="eu-west-1") == AwsCredentials(region="eu-west-1")
    assert declare(GcpSection(), region="") == GcpCredentials()


def test_a_region_of_its_own_wins() -> None:
    assert declare(AwsSection(region="us-east-2"), region="eu-west-1") == AwsCredentials(region="us-east-2")


def test_an_exchange_inside_a_section_is_declared_with_it() -> None:
    section = EntraSection.model_validate(
        {
            "tenant_id": "t",
            "client_id": "c",
            "oidc": {"client_id": "i", "client_secret": "s", "issuer": "https://issuer.example", "scopes": ["a"]},
        },
        context=_context(),
    )
    declared = declare(section, region="")
    assert isinstance(declared, EntraCredentials)
    assert declared.oidc is not None
    assert (declared.oidc.scopes, declared.oidc.client_secret.reveal()) == (("a",), "s")


def test_what_says_nothing_or_two_things_is_refused() -> None:
    with pytest.raises(ValueError, match="one of these is needed"):
        declare(EntraSection(), region="")
    with pytest.raises(ValueError, match="belong together"):
        declare(AwsSection(access_key_id="AKIA"), region="r")


def _context() -> object:
    from penstock.config.fields import ReadContext

    return ReadContext(directory=Path())
