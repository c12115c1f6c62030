"""A body is read and changed without touching any other byte of it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from penstock.core.errors import InvalidRequest
from penstock.core.json_object import FLAG, TEXT, JsonEdit, JsonObject
from penstock.core.loss import Loss

SPACE = st.text(" \t\r\n", max_size=3)
NAMES = st.sampled_from(["model", "stream", "n", "messages", "", 'quo"te', "é", "a\\b", "日本", "\n"])
VALUES = st.sampled_from(
    [
        *["null", "true", "false", "0", "-0", "1e2", "1E+2", "1.0", "1.50", "123456789012345678901234567890"],
        *['""', '"a\\u0041\\/"', '"é"', '"}{"', '"\\\\"', '"\\""', '"\\ud83d\\ude00"', '"a,b:c"'],
        *["[]", "[ ]", "{}", "{ }", '[1 ,{"a" : [2]} , "]"]', '{ "model" : "inner", "model":2 }'],
    ]
)


@dataclass(frozen=True)
class Member:
    """One member as it is written, with the space around it."""

    name: str
    before: str
    spelled: str
    """Name, colon and the space between."""
    value: str
    after: str

    @property
    def text(self) -> str:
        return self.spelled + self.value


@st.composite
def members(draw: st.DrawFn) -> Member:
    name = draw(NAMES)
    spelled = draw(st.sampled_from([json.dumps(name), json.dumps(name, ensure_ascii=False), spell_in_escapes(name)]))
    return Member(name, draw(SPACE), spelled + draw(SPACE) + ":" + draw(SPACE), draw(VALUES), draw(SPACE))


def spell_in_escapes(name: str) -> str:
    return '"' + "".join(f"\\u{ord(char):04x}" for char in name) + '"'


UNIQUE = st.lists(members(), max_size=6, unique_by=lambda member: member.name)
OUTER = st.tuples(SPACE, SPACE, SPACE)


def write(found: list[Member], outer: tuple[str, str, str]) -> bytes:
    inside = ",".join(member.before + member.text + member.after for member in found) if found else outer[2]
    return f"{outer[0]}{{{inside}}}{outer[1]}".encode()


# --- reading


@given(UNIQUE, OUTER)
def test_members_are_found_as_they_are_written(found: list[Member], outer: tuple[str, str, str]) -> None:
    body = JsonObject(write(found, outer))
    assert body.names() == [member.name for member in found]
    for member in found:
        assert body.raw(member.name) == member.value.encode()
        assert member.name in body
    spelled = [body.source[start:end].decode() for _, start, _, end in body.spans()]
    assert spelled == [member.text for member in found]


@given(st.lists(members(), min_size=1, max_size=6), OUTER)
def test_a_name_that_stands_twice_is_refused_however_it_is_spelled(
    found: list[Member], outer: tuple[str, str, str]
) -> None:
    body = JsonObject(write(found, outer))
    names = [member.name for member in found]
    assert body.names() == names
    for name in names:
        if names.count(name) == 1:
            assert body.raw(name) is not None
            continue
        for ask in (body.raw, lambda name: body.read(name, TEXT), JsonEdit(body).raw):
            with pytest.raises(InvalidRequest) as caught:
                ask(name)
            assert (caught.value.code, caught.value.param) == ("duplicate_field", name)


def test_a_member_inside_another_is_not_a_member() -> None:
    body = JsonObject(b'{"a":{"model":1,"model":2},"model":"x"}')
    assert body.read("model", TEXT) == "x"
    assert "b" not in body


def test_absent_and_null_read_alike_and_another_type_is_refused() -> None:
    body = JsonObject(b'{"a":null,"b":"t","c":true,"d":1}')
    assert (body.read("a", TEXT), body.read("z", TEXT), body.raw("a"), body.raw("z")) == (None, None, b"null", None)
    assert (body.read("b", TEXT), body.read("c", FLAG)) == ("t", True)
    for name, read in (("d", read_text), ("c", read_text), ("b", read_flag), ("d", read_flag)):
        with pytest.raises(InvalidRequest) as caught:
            read(body, name)
        assert (caught.value.code, caught.value.param) == ("invalid_type", name)


def read_text(body: JsonObject, name: str) -> str | None:
    return body.read(name, TEXT)


def read_flag(body: JsonObject, name: str) -> bool | None:
    return body.read(name, FLAG)


def test_text_that_is_not_utf_8_is_refused_when_it_is_read() -> None:
    body = JsonObject(b'{"model":"\xff"}')
    with pytest.raises(InvalidRequest) as caught:
        body.read("model", TEXT)
    assert caught.value.code == "invalid_type"


def test_a_reader_of_values_may_ask_that_all_of_it_is_utf_8() -> None:
    JsonObject('{"a":"\u00e9"}'.encode()).require_utf8()
    JsonObject(b'{"a":1}').require_utf8()
    with pytest.raises(InvalidRequest, match=r"not valid UTF-8 \(byte 12\)") as caught:
        JsonObject(b'{"a":1,"b":"\xff"}').require_utf8()
    assert caught.value.code == "invalid_json"


# --- what is no object


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ('{"a":1,}', 7),
        ('{"a":01}', 6),
        ('{"a":.5}', 5),
        ('{"a" 1}', 5),
        ('{"a":1 "b":2}', 7),
        ('{"a":[1,2}', 9),
        ('{"a":[1,]}', 8),
        ("{'a':1}", 1),
        ("{a:1}", 1),
        ('{"a":\n\n  ?}', 9),
        ('{"a":1}x', 7),
        ('{"a":1} \n {"b":2}', 10),
        ('{"a":1}\x00', 7),
        ("\ufeff{}", 0),
    ],
)
def test_the_place_of_a_mistake_is_named(source: str, at: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        JsonObject(source.encode())
    assert caught.value.code == "invalid_json"
    line, column = source.count("\n", 0, at) + 1, at - (source.rfind("\n", 0, at) + 1) + 1
    assert f"(byte {at}, line {line}, column {column})" in caught.value.message


@pytest.mark.parametrize(("source", "at"), [(b'{"\xff":1}', 2), (b'{"a":1,\n "b\xc3":2}', 11)])
def test_a_name_that_is_not_utf_8_is_refused_with_its_place(source: bytes, at: int) -> None:
    with pytest.raises(InvalidRequest, match=rf"not valid UTF-8 \(byte {at}\)") as caught:
        JsonObject(source)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    "source", [b"", b" \r\n", b"[]", b'"text"', b"1", b"null", b"true", b"{", b'{"a":"', b'{"a":1']
)
def test_what_is_not_an_object_is_refused_with_a_reason(source: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        JsonObject(source)
    assert caught.value.code == "invalid_json"
    expected = "empty" if not source.strip() else "truncated" if source[:1] == b"{" else "must be a JSON object"
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("source", "at"),
    [
        (rb'{"a":"\ud83d"}', 6),
        (rb'{"messages":[{"content":"hi \uD83D"}]}', 28),
        (rb'{"a":"\\\ud800"}', 8),
        (rb'{"a":"\ud83d\n"}', 6),
    ],
)
def test_half_a_surrogate_pair_at_the_end_is_not_taken_for_a_body_that_was_cut(source: bytes, at: int) -> None:
    with pytest.raises(InvalidRequest, match=rf"invalid utf-16 surrogate pair \(byte {at}, line 1, column {at + 1}\)"):
        JsonObject(source)


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_body_that_was_cut_within_a_surrogate_pair_was_cut(cut: int) -> None:
    with pytest.raises(InvalidRequest, match="truncated"):
        JsonObject(rb'{"a":"\ud83d\ude00"}'[:cut])


@pytest.mark.parametrize("source", [rb'{"a":"\\ud83d', rb'{"a":"\\ud83dx'])
def test_an_escaped_backslash_begins_no_surrogate(source: bytes) -> None:
    with pytest.raises(InvalidRequest, match="truncated"):
        JsonObject(source)


@pytest.mark.parametrize(
    "nest", [b'{"a":' + b"[" * 200_000, b'{"a":' * 200_000, b'{"a":' + b"[" * 9000 + b"]" * 9000 + b"}"]
)
def test_a_body_that_is_nested_too_deeply_is_refused(nest: bytes) -> None:
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        JsonObject(nest)


@settings(max_examples=300)
@given(UNIQUE, OUTER, st.data())
def test_a_damaged_body_is_read_as_json_reads_it_or_refused(
    found: list[Member], outer: tuple[str, str, str], data: st.DataObject
) -> None:
    source = write(found, outer)
    at = data.draw(st.integers(0, len(source) - 1))
    source = (
        source[:at]
        + data.draw(st.sampled_from([b"", b",", b'"', b"}", b"1", b"\\", b"[", b"\x00", b"e"]))
        + source[at + 1 :]
    )
    try:
        body = JsonObject(source)
    except InvalidRequest:
        return
    text = source.decode(errors="replace")  # the damage may be within a letter of a value, which is not looked at
    pairs: list[tuple[str, object]] = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    assert body.names() == [name for name, _ in pairs]


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_refused_as_the_callers_fault(source: bytes) -> None:
    try:
        names = JsonObject(source).names()
    except InvalidRequest:
        return
    assert source.strip().startswith(b"{")
    assert len(names) <= len(source)


# --- changing

CHANGES = st.dictionaries(NAMES | st.text(max_size=3), VALUES | st.none(), max_size=4)


def edited(found: list[Member], outer: tuple[str, str, str], changes: dict[str, str | None]) -> str:
    """Return the document that an edit must give: written here from its parts, with no search in bytes."""
    text, kept = f"{outer[0]}{{", 0
    text += found[0].before if found else outer[2]
    for at, member in enumerate(found):
        if member.name in changes and changes[member.name] is None:
            continue
        text += f"{found[at - 1].after},{member.before}" if kept else ""
        text += member.spelled + (changes.get(member.name) or member.value)
        kept += 1
    text += found[-1].after if found else ""
    names = {member.name for member in found}
    for name, value in changes.items():
        if value is not None and name not in names:
            text += f"{',' if kept else ''}{msgspec.json.encode(name).decode()}:{value}"
            kept += 1
    return text + "}" + outer[1]


@settings(max_examples=500)
@given(UNIQUE, OUTER, CHANGES)
def test_an_edit_changes_what_it_names_and_no_other_byte(
    found: list[Member], outer: tuple[str, str, str], changes: dict[str, str | None]
) -> None:
    assume(all(is_text(name) for name in changes))
    edit = JsonEdit(JsonObject(write(found, outer)))
    for name, value in changes.items():
        if value is None:
            edit.remove(name)
        else:
            edit.set(name, value.encode())
            assert edit.raw(name) == value.encode()
    rendered = edit.render()
    assert rendered == edited(found, outer, changes).encode()
    expected = {member.name: member.value for member in found} | changes
    left = {name: value for name, value in expected.items() if value is not None}
    assert json.loads(rendered) == {name: json.loads(value) for name, value in left.items()}


def is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@given(UNIQUE, OUTER)
def test_without_changes_the_body_is_the_very_same(found: list[Member], outer: tuple[str, str, str]) -> None:
    body = JsonObject(write(found, outer))
    edit = JsonEdit(body)
    edit.remove("not there")
    assert edit.render() is body.source


@given(st.lists(members(), min_size=1, max_size=6), OUTER, CHANGES)
def test_a_name_that_stands_twice_is_changed_twice(
    found: list[Member], outer: tuple[str, str, str], changes: dict[str, str | None]
) -> None:
    assume(all(is_text(name) for name in changes))
    edit = JsonEdit(JsonObject(write(found, outer)))
    for name, value in changes.items():
        if value is None:
            edit.remove(name)
        else:
            edit.set(name, value.encode())
    assert edit.render() == edited(found, outer, changes).encode()


def test_a_later_change_of_the_same_member_wins() -> None:
    edit = JsonEdit(JsonObject(b'{"a":1}'))
    edit.set("a", b"2")
    edit.remove("a")
    edit.set("b", b"3")
    edit.set("b", b"4")
    assert edit.render() == b'{"b":4}'


# --- losses


def test_dropping_reports_what_was_there() -> None:
    edit = JsonEdit(JsonObject(b'{"a":1,"b":null}'))
    for name in ("a", "b", "c"):
        edit.drop(name, "refused")
    assert edit.losses == [Loss("$.a", "dropped", "refused")]
    assert edit.render() == b"{}"


@pytest.mark.parametrize(
    ("source", "expected", "losses"),
    [
        (b'{"old":1}', {"new": 1}, []),
        (b'{"old":1,"new":null}', {"new": 1}, []),
        (b'{"old":1,"new":2}', {"new": 2}, ["dropped"]),
        (b'{"old":null,"new":2}', {"new": 2}, []),
        (b'{"new":2}', {"new": 2}, []),
    ],
)
def test_renaming_loses_nothing_but_to_a_value_that_is_there(
    source: bytes, expected: dict[str, int], losses: list[str]
) -> None:
    edit = JsonEdit(JsonObject(source))
    edit.rename("old", "new", "other name")
    assert json.loads(edit.render()) == expected
    assert [loss.kind for loss in edit.losses] == losses
    assert all(loss.path == "$.old" for loss in edit.losses)


def test_number_spellings_survive_that_a_decoder_would_change() -> None:
    source = b'{"temperature":0.10,"n":1e0,"big":1e400,"seed":123456789012345678901234567890,"model":"a"}'
    edit = JsonEdit(JsonObject(source))
    edit.set("model", b'"b"')
    assert edit.render() == source.replace(b'"a"', b'"b"')
    assert math.isinf(json.loads(source)["big"])


def test_iteration_gives_each_name_once_in_the_order_of_the_body() -> None:
    assert list(JsonObject(b'{"b": 1, "a": 2, "b": 3}')) == ["b", "a"]
