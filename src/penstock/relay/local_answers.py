"""Answers that need no upstream: the models there are, which methods a path takes, and browsers' questions (CORS).

CORS follows the Fetch standard's preflight (fetch.spec.whatwg.org, read 2026-11-23): origins must be configured, the
headers that a browser wants to send are allowed, credentials are not.
"""

from __future__ import annotations

from urllib.parse import unquote

from penstock.core.errors import ModelNotFound
from penstock.relay.snapshot import Cors, Snapshot
from penstock.transport.server_request import HeaderList, ServerRequest
from penstock.wire.openai_models import ModelObject, render_model, render_models

MODELS_PATH = "/v1/models"
EXPOSED_HEADERS = b"x-penstock-request-id, x-penstock-backend, x-penstock-losses, x-request-id, retry-after"


def is_models_path(path: str) -> bool:
    """Say whether a path is the list of models or one of them."""
    return path == MODELS_PATH or (path.startswith(MODELS_PATH + "/") and len(path) > len(MODELS_PATH) + 1)


def answer_models(snapshot: Snapshot, path: str) -> bytes:
    """Render the list of models, or the one that the path names.

    Raises:
        ModelNotFound: no listed model has that name.
    """
    if path == MODELS_PATH:
        return render_models(
            ModelObject(model.name, model.created, model.owned_by) for model in snapshot.models.values() if model.listed
        )
    name = unquote(path.removeprefix(MODELS_PATH + "/"))
    model = snapshot.models.get(name)
    if model is None or not model.listed:
        msg = f'The model "{name[:80]}" does not exist.'
        raise ModelNotFound(msg, param="model")
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
