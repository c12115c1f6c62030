"""The vendors whose APIs are not OpenAI's, each below its own path, and the operations that they offer.

As in ``vendors``, a provider whose base URL is ``https://api.anthropic.com/v1`` is simulated below ``/anthropic/v1``.
Placeholders in a base URL (project, region) may have any value. A service serves whatever model it is asked for, but
not one that an OpenAI-format vendor claims, so that a request which went to the wrong one is found out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from penstock.simulator import callers
from penstock.simulator.anthropic import api as anthropic
from penstock.simulator.anthropic.dialect import ANTHROPIC
from penstock.simulator.bedrock.converse import prepare_converse
from penstock.simulator.bedrock.count import prepare_count
from penstock.simulator.bedrock.dialect import CONVERSE, INVOKE
from penstock.simulator.bedrock.invoke import prepare_invoke, prepare_invoke_stream
from penstock.simulator.cohere_v2 import api as cohere
from penstock.simulator.cohere_v2.dialect import COHERE
from penstock.simulator.dialect import Dialect, Prepared
from penstock.simulator.gemini import api as gemini
from penstock.simulator.gemini import count as gemini_count
from penstock.simulator.gemini.dialect import GEMINI
from penstock.simulator.native import NativeQuestion, Operation
from penstock.simulator.vendors import all_vendors


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One simulated API; ``id`` is the provider's."""

    id: str
    title: str
    base_path: str
    """Path of the service's base URL on this simulator, as a backend is configured."""
    model: str
    """A model to show."""
    own_models: tuple[str, ...]
    """Patterns of names that are its own, whoever else claims them."""
    operations: tuple[Operation, ...]

    def has_model(self, name: str) -> bool:
        """Say whether the service has this model."""
        return any(fnmatchcase(name, one) for one in self.own_models) or not any(
            fnmatchcase(name, one) for vendor in all_vendors() for one in (*vendor.model_patterns,)
        )


def _path(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _anthropic() -> Service:
    base = "/anthropic/v1"
    return Service(
        id="anthropic",
        title="Anthropic",
        base_path=base,
        model="claude-opus-5-5",
        own_models=("claude-*",),
        operations=(
            Operation(
                name="messages",
                path=_path(f"{base}/messages"),
                dialect=ANTHROPIC,
                check_caller=anthropic.check_caller,
                prepare=anthropic.prepare_messages,
            ),
            Operation(
                name="count_tokens",
                path=_path(f"{base}/messages/count_tokens"),
                dialect=ANTHROPIC,
                check_caller=anthropic.check_caller,
                prepare=anthropic.prepare_count,
            ),
        ),
    )


MODEL = "(?P<model>[^/]+)"
GOOGLE_MODELS = ("gemini-*", "text-embedding-00*", "text-multilingual-*")
Prepare = Callable[[NativeQuestion], Prepared]


def _bedrock(id_: str, title: str, names: tuple[str, ...], model: str, own: tuple[str, ...]) -> Service:
    base = f"/{id_}"
    operations = {
        "Converse": Operation(
            name="Converse",
            path=_path(f"{base}/model/{MODEL}/converse"),
            dialect=CONVERSE,
            check_caller=callers.aws,
            prepare=prepare_converse,
        ),
        "ConverseStream": Operation(
            name="ConverseStream",
            path=_path(f"{base}/model/{MODEL}/converse-stream"),
            dialect=CONVERSE,
            check_caller=callers.aws,
            prepare=prepare_converse,
        ),
        "InvokeModel": Operation(
            name="InvokeModel",
            path=_path(f"{base}/model/{MODEL}/invoke"),
            dialect=INVOKE,
            check_caller=callers.aws,
            prepare=prepare_invoke,
        ),
        "InvokeModelWithResponseStream": Operation(
            name="InvokeModelWithResponseStream",
            path=_path(f"{base}/model/{MODEL}/invoke-with-response-stream"),
            dialect=INVOKE,
            check_caller=callers.aws,
            prepare=prepare_invoke_stream,
        ),
        "CountTokens": Operation(
            name="CountTokens",
            path=_path(f"{base}/model/{MODEL}/count-tokens"),
            dialect=CONVERSE,
            check_caller=callers.aws,
            prepare=prepare_count,
        ),
    }
    return Service(
        id=id_,
        title=title,
        base_path=base,
        model=model,
        own_models=own,
        operations=tuple(operations[name] for name in names),
    )


def _studio() -> Service:
    base = "/gemini-native/v1beta"

    def operation(name: str, prepare: Prepare) -> Operation:
        path = _path(f"/gemini-native/v1(?:beta)?/models/{MODEL}:{name}")
        check = gemini.check_studio_caller
        return Operation(name=name, path=path, dialect=GEMINI, check_caller=check, prepare=prepare)

    return Service(
        id="gemini-native",
        title=gemini.STUDIO,
        base_path=base,
        model="gemini-2.5-flash",
        own_models=GOOGLE_MODELS,
        operations=(
            operation("generateContent", gemini.prepare_generate),
            operation("streamGenerateContent", gemini.prepare_generate),
            operation("countTokens", gemini_count.prepare_studio_count),
            operation("batchEmbedContents", gemini.prepare_batch_embed),
            operation("embedContent", gemini.prepare_embed),
        ),
    )


def _vertex(id_: str, title: str, publisher: str, model: str, operations: dict[str, Prepare]) -> Service:
    """Return a service of Vertex AI; project and location in its paths may be any.

    An operation with a colon in its name has its path whole there, and its model in the body.
    """
    below = f"/projects/[^/]+/locations/[^/]+/publishers/{publisher}/models"
    return Service(
        id=id_,
        title=title,
        base_path=f"/{id_}/v1/projects/simulated/locations/global",
        model=model,
        own_models=GOOGLE_MODELS if publisher == "google" else ("claude-*",),
        operations=tuple(
            Operation(
                name=name,
                path=_path(f"/{id_}/v1(?:beta1)?{below}/" + (name if ":" in name else f"{MODEL}:{name}")),
                dialect=GEMINI if publisher == "google" else ANTHROPIC,
                check_caller=callers.bearer,
                prepare=prepare,
            )
            for name, prepare in operations.items()
        ),
    )


def _cohere() -> Service:
    base = "/cohere-native/v2"
    prepared = {"chat": cohere.prepare_chat, "embed": cohere.prepare_embed}
    return Service(
        id="cohere-native",
        title="Cohere",
        base_path=base,
        model="command-a-03-2025",
        own_models=("command-*", "embed-*"),
        operations=tuple(
            Operation(
                name=name,
                path=_path(f"{base}/{name}"),
                dialect=COHERE,
                check_caller=callers.bearer,
                prepare=prepare,
            )
            for name, prepare in prepared.items()
        ),
    )


@cache
def all_services() -> tuple[Service, ...]:
    """Return every simulated API that is not OpenAI's."""
    invoke = ("InvokeModel", "InvokeModelWithResponseStream")
    converse = ("Converse", "ConverseStream")
    claude, nova = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.amazon.nova-pro-v1:0"
    return (
        _anthropic(),
        _bedrock("bedrock", "AWS Bedrock", (*converse, *invoke, "CountTokens"), nova, ()),
        _studio(),
        _vertex(
            "vertex",
            "Google Vertex AI",
            "google",
            "gemini-2.5-flash",
            {
                "generateContent": gemini.prepare_generate,
                "streamGenerateContent": gemini.prepare_generate,
                "countTokens": gemini_count.prepare_vertex_count,
                "predict": gemini.prepare_predict,
                "embedContent": gemini.prepare_embed,
            },
        ),
        _vertex(
            "vertex-anthropic",
            "Anthropic on Vertex AI",
            "anthropic",
            "claude-sonnet-4-5@20250929",
            {
                "count-tokens:rawPredict": anthropic.prepare_vertex_count,
                "rawPredict": gemini.prepare_raw_predict,
                "streamRawPredict": gemini.prepare_raw_predict,
            },
        ),
        _cohere(),
        _bedrock("bedrock-anthropic", "Anthropic on AWS Bedrock", (*invoke, "CountTokens"), claude, ("claude-*",)),
    )


def find_operation(path: str) -> tuple[Service, Operation, str] | None:
    """Return whose operation a path is, and the model in it (empty where it names none); None: nobody's."""
    for service in all_services():
        if path.startswith(f"/{service.id}/"):
            for operation in service.operations:
                model = operation.model(path)
                if model is not None:
                    return service, operation, model
    return None


def dialect_below(path: str) -> Dialect | None:
    """Return how the service refuses below whose name a path is; None: nobody's."""
    name = path.split("/", 2)[1] if path.startswith("/") else ""
    return next((service.operations[0].dialect for service in all_services() if service.id == name), None)
