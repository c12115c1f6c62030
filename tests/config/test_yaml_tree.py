from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.config.yaml_tree import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    Items,
    Members,
    Node,
    Scalar,
    Value,
    YamlRefused,
    nearest_place,
    read_yaml,
    read_yaml_documents,
    resolve_scalar,
)


def _values(node: Node) -> Value:
    if isinstance(node, Scalar):
        return resolve_scalar(node)
    if isinstance(node, Items):
        return [_values(item) for item in node.nodes]
    return {name: _values(member) for name, (_, member) in node.nodes.items()}


def _read(source: str) -> Value:
    tree, problems = read_yaml(source.encode(), "c.yaml")
    assert not problems
    return _values(tree)


def _refusal(source: str | bytes) -> str:
    with pytest.raises(YamlRefused) as caught:
        read_yaml(source.encode() if isinstance(source, str) else source, "c.yaml")
    return str(caught.value)


def _problems(source: str) -> list[str]:
    return [f"{each.place}: {each.message}" for each in read_yaml(source.encode(), "c.yaml")[1]]


# PyYAML writes YAML 1.1 and leaves texts unquoted that are numbers in 1.2, such as 0E0 and 0o7.
_MAY_BE_A_NUMBER = re.compile(r"[-+.0-9][-+.0-9a-fA-Fox]*")
_TEXTS = st.text().filter(lambda text: not _MAY_BE_A_NUMBER.fullmatch(text))
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXTS,
)
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(st.text(), _TREES))
def test_what_pyyaml_writes_is_read_back(values: dict[str, Value]) -> None:
    assert _read(yaml.safe_dump(values)) == values


@pytest.mark.parametrize(
    "text", ["no", "on", "Yes", "off", "y", "12:30:00", "2026-11-23", "1_000", "0777x", ".", "1.2.3"]
)
def test_yaml_1_1_surprises_are_text(text: str) -> None:
    assert _read(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("017", 17),
        ("0o17", 15),
        ("0xff", 255),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("0E0", 0.0),
        ("2.e-1", 0.2),
        ("~", None),
        ("", None),
        ("Null", None),
        ("TRUE", True),
        ("false", False),
        ("'true'", "true"),
        ('"1"', "1"),
        ("9" * 400, "9" * 400),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Value) -> None:
    read = _read(f"a: {text}")

    assert read == {"a": value}
    assert isinstance(read, dict)
    assert type(read["a"]) is type(value)


def test_key_that_stands_twice_is_named_with_both_lines() -> None:
    assert _problems("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n") == [
        'c.yaml:5:3: the key "c" stands twice; the first is in line 3',
        'c.yaml:6:1: the key "a" stands twice; the first is in line 1',
    ]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert _read("4: a\nno: b\nnull: c\n1.5: d\n") == {"4": "a", "no": "b", "null": "c", "1.5": "d"}


def test_merge_key_fills_in_what_is_not_there() -> None:
    source = (
        "slow: &slow {idle_s: 9, total_s: 9}\na: {<<: *slow, idle_s: 1}\nb: {<<: [*slow, {first_s: 2, idle_s: 3}]}\n"
    )

    assert _read(source) == {
        "slow": {"idle_s": 9, "total_s": 9},
        "a": {"idle_s": 1, "total_s": 9},
        "b": {"idle_s": 9, "total_s": 9, "first_s": 2},
    }


def test_merge_of_something_else_is_a_problem() -> None:
    assert _problems("a: {<<: 5}") == ["c.yaml:1:9: << merges a mapping or a list of mappings"]


def test_quoted_merge_key_is_a_key() -> None:
    assert _read('"<<": 1') == {"<<": 1}


def test_tags_are_problems() -> None:
    assert _problems("a: !!python/object:os.system x\nb: !secret y\nc: !!map {}") == [
        f"c.yaml:{line}:4: tags (!...) are not used here; leave it out" for line in (1, 2, 3)
    ]


@pytest.mark.parametrize("source", ["", "# nothing\n", "---\n", "~\n"])
def test_empty_file_is_an_empty_mapping(source: str) -> None:
    assert _read(source) == {}


def test_byte_order_mark_is_skipped() -> None:
    assert _values(read_yaml(b"\xef\xbb\xbfa: 1", "c.yaml")[0]) == {"a": 1}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "a: [1\nb: 2",
            (
                "c.yaml:2:2: not valid YAML: while parsing a flow sequence that begins in line 1, "
                "did not find expected ',' or ']'"
            ),
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            (
                "c.yaml:3:2: not valid YAML: while parsing a block mapping that begins in line 1, "
                "did not find expected key; is the line indented like its neighbours?"
            ),
        ),
        (
            "a: 1\nb:\n\tc: 2\n",
            (
                "c.yaml:3:1: not valid YAML: while scanning for the next token, "
                "found character that cannot start any token; indent with spaces, not with a tab"
            ),
        ),
        (
            "a: @b",
            (
                "c.yaml:1:4: not valid YAML: while scanning for the next token, "
                "found character that cannot start any token; a text that begins with it stands in quotes"
            ),
        ),
        (
            'a: "b\nc: d\n',
            (
                "c.yaml:3:1: not valid YAML: while scanning a quoted scalar that begins in line 1, "
                "found unexpected end of stream; is a quote not closed?"
            ),
        ),
        (
            "a: \tb: c",
            (
                "c.yaml:1:6: not valid YAML: mapping values are not allowed in this context; "
                "is the line indented right, and a text with a colon in quotes?"
            ),
        ),
        ("a: 1\n---\nb: 2\n", "c.yaml:3:1: a second document in the file; write one file for each"),
        ("a: *x", 'c.yaml:1:4: no anchor "&x" stands before this alias'),
        ("a: &x [*x]", 'c.yaml:1:8: the alias "*x" stands inside what it names'),
        ("{[1]: 2}", "c.yaml:1:2: a key must be text"),
        ("a: 1\nb: \x07", "c.yaml:2:4: the character U+0007 is not allowed in YAML"),
        (b"a: 1\nb: \xff\n", "c.yaml:2:1: not valid UTF-8"),
    ],
)
def test_file_that_is_not_yaml_is_refused_with_its_place(source: str | bytes, message: str) -> None:
    assert _refusal(source) == message


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]

    assert _refusal("\n".join(lines)).endswith(f"more than {MAX_NODES} values, aliases counted in full")


def test_merges_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"]
    lines += [f"a{level}: &a{level} {{b{level}: *a{level - 1}, <<: *a{level - 1}}}" for level in range(1, 25)]

    assert _refusal("\n".join(lines)).endswith(f"more than {MAX_NODES} values, aliases counted in full")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_bounded(opening: str) -> None:
    assert _refusal(opening * 100_000).endswith(f"nested deeper than {MAX_DEPTH} levels")


def test_depth_is_bounded_through_aliases_too() -> None:
    lines = ["a0: &a0 [x]", *(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, MAX_DEPTH + 1))]

    assert _refusal("\n".join(lines)).endswith(f"nested deeper than {MAX_DEPTH} levels")


def test_deepest_allowed_tree_is_read() -> None:
    assert _read("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_size_is_bounded() -> None:
    assert _refusal(b"#" * (MAX_BYTES + 1)) == "c.yaml:1:1: the file is larger than 10 MiB"


@given(st.binary(max_size=200) | st.text(alphabet="&*<[]{}:,-?!|>'\"#%@ \n\tabc01", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    try:
        tree, _ = read_yaml(source, "c.yaml")
    except YamlRefused as error:
        refusal = str(error)
    else:
        _values(tree)
        return
    assert refusal.startswith("c.yaml:"), "it says where"


def test_places_are_those_of_scalars_and_of_the_keys_of_everything_else() -> None:
    tree, _ = read_yaml(b"backends:\n  openai:\n    api_key: x\n    list: [1, {b: 2}]\n", "c.yaml")

    assert isinstance(tree, Members)
    places = {
        path: str(nearest_place(tree, path)[0])
        for path in [(), ("backends",), ("backends", "openai", "api_key"), ("backends", "openai", "list", 1, "b")]
    }
    assert list(places.values()) == ["c.yaml:1:1", "c.yaml:1:1", "c.yaml:3:14", "c.yaml:4:19"]
    assert str(nearest_place(tree, ("backends", "openai", "api_key"), at_key=True)[0]) == "c.yaml:3:5"


def test_place_of_what_is_not_there_is_that_of_what_surrounds_it() -> None:
    tree, _ = read_yaml(b"backends:\n  openai: {}\n", "c.yaml")

    place, depth = nearest_place(tree, ("backends", "openai", "api_key", 3))

    assert (str(place), depth) == ("c.yaml:2:3", 2)


def test_variables_do_not_end_a_mapping_of_one_line() -> None:
    tree, _ = read_yaml(b"{a: ${X}, b: [${Y:-z}], '${K}': c}", "c.yaml")

    assert isinstance(tree, Members)
    a, items = tree.nodes["a"][1], tree.nodes["b"][1]
    assert isinstance(a, Scalar)
    assert isinstance(items, Items)
    assert (a.text, a.plain, a.place.column) == ("${X}", True, 5)
    assert [node.text for node in items.nodes if isinstance(node, Scalar)] == ["${Y:-z}"]
    assert list(tree.nodes) == ["a", "b", "${K}"]


def test_documents_of_a_file_have_anchors_of_their_own() -> None:
    roots, _ = read_yaml_documents(b"a: &x 1\n---\n---\nb: 2\n", "c.yaml")

    assert len(roots) == 3
    with pytest.raises(YamlRefused, match='no anchor "&x" stands before'):
        read_yaml_documents(b"a: &x 1\n---\nb: *x\n", "c.yaml")
