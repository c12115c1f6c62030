"""Secrets and certificates of manifests as native configuration has them: text with its variables, or files.

``substitution.aigw.run/env/KEY: VARIABLE`` and ``substitution.aigw.run/file/KEY: PATH`` among a resource's annotations
say where the value of a key comes from; they win over ``stringData``, which wins over ``data`` (base64, but in a
ConfigMap). A variable stays a variable, so that a written file holds no secret that was in none.
"""

from __future__ import annotations

import base64
import binascii
import configparser
import json
from dataclasses import dataclass

from penstock.config.manifests.gateway_api import ConfigMapManifest, SecretManifest
from penstock.config.manifests.native_tree import Draft, graft, reference
from penstock.config.manifests.parts import Manifest, SecretRef
from penstock.config.manifests.resource import Resource, text_at
from penstock.config.manifests.substitution import escape, rewrite
from penstock.config.manifests.world import World
from penstock.config.yaml_tree import KeyPath, Node, Place

ENV_ANNOTATION = "substitution.aigw.run/env/"
FILE_ANNOTATION = "substitution.aigw.run/file/"
_Holder = SecretManifest | ConfigMapManifest


@dataclass(frozen=True, slots=True)
class Value:
    """What a key of a Secret or a ConfigMap holds."""

    place: Place
    node: Node
    """For the native document."""
    text: str | None
    """The value itself, as far as it is known before the file is read."""
    file: str | None = None
    """Path of the file that holds it."""
    written: str = ""
    """The value as native configuration writes it, variables and line breaks in it."""


def find_value(world: World, source: Resource[Manifest], path: KeyPath, ref: SecretRef, key: str) -> Value | None:
    """Return the value under a key of the Secret that ``source`` names at ``path``; report it when it is not there."""
    secret = world.resolve(source, path, SecretManifest, ref.name, ref.namespace)
    if secret is None:
        return None
    return _read(world, source, secret, key)


def all_keys(secret: Resource[SecretManifest]) -> list[str]:
    """Return the keys of a Secret, those that annotations give included."""
    annotated = [
        name.removeprefix(prefix)
        for name in secret.model.metadata.annotations
        for prefix in (ENV_ANNOTATION, FILE_ANNOTATION)
        if name.startswith(prefix)
    ]
    return list(dict.fromkeys([*secret.model.string_data, *secret.model.data, *annotated]))


def find_authorities(world: World, source: Resource[Manifest], path: KeyPath, kind: str, name: str) -> dict[str, Draft]:
    """Return the native member of the authorities that a ConfigMap or Secret stands for; report it when it has none."""
    holder: Resource[_Holder] | None = None
    if kind == "ConfigMap":
        holder = world.resolve(source, path, ConfigMapManifest, name)
    elif kind == "Secret":
        holder = world.resolve(source, path, SecretManifest, name)
    else:
        world.report.error(source, path, f"certificates come from a ConfigMap or a Secret, not from a {kind}")
    return find_pem(world, source, holder, "ca.crt", "ca") if holder else {}


def find_pem(
    world: World, source: Resource[Manifest], holder: Resource[_Holder], key: str, name: str
) -> dict[str, Draft]:
    """Return the native member of a certificate or key: ``NAME`` with the text, or ``NAME_file``; none if it lacks."""
    value = _read(world, source, holder, key)
    if value is None:
        return {}
    return {name: value.node} if value.file is None else {f"{name}_file": graft(value.file, value.place)}


def read_profile(text: str, profile: str) -> dict[str, str] | None:
    """Return the keys of a profile of an AWS credentials file, or None when it is not one or has no such profile."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return dict(parser[profile]) if parser.has_section(profile) else None


def compact_json(text: str) -> str | None:
    """Write a JSON object on one line without spaces, as secrets are written; None when it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    # What spaces are left stand inside of strings, where JSON may escape them.
    return json.dumps(value, separators=(",", ":")).replace(" ", "\\u0020") if isinstance(value, dict) else None


def _read(world: World, source: Resource[Manifest], holder: Resource[_Holder], key: str) -> Value | None:
    value = _substituted(world, holder, key) or _given(world, holder, key)
    if value is None:
        model = holder.model
        known = sorted({*model.data, *(model.string_data if isinstance(model, SecretManifest) else ())})
        holds = f"; it has {', '.join(known)}" if known else ""
        world.report.error(holder, ("metadata", "name"), f'has no key "{key}", which {source.label} needs{holds}')
    elif value.text == "":
        world.report.add("error", value.place, f'the key "{key}", which {source.label} needs, is empty')
        return None
    return value


def _substituted(world: World, secret: Resource[_Holder], key: str) -> Value | None:
    annotations = secret.model.metadata.annotations
    for prefix in (ENV_ANNOTATION, FILE_ANNOTATION):
        name = annotations.get(prefix + key)
        if name is None:
            continue
        place = secret.place("metadata", "annotations", prefix + key)
        if prefix == ENV_ANNOTATION:
            text = world.report.environ.get(name)
            return Value(place, reference(f"${{{name}}}", place), text or None, written=escape(text or ""))
        file = world.path_from(secret, name)
        return Value(place, graft({"file": file}, place), None, file)
    return None


def _given(world: World, holder: Resource[_Holder], key: str) -> Value | None:
    model = holder.model
    if isinstance(model, ConfigMapManifest):
        return _plain(holder, ("data", key), model.data[key]) if key in model.data else None
    if key in model.string_data:
        return _plain(holder, ("stringData", key), model.string_data[key])
    encoded = model.data.get(key)
    if encoded is None:
        return None
    place = holder.place("data", key)
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode().strip()
    except (binascii.Error, ValueError):
        world.report.add("error", place, "must be text in base64; plain text belongs in stringData")
        return Value(place, graft("", place), None)
    return Value(place, graft(text, place), text, written=escape(text))


def _plain(holder: Resource[_Holder], path: KeyPath, text: str) -> Value:
    place, written = holder.place(*path), text_at(holder.root, path)
    native = rewrite(written.text) if written else escape(text)
    return Value(place, reference(native.strip(), place), text.strip(), written=native)
