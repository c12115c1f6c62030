"""Every provider gets the credential that its backend is configured with, of its own kind, and nothing else of it.

The simulator verifies all of them: signatures to the last byte, keys and tokens against the only one that it takes.
Tokens are handed out by stand-ins of Entra ID and of Google, which verify the application's secret and the service
account's signature.
"""

from __future__ import annotations

from hashlib import sha256

import openai
import pytest
from openai import OpenAI

from penstock.providers import all_providers
from penstock.simulator.sightings import SECRET_HEADERS
from tests.clients.conversation import user
from tests.clients.penstock_processes import BOUND_S, CLIENT_KEY, UPSTREAM_KEY, Setting
from tests.clients.provider_rows import ROWS, Row

NOT_OBTAINED = ("azure-entra", "vertex")
"""Where it is not the provider that does not take the credential: there is no token to show it."""
REFUSED = ("azure-openai", *NOT_OBTAINED)
WORDS_OF_SECRETS = ("not-the-", "PRIVATE KEY", UPSTREAM_KEY)


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


def hashed(value: str) -> str:
    return f"sha256:{sha256(value.encode()).hexdigest()}"


def test_the_provider_sees_the_credential_of_its_kind(setting: Setting, row: Row) -> None:
    said = f"Who am I, {row.name}?"
    with OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client:
        client.chat.completions.create(model=row.chat, messages=user(said))
    [seen] = [one for one in setting.seen_requests() if said in one["body"]]
    shown = {name: value for name, value in seen["headers"] if name.encode() in SECRET_HEADERS}
    if row.credential == "key":
        header = all_providers()[row.provider].key_header
        assert shown == {header.name: hashed(header.prefix + UPSTREAM_KEY)}
    elif row.credential == "AWS signature":
        assert shown.keys() == {"authorization"}
        assert shown != {"authorization": hashed(f"Bearer {UPSTREAM_KEY}")}
        assert "x-amz-date" in dict(seen["headers"])
    else:
        assert shown == {"authorization": hashed(f"Bearer {UPSTREAM_KEY}")}


@pytest.mark.parametrize("name", REFUSED)
def test_a_credential_that_is_not_taken_is_the_gateways_trouble_and_is_not_told(setting: Setting, name: str) -> None:
    said = f"Let me in, {name}"
    with (
        OpenAI(base_url=setting.base_url, api_key=CLIENT_KEY, max_retries=0, timeout=BOUND_S) as client,
        pytest.raises(openai.APIStatusError) as raised,
    ):
        client.chat.completions.create(model=f"refused/{name}", messages=user(said))
    error = raised.value
    assert error.status_code == 502
    assert error.response.headers["x-penstock-backend"] == f"refused-{name}"
    assert not [word for word in WORDS_OF_SECRETS if word in error.response.text]
    reached = [one["outcome"] for one in setting.seen_requests() if said in one["body"]]
    assert reached == ([] if name in NOT_OBTAINED else ["refused"])
