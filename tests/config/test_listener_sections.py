"""Short forms and defaults of listeners; what they mean together is tested with their compilation."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from penstock.config.address import Address
from penstock.config.fields import ReadContext
from penstock.config.listener_sections import DEFAULT_LISTEN, ListenerSection, ListenSection

CONTEXT = ReadContext(Path("/etc"))


def test_an_address_alone_is_enough() -> None:
    for section in (ListenSection, ListenerSection):
        assert section.model_validate("unix:a", context=CONTEXT).address == Address(path="/etc/a")
        read = section.model_validate({"address": "127.0.0.1:1"}, context=CONTEXT)
        assert read == section.model_validate("127.0.0.1:1", context=CONTEXT)


def test_what_is_not_said_is_off() -> None:
    read = ListenerSection.model_validate("127.0.0.1:1", context=CONTEXT)
    assert (read.tls, read.proxy_protocol, read.trusted_proxies, read.allow_anonymous) == (None, False, (), False)
    assert (read.unix_mode, read.forwarded_header) == (0o600, "x-forwarded-for")


def test_only_the_first_has_a_usual_address_and_the_browsers() -> None:
    assert ListenSection.model_validate(None, context=CONTEXT).address == DEFAULT_LISTEN
    with pytest.raises(ValidationError, match="address"):
        ListenerSection.model_validate({}, context=CONTEXT)
    with pytest.raises(ValidationError, match="cors"):
        ListenerSection.model_validate({"address": "127.0.0.1:1", "cors": {}}, context=CONTEXT)
