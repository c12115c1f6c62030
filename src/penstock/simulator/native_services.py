"""The vendors whose APIs are not OpenAI's, each below its own path, and the operations that they offer.

As in ``vendors``, a provider whose base URL is ``https://api.anthropic.com/v1`` is simulated below ``/anthropic/v1``.
Placeholders in a base URL (project, region) may have any value. A service serves whatever model it is asked for, but
not one that an OpenAI-format vendor claims, so that a request which went to the wrong one is found out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from penstock.simulator import callers
from penstock.simulator.anthropic import api as anthropic
from penstock.simulator.anthropic.dialect import ANTHROPIC
from penstock.simulator.bedrock.converse import prepare_converse
from penstock.simulator.bedrock.dialect import CONVERSE, INVOKE
from penstock.simulator.bedrock.invoke import prepare_invoke, prepare_invoke_stream
from penstock.simulator.native import Operation
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
    }
    return Service(
        id=id_,
        title=title,
        base_path=base,
        model=model,
        own_models=own,
        operations=tuple(operations[name] for name in names),
    )


@cache
def all_services() -> tuple[Service, ...]:
    """Return every simulated API that is not OpenAI's."""
    invoke = ("InvokeModel", "InvokeModelWithResponseStream")
    converse = ("Converse", "ConverseStream")
    claude, nova = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.amazon.nova-pro-v1:0"
    return (
        _anthropic(),
        _bedrock("bedrock", "AWS Bedrock", (*converse, *invoke), nova, ()),
        _bedrock("bedrock-anthropic", "Anthropic on AWS Bedrock", invoke, claude, ("claude-*",)),
    )


def find_operation(path: str) -> tuple[Service, Operation, str] | None:
    """Return whose operation a path is, and the model in it (empty where it names none); None: nobody's."""
    for service in all_services():
        if path.startswith(f"{service.base_path}/"):
            for operation in service.operations:
                model = operation.model(path)
                if model is not None:
                    return service, operation, model
    return None
