"""Answers that need no upstream: the models there are, which methods a path takes, and browsers' questions (CORS).

CORS follows the Fetch standard's preflight (fetch.spec.whatwg.org, read 2026-11-23): origins must be configured, the
headers that a browser wants to send are allowed, credentials are not.
"""

from __future__ import annotations

from urllib.parse import unquote

from penstock.core.errors import ModelNotFound
from penstock.relay.snapshot import Cors, Model, Snapshot
from penstock.routing.choose_model import describe_missing
from penstock.transport.server_request import HeaderList, ServerRequest
from penstock.wire import anthropic_models
from penstock.wire.openai_models import ModelObject, render_model, render_models

MODELS_PATH = "/v1/models"
ANTHROPIC = "/anthropic"
"""Below it the Envoy AI Gateway has Anthropic's paths."""
ANTHROPIC_VERSION = b"anthropic-version"
"""A header that every client of Anthropic sends, and no other."""
EXPOSED_HEADERS = (
    b"x-penstock-request-id, x-penstock-backend, x-penstock-losses, x-penstock-attempts, "
    b"x-request-id, request-id, retry-after"
)


def is_models_path(path: str) -> bool:
    """Say whether a path is the list of models or one of them, in OpenAI's form or in Anthropic's."""
    path = path.removeprefix(ANTHROPIC)
    return path == MODELS_PATH or (path.startswith(MODELS_PATH + "/") and len(path) > len(MODELS_PATH) + 1)


def listed_models(snapshot: Snapshot, request: ServerRequest) -> dict[str, Model]:
    """Return the models that callers of this host are told of, by name: those of routes, then the others."""
    found: dict[str, Model] = {}
    if snapshot.routes is not None:
        host = request.header(b"host") or b""
        found.update(snapshot.routes.named_models(host.decode("latin-1")))
    for name, model in snapshot.models.items():
        if model.listed:
            found.setdefault(name, model)
    return found


def speaks_anthropic(request: ServerRequest) -> bool:
    """Say whether a request that has no endpoint comes from a client of Anthropic's API."""
    return request.path.startswith(ANTHROPIC + "/") or request.header(ANTHROPIC_VERSION) is not None


def answer_models(snapshot: Snapshot, request: ServerRequest) -> bytes:
    """Render the list of models, or the one that the path names, in the form that the caller's client knows.

    Raises:
        ModelNotFound: no listed model has that name.
    """
    path = request.path.removeprefix(ANTHROPIC)
    as_anthropic = speaks_anthropic(request)
    listed = listed_models(snapshot, request)
    if path == MODELS_PATH:
        if as_anthropic:
            return anthropic_models.render_models((model.name, model.created) for model in listed.values())
        return render_models(ModelObject(model.name, model.created, model.owned_by) for model in listed.values())
    name = unquote(path.removeprefix(MODELS_PATH + "/"))
    model = listed.get(name)
    if model is None:
        raise ModelNotFound(describe_missing(listed, snapshot.patterns, name), param="model")
    if as_anthropic:
        return anthropic_models.render_model(model.name, model.created)
    return render_model(ModelObject(model.name, model.created, model.owned_by))


def cors_headers(cors: Cors, request: ServerRequest) -> HeaderList:
    """Return the headers that let a browser of an allowed origin read our answer."""
    origin = request.header(b"origin") if cors.allow_origins else None
    if origin is None:
        return []
    headers: HeaderList = [(b"vary", b"Origin")]
    if "*" in cors.allow_origins:
        allowed = b"*"
    elif origin.decode("latin-1") in cors.allow_origins:
        allowed = origin
    else:
        return headers
    return [*headers, (b"access-control-allow-origin", allowed), (b"access-control-expose-headers", EXPOSED_HEADERS)]


def preflight_headers(cors: Cors, request: ServerRequest, allow: str) -> HeaderList:
    """Return the headers of an answer to OPTIONS: the methods of the path, and CORS where it is allowed."""
    headers = [(b"allow", allow.encode("ascii")), *cors_headers(cors, request)]
    if any(name == b"access-control-allow-origin" for name, _ in headers):
        wanted = request.header(b"access-control-request-headers")
        headers.append((b"access-control-allow-methods", allow.encode("ascii")))
        headers.append((b"access-control-max-age", b"%d" % cors.max_age_s))
        if wanted:
            headers.append((b"access-control-allow-headers", wanted))
    return headers
