"""Secrets of manifests as native configuration has them: text with its variables, or files.

``substitution.aigw.run/env/KEY: VARIABLE`` and ``substitution.aigw.run/file/KEY: PATH`` among a resource's annotations
say where the value of a key comes from; they win over ``stringData``, which wins over ``data``. A variable stays a
variable, so that a written file holds no secret that was in none.
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


@dataclass(frozen=True, slots=True)
class Value:
    """What a key of a Secret holds."""

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
    value = _substituted(world, secret, key) or _given(world, secret, key)
    if value is None:
        known = sorted({*secret.model.string_data, *secret.model.data})
        holds = f"; it has {', '.join(known)}" if known else ""
        world.report.error(secret, ("metadata", "name"), f'has no key "{key}", which {source.label} needs{holds}')
    elif value.text == "":
        world.report.add("error", value.place, f'the key "{key}", which {source.label} needs, is empty')
        return None
    return value


def all_keys(secret: Resource[SecretManifest]) -> list[str]:
    """Return the keys of a Secret, those that annotations give included."""
    annotated = [
        name.removeprefix(prefix)
        for name in secret.model.metadata.annotations
        for prefix in (ENV_ANNOTATION, FILE_ANNOTATION)
        if name.startswith(prefix)
    ]
    return list(dict.fromkeys([*secret.model.string_data, *secret.model.data, *annotated]))


def read_file_path(world: World, source: Resource[Manifest], key: str) -> str | None:
    """Return the file that an annotation of a Secret or ConfigMap names for a key."""
    path = source.model.metadata.annotations.get(FILE_ANNOTATION + key)
    return world.path_from(source, path) if path else None


def find_certificates(world: World, source: Resource[Manifest], path: KeyPath, kind: str, name: str) -> Draft:
    """Return the file of certificate authorities that a ConfigMap or Secret stands for; report it when it has none."""
    found: Resource[Manifest] | None = None
    if kind == "ConfigMap":
        found = world.resolve(source, path, ConfigMapManifest, name)
    elif kind == "Secret":
        found = world.resolve(source, path, SecretManifest, name)
    else:
        world.report.error(source, path, f"certificates come from a ConfigMap or a Secret, not from a {kind}")
    if found is None:
        return None
    file = read_file_path(world, found, "ca.crt")
    if file is None:
        message = "certificates are read from files only: keep them in one and name it in the annotation "
        world.report.error(found, ("metadata", "name"), f"{message}{FILE_ANNOTATION}ca.crt")
        return None
    return graft(file, found.place("metadata", "annotations", FILE_ANNOTATION + "ca.crt"))


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


def _substituted(world: World, secret: Resource[SecretManifest], key: str) -> Value | None:
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


def _given(world: World, secret: Resource[SecretManifest], key: str) -> Value | None:
    text = secret.model.string_data.get(key)
    if text is not None:
        place = secret.place("stringData", key)
        written = text_at(secret.root, ("stringData", key))
        native = rewrite(written.text) if written else escape(text)
        return Value(place, reference(native.strip(), place), text.strip(), written=native)
    encoded = secret.model.data.get(key)
    if encoded is None:
        return None
    place = secret.place("data", key)
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode().strip()
    except (binascii.Error, ValueError):
        world.report.add("error", place, "must be text in base64; plain text belongs in stringData")
        return Value(place, graft("", place), None)
    return Value(place, graft(text, place), text, written=escape(text))
