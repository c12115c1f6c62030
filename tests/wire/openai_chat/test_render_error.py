"""Every kind of error has OpenAI's words, and the SDK makes its exception of them."""

from __future__ import annotations

from typing import get_args

import httpx2
import openai
import pytest

from penstock.core.chat_answer import ErrorKind, VendorError
from penstock.wire.openai_chat.errors import IN_STREAM, read_error
from penstock.wire.openai_chat.render_error import render_vendor_error


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_the_sdk_reads_every_kind(kind: ErrorKind) -> None:
    body = render_vendor_error(VendorError(kind, "Sorry.", IN_STREAM[kind], "x", "p"), "req_1")
    answer = httpx2.Response(IN_STREAM[kind], content=body, request=httpx2.Request("POST", "http://x/"))
    error = openai.OpenAI(api_key="x")._make_status_error_from_response(answer)
    assert isinstance(error, openai.APIStatusError)
    assert (error.param, error.type is not None, error.code is not None) == ("p", True, True)
    assert "Sorry." in error.message


@pytest.mark.parametrize("kind", sorted(set(get_args(ErrorKind)) - {"invalid_request", "too_large", "authentication"}))
def test_what_we_say_is_understood_by_another_of_us(kind: ErrorKind) -> None:
    body = render_vendor_error(VendorError(kind, "Sorry.", IN_STREAM[kind]), "")
    assert read_error(IN_STREAM[kind], body, {}).kind == kind
