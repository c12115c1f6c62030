"""Declared credentials say one thing, and do not print their secrets."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import (
    AwsCredentials,
    EntraCredentials,
    GcpCredentials,
    GcpWorkloadIdentity,
    OidcExchange,
    secrets_of,
)

OIDC = OidcExchange(client_id="gateway", client_secret=Secret("oidc-secret"), token_url="https://id.example/token")
POOL = GcpWorkloadIdentity(project_number="123", pool="gateways", provider="keycloak", oidc=OIDC)
KEY = Secret("the-secret-key")
ROLE = "arn:aws:iam::123456789012:role/gateway"

ACCEPTED = [
    AwsCredentials(region="us-east-1"),
    AwsCredentials(region="us-east-1", access_key_id="AKIA1", secret_access_key=KEY),
    AwsCredentials(region="us-east-1", access_key_id="AKIA1", secret_access_key=KEY, role_arn=ROLE, external_id="x"),
    AwsCredentials(region="us-east-1", profile="models", credentials_file="/run/secrets/aws"),
    AwsCredentials(region="us-east-1", credentials_file="/run/secrets/aws"),
    AwsCredentials(region="us-east-1", role_arn=ROLE, web_identity_token_file="/run/secrets/token"),
    AwsCredentials(region="us-east-1", role_arn=ROLE, oidc=OIDC, sts_url="https://sts.example"),
    EntraCredentials(tenant_id="t", client_id="c", client_secret=KEY),
    EntraCredentials(tenant_id="t", client_id="c", federated_token_file="/run/secrets/token"),
    EntraCredentials(tenant_id="t", client_id="c", oidc=OIDC),
    EntraCredentials(managed_identity=True),
    EntraCredentials(managed_identity=True, client_id="user-assigned"),
    GcpCredentials(),
    GcpCredentials(service_account_file="/run/secrets/sa.json", impersonate="models@p.iam.gserviceaccount.com"),
    GcpCredentials(service_account_key=KEY),
    GcpCredentials(external_account_file="/run/secrets/pool.json"),
    GcpCredentials(workload_identity=POOL),
]

REFUSED: list[tuple[type[msgspec.Struct], Mapping[str, object], str]] = [
    (OidcExchange, {"client_id": "c", "client_secret": KEY}, "an issuer or a token_url"),
    (OidcExchange, {"client_id": "c", "client_secret": KEY, "issuer": "id.example"}, "issuer must be an https"),
    (AwsCredentials, {"region": "r", "access_key_id": "AKIA1"}, "belong together"),
    (AwsCredentials, {"region": "r", "secret_access_key": KEY}, "belong together"),
    (AwsCredentials, {"region": "r", "access_key_id": "AKIA1\n", "secret_access_key": KEY}, "one line of ASCII"),
    (AwsCredentials, {"region": "r", "access_key_id": "AKIA\u65e5", "secret_access_key": KEY}, "one line of ASCII"),
    (AwsCredentials, {"region": "r", "session_token": KEY}, "belongs to an access_key_id"),
    (
        AwsCredentials,
        {"region": "r", "access_key_id": "AKIA1", "secret_access_key": KEY, "profile": "p"},
        "access_key_id and profile exclude",
    ),
    (AwsCredentials, {"region": "r", "web_identity_token_file": "/t"}, "web_identity_token_file needs a role_arn"),
    (AwsCredentials, {"region": "r", "oidc": OIDC}, "oidc needs a role_arn"),
    (AwsCredentials, {"region": "r", "external_id": "x"}, "external_id needs a role_arn"),
    (AwsCredentials, {"region": "r", "role_arn": ROLE, "oidc": OIDC, "external_id": "x"}, "external_id has no place"),
    (AwsCredentials, {"region": "r", "role_arn": ROLE, "oidc": OIDC, "credentials_file": "/f"}, "read for a profile"),
    (AwsCredentials, {"region": "r", "sts_url": "sts.example"}, "sts_url must be"),
    (EntraCredentials, {"tenant_id": "t", "client_id": "c"}, "one of these is needed"),
    (EntraCredentials, {"client_secret": KEY, "client_id": "c"}, "client_secret needs tenant_id and client_id"),
    (EntraCredentials, {"client_secret": KEY, "managed_identity": True}, "exclude each other"),
    (
        EntraCredentials,
        {"tenant_id": "t", "client_id": "c", "client_secret": KEY, "authority_host": "http://login.example"},
        "authority_host must be",
    ),
    (GcpCredentials, {"service_account_file": "/f", "service_account_key": KEY}, "exclude each other"),
    (GcpCredentials, {"external_account_file": "/f", "workload_identity": POOL}, "exclude each other"),
    (GcpCredentials, {"iam_credentials_url": "iam.example"}, "iam_credentials_url must be"),
]


@pytest.mark.parametrize("declared", ACCEPTED, ids=repr)
def test_what_says_one_thing_is_accepted(declared: msgspec.Struct) -> None:
    again = type(declared)(**msgspec.structs.asdict(declared))
    assert again == declared
    assert hash(again) == hash(declared), "equal declarations share one source"


@pytest.mark.parametrize(("kind", "values", "says"), REFUSED)
def test_what_says_nothing_or_two_things_is_refused(
    kind: type[msgspec.Struct], values: Mapping[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        kind(**values)
    assert KEY.reveal() not in str(refused.value)


@pytest.mark.parametrize("declared", ACCEPTED, ids=repr)
def test_a_declaration_does_not_print_its_secrets(declared: msgspec.Struct) -> None:
    for secret in secrets_of(declared):
        assert secret.reveal() not in f"{declared} {declared!r}"


def test_every_secret_of_a_declaration_is_found_wherever_it_stands() -> None:
    static = AwsCredentials(region="r", access_key_id="A", secret_access_key=KEY, session_token=Secret("token"))
    assert secrets_of(static) == [KEY, Secret("token")]
    assert secrets_of(GcpCredentials(workload_identity=POOL)) == [Secret("oidc-secret")]
    assert secrets_of(GcpCredentials()) == []


def test_a_pool_is_named_as_googles_token_service_names_it() -> None:
    assert POOL.audience == (
        "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/gateways/providers/keycloak"
    )
