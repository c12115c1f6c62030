"""``client_tokens``: what of the file says whose signed tokens (JWT) prove who is calling.

Documented as the rest of the file is (:mod:`penstock.config.document`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Self

import msgspec
from pydantic import Field, model_validator

from penstock.config.address import is_loopback
from penstock.config.fields import Seconds, Text, Url
from penstock.config.problems import Findings
from penstock.config.section import Section
from penstock.config.yaml_tree import KeyPath
from penstock.core.errors import OperatorError
from penstock.identity.client_tokens import TokenIssuer
from penstock.identity.token_keys import Algorithm, check_extra, read_key_set

_USUAL = TokenIssuer(name="", issuer="")


class ClientTokensSection(Section):
    """Tokens of an issuer."""

    issuer: Text = Field(description="Who issues them: the claim `iss`.")
    audiences: list[Text] = Field(
        default_factory=list,
        description="Whom they must be meant for: one must be in the claim `aud`. Default: whoever it is.",
    )
    jwks_url: Url | None = Field(None, description="Where the issuer's public keys are, a JSON Web Key Set.")
    jwks: dict[str, object] | None = Field(
        None, description="Instead of jwks_url: the public keys themselves, a JSON Web Key Set."
    )
    refresh_s: Seconds = Field(_USUAL.refresh_s, description="How often the keys are fetched again.")
    algorithms: list[Algorithm] = Field(
        default_factory=lambda: list(_USUAL.algorithms), min_length=1, description="Signatures that are allowed."
    )
    caller_claim: Text = Field(_USUAL.caller_claim, description="The claim that callers are called by in the log.")
    claims: dict[str, list[Text]] = Field(
        default_factory=dict, description="Further claims, and the values of which each must have one."
    )
    leeway_s: Seconds = Field(_USUAL.leeway_s, description="By how much clocks may differ.")

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if (self.jwks is None) == (self.jwks_url is None):
            msg = "needs either jwks_url or jwks"
            raise ValueError(msg)
        return self


def build_issuers(
    sections: Mapping[str, ClientTokensSection], key_names: Collection[str], findings: Findings
) -> tuple[TokenIssuer, ...]:
    """Return the issuers of a configuration; ``key_names``: what callers with keys are called."""
    issuers: dict[str, str] = {}
    for name, section in sections.items():
        path: KeyPath = ("client_tokens", name)
        url = section.jwks_url
        if url is not None and url.scheme != "https" and not is_loopback(url.host):
            findings.error((*path, "jwks_url"), "must be https: who can change the keys on their way can be anybody")
        if section.issuer in issuers:
            findings.error((*path, "issuer"), f'is that of "{issuers[section.issuer]}" too')
        if name in key_names:
            findings.error(path, "is the name of a client key too")
        issuers.setdefault(section.issuer, name)
        _check_keys(section, path, findings)
    return tuple(_build(name, section) for name, section in sections.items())


def _check_keys(section: ClientTokensSection, path: KeyPath, findings: Findings) -> None:
    try:
        check_extra()
        if section.jwks is not None:
            read_key_set(msgspec.json.encode(section.jwks))
    except OperatorError as error:
        findings.error(path, str(error))
    except ValueError as error:
        findings.error((*path, "jwks"), str(error))


def _build(name: str, section: ClientTokensSection) -> TokenIssuer:
    return TokenIssuer(
        name=name,
        issuer=section.issuer,
        audiences=tuple(section.audiences),
        jwks=None if section.jwks is None else msgspec.json.encode(section.jwks).decode(),
        jwks_url=None if section.jwks_url is None else str(section.jwks_url),
        refresh_s=section.refresh_s,
        algorithms=tuple(section.algorithms),
        caller_claim=section.caller_claim,
        claims=tuple((claim, tuple(values)) for claim, values in section.claims.items()),
        leeway_s=section.leeway_s,
    )
