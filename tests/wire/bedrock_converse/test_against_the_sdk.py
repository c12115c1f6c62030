"""What is sent is, member by member, what the SDK of AWS would send for the same parameters."""

from __future__ import annotations

import json

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from tests.wire.chat_oracles import _bedrock_shape, _with_blobs
from tests.wire.chat_vector import Vector, find_vectors

CONVERSE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2")).operation_model("Converse")
SERIALIZER = create_serializer("rest-json")
VECTORS = [
    vector for vector in find_vectors() if vector.upstream == "bedrock_converse" and vector.has("upstream_request.json")
]


def by_id(vector: Vector) -> str:
    return vector.id


@pytest.mark.parametrize("vector", VECTORS, ids=by_id)
def test_the_sdk_of_aws_would_send_the_same_body(vector: Vector) -> None:
    body = vector.json("upstream_request.json")
    params = _with_blobs(body, _bedrock_shape("Converse"))
    assert isinstance(params, dict)
    sent = SERIALIZER.serialize_to_request({"modelId": vector.case.upstream_model, **params}, CONVERSE)
    assert json.loads(sent["body"]) == body
