from __future__ import annotations

import json

import httpx2
import openai
import pytest
from openai import OpenAI

from penstock.simulator.openai_errors import TYPES, VendorError, context_too_long, unknown_model


def raised_for(error: VendorError) -> openai.APIStatusError:
    """Return what the official client raises for an answer with this error."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(error.status, content=error.body()))
    client = OpenAI(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))
    with client, pytest.raises(openai.APIStatusError) as found:
        client.models.list()
    return found.value


@pytest.mark.parametrize("status", TYPES)
def test_the_official_client_reads_every_member(status: int) -> None:
    found = raised_for(VendorError(status, "No", code="a_code", param="a.b"))
    assert (found.status_code, found.code, found.param, found.type) == (status, "a_code", "a.b", TYPES[status])
    assert isinstance(found.body, dict)
    assert found.body["message"] == "No (simulated)"


def test_a_message_says_once_that_it_is_simulated() -> None:
    members = json.loads(VendorError(400, "Tools are not simulated.").body())
    assert members["error"]["message"] == "Tools are not simulated."


def test_an_unknown_model_and_a_long_prompt_have_the_codes_that_callers_look_for() -> None:
    found = raised_for(unknown_model("x" * 5000))
    assert isinstance(found, openai.NotFoundError)
    assert (found.code, len(str(found)) < 1000) == ("model_not_found", True)
    assert raised_for(context_too_long(9, 8)).code == "context_length_exceeded"


def test_a_type_can_be_given_and_an_unlisted_status_is_the_servers_fault() -> None:
    assert VendorError(429, "No", error_type="insufficient_quota").error_type == "insufficient_quota"
    assert VendorError(599, "No").error_type == "server_error"
