"""No field of the AI Gateway's own kinds is ignored in silence: each has an effect, or is remarked on.

What has an effect is shown, not claimed: the golden cases of ``tests/vectors/manifests`` use every such field, and in
one of them another value of it, as valid as the first, makes another snapshot, or another thing to be told.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from penstock.config.manifests.parts import AI_GATEWAY
from penstock.config.manifests.registry import KINDS, UNSERVED
from penstock.config.manifests.support import find_remarks, part_of, remark_of
from penstock.config.native_yaml import load_files
from penstock.config.problems import ConfigurationInvalid
from penstock.relay.snapshot import Snapshot

_CASES = Path(__file__).parents[1] / "vectors" / "manifests"
_ENVIRON = {"OPENAI_API_KEY": "sk-from-the-environment", "CLIENT_KEY": "pk-0123456789-abcdef"}
_KINDS = {
    kind: model for (group, kind), model in KINDS.items() if group == AI_GATEWAY and (group, kind) not in UNSERVED
}
Documents = list[dict[str, Any]]
Outcome = tuple[Snapshot | None, tuple[str, ...]]
Case = tuple[Documents, Outcome]
Spot = tuple[str | int, ...]


def _fields(part: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel], str]]:
    """Yield every field that holds no mapping: its path, the mapping it stands in, its name there.

    What a remark is on is reported whole, and not gone into.
    """
    for name, field in part.model_fields.items():
        here = f"{path}.{field.alias or name}"
        inner = part_of(field)
        if inner is None or remark_of(field) is not None:
            yield here, part, name
        else:
            yield from _fields(inner, here)


def _all_fields() -> list[tuple[str, type[BaseModel], str]]:
    return [
        each
        for kind, model in _KINDS.items()
        for each in _fields(part_of(model.model_fields["spec"]) or model, f"{kind}.spec")
    ]


_REMARKED = [each for each in _all_fields() if remark_of(each[1].model_fields[each[2]]) is not None]
_POOL = ("AIGatewayRoute.spec.rules.backendRefs.group", "AIGatewayRoute.spec.rules.backendRefs.kind")
"""Together they lead to an InferencePool and to nothing else, which is an error."""
_EFFECTIVE = sorted(
    {path for path, part, name in _all_fields() if remark_of(part.model_fields[name]) is None} - set(_POOL)
)


@pytest.mark.parametrize(("path", "part", "name"), _REMARKED, ids=[each[0] for each in _REMARKED])
def test_a_field_without_an_effect_is_reported_where_it_is_used(path: str, part: type[BaseModel], name: str) -> None:
    used = part.model_construct({name}, **{name: "anything"})

    (told,) = find_remarks(used, ())

    assert told == ((part.model_fields[name].alias or name,), remark_of(part.model_fields[name]))


class _Loader(yaml.SafeLoader):
    """Reads times as the text that they are, as the product does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Return the golden cases of one file that are right wherever they stand."""
    folder = tmp_path_factory.mktemp("cases")
    found: dict[str, Case] = {}
    for path in sorted(_CASES.glob("*/a.yaml")):
        if ": error: " in (path.parent / "expected.txt").read_text("utf-8"):
            continue
        documents = [each for each in yaml.load_all(path.read_text("utf-8"), _Loader) if each]
        outcome = _load(documents, folder)
        if isinstance(outcome[0], Snapshot):
            found[path.parent.name] = documents, outcome
    return found


def _load(documents: Documents, folder: Path) -> Outcome:
    """Return what documents compile to (nothing where they are refused), and what is told of them."""
    path = folder / "a.yaml"
    path.write_text("\n---\n".join(map(json.dumps, documents)), encoding="utf-8")
    try:
        loaded = load_files([str(path)], _ENVIRON)
    except ConfigurationInvalid as error:
        return None, tuple(each.message for each in error.problems)
    told = (*loaded.warnings, *loaded.notes)
    return replace(loaded.snapshot, source=""), tuple(each.message for each in told)


def _spots(value: object, path: str, spot: Spot = ()) -> Iterator[tuple[str, Spot]]:
    """Yield the path of each value as the kinds have it, and where it is in the document."""
    yield path, spot
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _spots(each, f"{path}.{key}", (*spot, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _spots(each, path, (*spot, index))


def _others(value: object) -> Iterator[object]:
    """Yield values that may be as valid as this one."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, list):
        yield value[1:]
    elif isinstance(value, str):
        yield from (f"{value}x", "31s", "2027-01-02T03:04:05Z", *_WORDS)


_WORDS = tuple(
    word
    for _, part, name in _all_fields()
    for kind in (part.model_fields[name].annotation,)
    if get_origin(kind) is Literal
    for word in get_args(kind)
)
"""Of every closed vocabulary."""


def _altered(documents: Documents, number: int, spot: Spot) -> Iterator[Documents]:
    """Yield the documents with other values at one place of one of them, as far as its kind allows them."""
    parent: Any = documents[number]
    for key in spot[:-1]:
        parent = parent[key]
    for other in _others(parent[spot[-1]]):
        changed = copy.deepcopy(documents)
        place: Any = changed[number]
        for key in spot[:-1]:
            place = place[key]
        place[spot[-1]] = other
        try:
            _KINDS[changed[number]["kind"]].model_validate(changed[number])
        except ValidationError:
            continue
        if changed[number] != documents[number]:
            yield changed


@pytest.mark.parametrize("path", _EFFECTIVE)
def test_another_value_of_a_field_makes_a_difference_or_is_refused(
    path: str, cases: dict[str, Case], tmp_path: Path
) -> None:
    uses = list(_uses(path, cases))
    tried = 0
    for name, number, spot in uses:
        documents, outcome = cases[name]
        for changed in _altered(documents, number, spot):
            if _load(changed, tmp_path) != outcome:
                return
            tried += 1
    assert uses, "no golden case uses this field"
    assert not tried, f"{tried} other values made no difference"
    assert path.rpartition(".")[2] in _OF_ONE_VALUE


def test_a_rule_to_a_pool_is_refused(cases: dict[str, Case], tmp_path: Path) -> None:
    documents = copy.deepcopy(cases["smallest"][0])
    route = next(each for each in documents if each["kind"] == "AIGatewayRoute")
    route["spec"]["rules"][0]["backendRefs"][0] |= {"group": "inference.networking.k8s.io", "kind": "InferencePool"}

    snapshot, told = _load(documents, tmp_path)

    assert snapshot is None
    assert any("an InferencePool is not served yet" in each for each in told)


_OF_ONE_VALUE = frozenset({"group", "kind", "type"})
"""Fields that may have one valid value: of what kind a reference is, and which block stands beside it."""


def _uses(path: str, cases: dict[str, Case]) -> Iterator[tuple[str, int, Spot]]:
    """Yield every place of a golden case where a field is used."""
    for name, (documents, _) in cases.items():
        for number, document in enumerate(documents):
            for here, spot in _spots(document, str(document["kind"])):
                if here == path and not isinstance(spot[-1], int):
                    yield name, number, spot
