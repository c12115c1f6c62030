"""Every embeddings vector, collected by folder: ``tests/vectors/embeddings/<caller>/<upstream>/<case>``.

A new case is a folder and no code. The vendors' own SDKs, with a transport that answers from the vector, are the
oracles: they must send what we send for the same question, and read the same vectors from what we answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cohere
import httpx
import httpx2
import msgspec
import openai
import pytest
from google import genai
from google.genai import types as google_types
from google.oauth2.credentials import Credentials

from penstock.core.embedding_format import EmbeddingCallerId, EmbeddingFormatId, EmbeddingReply, LoweredEmbeddings
from penstock.core.embeddings import EmbeddingRequest
from penstock.core.errors import InvalidRequest
from penstock.core.json_object import JsonObject
from penstock.core.model_facts import EmbeddingFacts, ModelFacts
from penstock.core.usage import Usage
from penstock.data import facts_of
from penstock.wire.embedding_formats import find_embedding_caller, find_embedding_format

VECTORS = Path(__file__).parents[1] / "vectors" / "embeddings"
CASES = sorted(path.parent for path in VECTORS.glob("*/*/*/case.json"))
REQUEST_ID = "req_test"


class Case(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    upstream_model: str
    facts: EmbeddingFacts | None = None
    status: int = 200
    losses: list[tuple[str, str]] = []
    usage: Usage = Usage()
    answer_headers: list[dict[str, str]] = []
    """Headers of each reply, in order."""
    error_kind: str | None = None
    refused: dict[str, str] | None = None


def case_of(folder: Path) -> Case:
    return msgspec.json.decode((folder / "case.json").read_bytes(), type=Case)


def numbered(folder: Path, stem: str) -> list[bytes]:
    files = sorted(folder.glob(f"{stem}_*.json"), key=lambda file: int(file.stem.rpartition("_")[2]))
    return [file.read_bytes() for file in files]


def ids_of(folder: Path) -> tuple[EmbeddingCallerId, EmbeddingFormatId]:
    return (
        msgspec.convert(folder.parts[-3], EmbeddingCallerId),
        msgspec.convert(folder.parts[-2], EmbeddingFormatId),
    )


def facts_for(case: Case) -> ModelFacts:
    return facts_of(case.upstream_model) if case.facts is None else ModelFacts(embeddings=case.facts)


def lifted(folder: Path) -> EmbeddingRequest:
    return find_embedding_caller(ids_of(folder)[0]).lift(JsonObject((folder / "client_request.json").read_bytes()))


def lowered(folder: Path) -> LoweredEmbeddings:
    case = case_of(folder)
    return find_embedding_format(ids_of(folder)[1]).lower(lifted(folder), case.upstream_model, facts_for(case))


def headers_of(case: Case, index: int) -> dict[bytes, bytes]:
    found = case.answer_headers[index] if index < len(case.answer_headers) else {}
    return {name.encode(): value.encode() for name, value in found.items()}


def named(folder: Path) -> str:
    return "/".join(folder.parts[-3:])


def cases(chosen: Callable[[Case], bool]) -> list[Path]:
    return [folder for folder in CASES if chosen(case_of(folder))]


ACCEPTED = cases(lambda case: case.refused is None)
REFUSED = cases(lambda case: case.refused is not None)
ANSWERED = cases(lambda case: case.refused is None and case.status < 400)
FAILED = cases(lambda case: case.status >= 400)


def test_there_are_vectors_of_every_format() -> None:
    found = {folder.parts[-2] for folder in CASES}
    assert found == set(EmbeddingFormatId.__args__)  # type: ignore[attr-defined]  # of a Literal, at run time


@pytest.mark.parametrize("folder", CASES, ids=named)
def test_a_vector_says_where_it_comes_from(folder: Path) -> None:
    assert case_of(folder).source.startswith(("documented: https://", "by hand"))


@pytest.mark.parametrize("folder", ACCEPTED, ids=named)
def test_what_the_provider_is_sent(folder: Path) -> None:
    result = lowered(folder)
    expected = numbered(folder, "upstream_request")
    assert [json.loads(call.body) for call in result.calls] == [json.loads(body) for body in expected]
    assert sum(call.inputs for call in result.calls) == len(lifted(folder).inputs)


@pytest.mark.parametrize("folder", ACCEPTED, ids=named)
def test_what_is_lost_is_told(folder: Path) -> None:
    losses = lowered(folder).losses
    assert [(loss.path, loss.kind) for loss in losses] == case_of(folder).losses
    assert all(loss.why for loss in losses)


@pytest.mark.parametrize("folder", REFUSED, ids=named)
def test_what_is_refused_names_its_place(folder: Path) -> None:
    with pytest.raises(InvalidRequest) as refused:
        lowered(folder)
    assert {"code": refused.value.code, "param": refused.value.param} == case_of(folder).refused
    assert refused.value.message


@pytest.mark.parametrize("folder", ANSWERED, ids=named)
def test_what_the_caller_is_answered(folder: Path) -> None:
    case, (caller, upstream) = case_of(folder), ids_of(folder)
    calls, bodies = lowered(folder).calls, numbered(folder, "upstream_answer")
    assert len(calls) == len(bodies)
    replies = [
        EmbeddingReply(body, call.inputs, headers_of(case, index))
        for index, (call, body) in enumerate(zip(calls, bodies, strict=True))
    ]
    answer = find_embedding_format(upstream).lift_answer(replies, case.upstream_model)
    assert answer.usage == case.usage
    written = find_embedding_caller(caller).lower_answer(answer, lifted(folder))
    assert json.loads(written) == json.loads((folder / "client_answer.json").read_bytes())


@pytest.mark.parametrize("folder", FAILED, ids=named)
def test_what_the_caller_is_told_of_an_error(folder: Path) -> None:
    case, (caller, upstream) = case_of(folder), ids_of(folder)
    body = next(file for file in folder.iterdir() if file.name.startswith("upstream_answer")).read_bytes()
    error = find_embedding_format(upstream).read_error(case.status, body, headers_of(case, 0))
    assert (error.status, error.kind) == (case.status, case.error_kind)
    written = find_embedding_caller(caller).render_vendor_error(error, REQUEST_ID)
    assert json.loads(written) == json.loads((folder / "client_answer.json").read_bytes())


# --- oracles


def answering(bodies: list[bytes], seen: list[Any]) -> httpx.Client:
    """Return a client of which each request gets the next body, and is kept in ``seen``."""
    coming = iter(bodies)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(200, content=next(coming), headers={"content-type": "application/json"})

    return httpx.Client(transport=httpx.MockTransport(answer))


def answers_of(body: bytes) -> httpx2.Client:
    """Return a client, of the library that OpenAI's SDK uses, of which every request gets this body."""
    headers = {"content-type": "application/json"}
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, content=body, headers=headers)))


@pytest.mark.parametrize("folder", ANSWERED, ids=named)
@pytest.mark.parametrize("encoding", ["as it is", "base64"])
def test_openais_sdk_reads_the_answer(folder: Path, encoding: Literal["as it is", "base64"]) -> None:
    """By default the SDK asks for base64 and decodes it; then the vectors must be those of the answer in numbers."""
    expected = json.loads((folder / "client_answer.json").read_bytes())
    request = lifted(folder)
    request.encoding = "base64" if encoding == "base64" else request.encoding
    case, (caller, upstream) = case_of(folder), ids_of(folder)
    replies = [
        EmbeddingReply(body, call.inputs, {})
        for call, body in zip(lowered(folder).calls, numbered(folder, "upstream_answer"), strict=True)
    ]
    answer = find_embedding_format(upstream).lift_answer(replies, case.upstream_model)
    body = find_embedding_caller(caller).lower_answer(answer, request)
    client = openai.OpenAI(api_key="k", base_url="http://test", http_client=answers_of(body), max_retries=0)
    read = client.embeddings.create(model="m", input="x")
    assert [one.index for one in read.data] == [one["index"] for one in expected["data"]]
    for one, wanted in zip(read.data, expected["data"], strict=True):
        if isinstance(wanted["embedding"], list):
            assert one.embedding == pytest.approx(wanted["embedding"], rel=1e-6)


@pytest.mark.parametrize("folder", [folder for folder in ANSWERED if folder.parts[-2] == "cohere_embed"], ids=named)
def test_coheres_sdk_would_send_the_same(folder: Path) -> None:
    for body, reply in zip(numbered(folder, "upstream_request"), numbered(folder, "upstream_answer"), strict=True):
        seen: list[Any] = []
        asked = json.loads(body)
        read = cohere.ClientV2(api_key="k", httpx_client=answering([reply], seen)).embed(**asked)
        assert seen == [asked]
        assert len(read.embeddings.float_ or []) == len(asked["texts"])


def google_config(asked: dict[str, Any], settings: dict[str, Any]) -> google_types.EmbedContentConfig:
    return google_types.EmbedContentConfig(
        task_type=asked.get("task_type") or asked.get("taskType"),
        title=asked.get("title"),
        output_dimensionality=settings.get("outputDimensionality"),
        auto_truncate=settings.get("autoTruncate"),
    )


def uniform(items: list[dict[str, Any]]) -> bool:
    """Google's SDK has one configuration for all texts."""
    return len({(item.get("task_type") or item.get("taskType"), item.get("title")) for item in items}) == 1


@pytest.mark.parametrize(
    "folder", [folder for folder in ANSWERED if folder.parts[-2] == "gemini_batch_embed"], ids=named
)
def test_googles_sdk_would_send_the_same_to_ai_studio(folder: Path) -> None:
    for body, reply in zip(numbered(folder, "upstream_request"), numbered(folder, "upstream_answer"), strict=True):
        seen: list[Any] = []
        asked = json.loads(body)["requests"]
        assert uniform(asked)
        options = google_types.HttpOptions(httpx_client=answering([reply], seen))
        genai.Client(api_key="k", http_options=options).models._embed_content(
            model=asked[0]["model"],
            contents=[one["content"]["parts"][0]["text"] for one in asked],
            config=google_config(asked[0], asked[0]),
        )
        sent = seen[0]["requests"]
        for one in sent:
            one["content"].pop("role", None)  # the SDK names the only role there is
        assert sent == asked


@pytest.mark.parametrize("folder", [folder for folder in ANSWERED if folder.parts[-2].startswith("vertex_")], ids=named)
def test_googles_sdk_would_send_the_same_to_vertex(folder: Path) -> None:
    predicts = folder.parts[-2] == "vertex_predict_embeddings"
    for body, reply in zip(numbered(folder, "upstream_request"), numbered(folder, "upstream_answer"), strict=True):
        seen: list[Any] = []
        asked = json.loads(body)
        client = genai.Client(
            vertexai=True,
            project="p",
            location="us-central1",
            credentials=Credentials(token="t"),  # type: ignore[no-untyped-call]  # of google-auth
            http_options=google_types.HttpOptions(httpx_client=answering([reply], seen)),
        )
        if predicts:
            if not uniform(asked["instances"]):
                continue
            read = client.models.embed_content(
                model="text-embedding-005",
                contents=[one["content"] for one in asked["instances"]],
                config=google_config(asked["instances"][0], asked.get("parameters", {})),
            )
        else:
            settings = asked.get("embedContentConfig", {})
            read = client.models.embed_content(
                model="gemini-embedding-2",
                contents=asked["content"]["parts"][0]["text"],
                config=google_config(settings, settings),
            )
        assert seen == [asked]
        assert len(read.embeddings or []) == (len(asked["instances"]) if predicts else 1)
