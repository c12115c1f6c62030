"""A configuration as people and programs read it: what listens, which backends, which model goes where.

Credentials are only said to be there. Printing is the commands' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from penstock.cli.passage_text import describe_passages, render_passages
from penstock.cli.route_text import describe_conditions, write_conditions
from penstock.config.address import Address, BaseUrl
from penstock.relay.snapshot import AccessLog, Backend, Listener, Model, Snapshot, Target

Json = dict[str, object]


def describe_snapshot(snapshot: Snapshot) -> Json:
    """Return the configuration as a JSON object."""
    return {
        "source": snapshot.source,
        "listen": snapshot.listener.address,
        "listeners": [_describe_listener(listener) for listener in snapshot.listeners],
        "admin": str(_admin_of(snapshot)),
        "client_keys": [key.name for key in snapshot.client_keys],
        "client_tokens": {each.name: each.issuer for each in snapshot.token_issuers},
        "backends": {
            backend.name: {
                "provider": backend.provider.id,
                "base_url": write_url(backend),
                "has_key": backend.api_key is not None,
            }
            for backend in snapshot.backends.values()
        },
        **describe_models(snapshot),
        "passthrough": describe_passages(snapshot.passages),
    }


def describe_models(snapshot: Snapshot) -> Json:
    """Return the models and patterns as a JSON object."""
    entries = snapshot.routes.entries() if snapshot.routes else []
    return {
        "models": [_describe_model(model) for model in snapshot.models.values()],
        "patterns": [_describe_model(model) for model in snapshot.patterns],
        "routes": [{"match": describe_conditions(entry), **_describe_model(entry.rule)} for entry in entries],
    }


def render_snapshot(snapshot: Snapshot) -> str:
    """Render the whole configuration as text."""
    keys = ", ".join(key.name for key in snapshot.client_keys)
    backends = [
        (backend.name, backend.provider.title, write_url(backend), _write_credential(backend))
        for backend in snapshot.backends.values()
    ]
    admin = _admin_of(snapshot)
    places = [
        *(("Listen" if not number else "", _write_listener(each)) for number, each in enumerate(snapshot.listeners)),
        ("Admin", str(admin) if admin.path else f"http://{admin}"),
        ("Client keys", keys or ("none" if snapshot.token_issuers else "none: every caller is served")),
        *(("Tokens of", each.issuer) for each in snapshot.token_issuers),
        ("Access log", _write_log(snapshot.access_log)),
    ]
    if snapshot.fetching is not None:
        places.append(("Fetches from", ", ".join(map(str, snapshot.fetching.hosts))))
    sections = [*_align(places, ""), "", "Backends", *_align(backends, "  "), "", render_models(snapshot)]
    if snapshot.passages:
        sections += ["Passed on, where the API has no such path", *render_passages(snapshot.passages), ""]
    return "\n".join(sections)


def render_models(snapshot: Snapshot) -> str:
    """Render routes, models and patterns as a tree of conditions or names, and targets."""
    lines: list[str] = []
    if snapshot.routes:
        rules = ((write_conditions(entry), entry.rule) for entry in snapshot.routes.entries())
        lines += ["Routes, tried in this order", *_tree(rules), ""]
    if snapshot.models or not (snapshot.routes or snapshot.passages):
        lines += ["Models", *_tree((model.name, model) for model in snapshot.models.values()), ""]
    if snapshot.patterns:
        patterns = ((model.name, model) for model in snapshot.patterns)
        lines += ["Patterns, tried in this order for other names", *_tree(patterns), ""]
    return "\n".join(lines)


def write_url(backend: Backend) -> str:
    """Write a backend's base URL."""
    return str(BaseUrl(backend.scheme, backend.host, backend.port, backend.base_path))


def _admin_of(snapshot: Snapshot) -> Address:
    return Address(snapshot.admin_host, snapshot.admin_port, snapshot.admin_unix)


def _describe_listener(listener: Listener) -> Json:
    return {
        "address": listener.address,
        "tls": listener.tls is not None,
        "proxy_protocol": listener.proxy_protocol,
        "trusted_proxies": list(listener.trusted_proxies),
    }


def _write_listener(listener: Listener) -> str:
    scheme = "https" if listener.tls else "http"
    if listener.unix is None:
        written = f"{scheme}://{listener.address}"
    else:
        written = f"https+{listener.address}" if listener.tls else listener.address
    remarks = [
        *(["PROXY protocol"] if listener.proxy_protocol else []),
        *([f"trusts {', '.join(listener.trusted_proxies)}"] if listener.trusted_proxies else []),
    ]
    return f"{written} ({'; '.join(remarks)})" if remarks else written


def _write_log(access_log: AccessLog) -> str:
    if access_log.path is None:
        return "off"
    where = "standard output" if access_log.path == "-" else access_log.path
    line_format = access_log.line_format
    if line_format is None:
        return where
    return f"{where}: {', '.join(name for name, _ in line_format.members) or 'text'}"


def _write_credential(backend: Backend) -> str:
    if backend.credentials is not None:
        return "with credentials"
    return "with key" if backend.api_key else "no key"


def _tree(models: Iterable[tuple[str, Model]]) -> Iterator[str]:
    for title, model in models:
        yield f"  {title}"
        last = len(model.targets) - 1
        for index, target in enumerate(sorted(model.targets, key=attrgetter("priority"))):
            yield f"  {'└─' if index == last else '├─'} {_write_target(target)}{_write_share(target, model.targets)}"


def _write_target(target: Target) -> str:
    return f"{target.backend.name}/{target.model or '<same name>'}"


def _write_share(target: Target, targets: Sequence[Target]) -> str:
    """Write which part of the requests a target gets, where there are several."""
    equals = [each for each in targets if each.priority == target.priority]
    first = min(each.priority for each in targets)
    when = "" if target.priority == first else f"when priority {first} fails"
    whole = sum(each.weight for each in equals)
    share = f"{target.weight / whole:.0%}" if len(equals) > 1 and whole else ""
    return f"  ({', '.join(filter(None, [share, when]))})" if share or when else ""


def _describe_model(model: Model) -> Json:
    targets = [
        {
            "backend": target.backend.name,
            "model": target.model,
            "weight": target.weight,
            "priority": target.priority,
        }
        for target in model.targets
    ]
    return {
        "name": model.name,
        "targets": targets,
        "owned_by": model.owned_by,
        "created": model.created,
        "listed": model.listed,
    }


def _align(rows: Sequence[Sequence[str | None]], indent: str) -> list[str]:
    cells = [[cell or "" for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in cells
    ]
