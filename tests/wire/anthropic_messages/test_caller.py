"""The declaration of the format that callers speak."""

from __future__ import annotations

import json

from penstock.core.chat_answer import Begin, End, VendorError
from penstock.core.chat_format import AnswerContext
from penstock.core.json_object import JsonObject
from penstock.wire.anthropic_messages.caller import CALLER


def test_the_functions_fit_together() -> None:
    body = JsonObject(b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"stream":true}')
    request = CALLER.lift(body)
    encoder = CALLER.encoder(request, AnswerContext(model="m", request_id="req_1"))
    stream = encoder.encode(Begin("1", "m")) + encoder.encode(End())
    assert stream.startswith(b"event: message_start\n")
    assert stream.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    error = json.loads(CALLER.render_vendor_error(VendorError("rate_limit", "slow down", 429), "req_1"))
    assert (error["error"]["type"], error["request_id"]) == ("rate_limit_error", "req_1")
    assert CALLER.id == request.vendor == "anthropic_messages"
