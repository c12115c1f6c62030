"""Changes that the operator wants made to requests, made after translation: on what the provider will get."""

from __future__ import annotations

from penstock.core.json_object import JsonEdit, JsonObject
from penstock.relay.backend_client import BackendClient
from penstock.relay.headers import lines_up
from penstock.relay.snapshot import NO_MUTATIONS, Mutations
from penstock.transport.http_syntax import header_block
from penstock.transport.server_request import HeaderList, ServerRequest


def mutate_body(edit: JsonEdit, mutations: Mutations) -> None:
    """Take members out of a body, then set others."""
    for name in mutations.remove_body:
        edit.remove(name)
    for name, value in mutations.set_body:
        edit.set(name, value)


def mutated(body: bytes, mutations: Mutations) -> bytes:
    """Return a body with the changes made."""
    if mutations is NO_MUTATIONS:
        return body
    edit = JsonEdit(JsonObject(body))
    mutate_body(edit, mutations)
    return edit.render()


def caller_lines(request: ServerRequest, client: BackendClient, mutations: Mutations, *, stream: bool) -> bytes:
    """Return the caller's headers for the upstream, with the changes made.

    Left out are those that the backend has of its own, which also no change replaces: a credential is among them. The
    lines are the same while the same head comes again.
    """
    plain = mutations is NO_MUTATIONS
    own = (client.own_names, client.default_headers, stream)
    place = own if plain else (*own, mutations)
    lines = request.notes.get(place)
    if isinstance(lines, bytes):
        return lines
    taken = client.own_names
    added: HeaderList = []
    if not plain:
        added = [(name.encode("ascii"), value.encode("latin-1")) for name, value in mutations.set_headers]
        added = [item for item in added if item[0] not in client.fixed_names]
        taken = taken.union(name.encode("ascii") for name in mutations.remove_headers)
        taken = taken.union(name for name, _ in added)
    headers = [item for item in request.headers if item[0] not in taken] if taken else request.headers
    present = {name for name, _ in headers} | {name for name, _ in added} | client.fixed_names
    added += [item for item in client.default_headers if item[0] not in present]
    lines = lines_up(headers, request.fields, stream=stream) + header_block(added)
    request.notes[place] = lines
    return lines
