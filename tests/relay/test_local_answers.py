from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from anthropic.types import ModelInfo
from openai.types import Model as OpenAIModel

from penstock.core.errors import ModelNotFound
from penstock.relay.local_answers import answer_models, cors_headers, is_models_path, preflight_headers
from penstock.relay.snapshot import Cors
from tests.relay.served_gateway import backend_at, snapshot_of

SNAPSHOT = snapshot_of(backend_at(1), models={"gpt": "real", "vendor/model 1": None})


def asked_from(origin: bytes | None, wanted: bytes | None = None) -> Any:
    fields = {b"origin": origin, b"access-control-request-headers": wanted}
    return cast(Any, SimpleNamespace(header=fields.get))


def asked_for(path: str, **headers: bytes) -> Any:
    fields = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return cast(Any, SimpleNamespace(path=path, header=fields.get))


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/anthropic/v1/models", True),
        ("/anthropic/v1/models/gpt", True),
        ("/anthropic/v1/modelsx", False),
        ("/v1/models", True),
        ("/v1/models/gpt", True),
        ("/v1/models/vendor/model", True),
        ("/v1/models/", False),
        ("/v1/modelsx", False),
        ("/v1/model", False),
    ],
)
def test_the_models_paths_are_the_list_and_what_is_below_it(path: str, is_one: bool) -> None:
    assert is_models_path(path) is is_one


def test_the_list_reads_as_the_official_clients_models() -> None:
    listed = msgspec.json.decode(answer_models(SNAPSHOT, asked_for("/v1/models")))

    models = [OpenAIModel.model_validate(model, strict=True) for model in listed["data"]]
    assert [model.id for model in models] == ["gpt", "vendor/model 1"]
    assert listed["object"] == "list"


@pytest.mark.parametrize("path", ["/v1/models/vendor/model%201", "/v1/models/vendor%2Fmodel%201"])
def test_one_model_is_found_by_its_encoded_name(path: str) -> None:
    model = OpenAIModel.model_validate_json(answer_models(SNAPSHOT, asked_for(path)))
    assert (model.id, model.owned_by, model.created) == ("vendor/model 1", "us", 1_700_000_000)


@pytest.mark.parametrize(
    "request_", [asked_for("/anthropic/v1/models"), asked_for("/v1/models", anthropic_version=b"2023-06-01")]
)
def test_a_client_of_anthropic_gets_the_list_in_its_own_form(request_: Any) -> None:
    listed = msgspec.json.decode(answer_models(SNAPSHOT, request_))

    models = [ModelInfo.model_validate(model) for model in listed["data"]]
    assert [model.id for model in models] == ["gpt", "vendor/model 1"]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == ("gpt", "vendor/model 1", False)


def test_a_client_of_anthropic_gets_one_model_in_its_own_form() -> None:
    model = ModelInfo.model_validate_json(answer_models(SNAPSHOT, asked_for("/anthropic/v1/models/gpt")))
    assert model.id == "gpt"


def test_a_model_that_is_not_there_is_named_and_so_are_those_that_are() -> None:
    with pytest.raises(ModelNotFound) as caught:
        answer_models(SNAPSHOT, asked_for("/v1/models/gtp"))
    assert caught.value.message == (
        'The model "gtp" does not exist. The nearest name is "gpt". Models here: gpt, vendor/model 1.'
    )


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        ((), b"https://app.example", None),
        (("https://app.example",), None, None),
        (("https://app.example",), b"https://app.example", b"https://app.example"),
        (("https://app.example",), b"https://evil.example", None),
        (("*",), b"https://any.example", b"*"),
    ],
)
def test_only_configured_origins_may_read_answers(
    allowed: tuple[str, ...], origin: bytes | None, answered: bytes | None
) -> None:
    headers = dict(cors_headers(Cors(allow_origins=allowed), asked_from(origin)))
    assert headers.get(b"access-control-allow-origin") == answered


def test_a_preflight_is_told_methods_and_headers_only_where_the_origin_is_allowed() -> None:
    cors = Cors(allow_origins=("https://app.example",), max_age_s=60)
    told = dict(preflight_headers(cors, asked_from(b"https://app.example", b"authorization"), "POST, OPTIONS"))
    assert told[b"access-control-allow-headers"] == b"authorization"
    assert told[b"access-control-max-age"] == b"60"

    untold = dict(preflight_headers(cors, asked_from(b"https://evil.example", b"authorization"), "POST, OPTIONS"))
    assert untold == {b"allow": b"POST, OPTIONS", b"vary": b"Origin"}
