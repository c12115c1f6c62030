"""Changes of requests; on their whole way they are tested in ``test_routes``."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from penstock.providers import all_providers
from penstock.relay.backend_client import BackendClient
from penstock.relay.mutations import caller_lines, mutated
from penstock.relay.snapshot import NO_MUTATIONS, Mutations
from penstock.transport.deadlines import Deadlines
from penstock.transport.server_request import ServerRequest
from tests.relay.served_gateway import backend_at

NAMES = st.sampled_from(["a", "b", "c", "d"])
BODIES = st.dictionaries(NAMES, st.integers(), max_size=4)


@given(BODIES, st.dictionaries(NAMES, st.integers(), max_size=3), st.frozensets(NAMES, max_size=3))
def test_members_are_taken_out_and_then_others_are_set(
    body: dict[str, int], to_set: dict[str, int], to_remove: frozenset[str]
) -> None:
    mutations = Mutations(
        set_body=tuple((name, json.dumps(value).encode()) for name, value in to_set.items()), remove_body=to_remove
    )
    expected = {name: value for name, value in body.items() if name not in to_remove} | to_set
    assert json.loads(mutated(json.dumps(body).encode(), mutations)) == expected


def test_without_changes_the_very_bytes_go_on() -> None:
    body = b' {"a" : 1.50 }'
    assert mutated(body, NO_MUTATIONS) is body
    assert mutated(body, Mutations(set_body=(("b", b"2"),))) == b' {"a" : 1.50 ,"b":2}'


def test_of_a_member_that_stands_twice_no_old_value_is_left() -> None:
    changed = mutated(b'{"a":1,"a":2}', Mutations(set_body=(("a", b"3"),)))
    assert json.loads(changed) == {"a": 3}
    assert b"1" not in changed
    assert b"2" not in changed


async def test_usual_headers_of_one_backend_do_not_reach_another_by_the_same_connection() -> None:
    request = cast("ServerRequest", SimpleNamespace(headers=[], fields={}, notes={}))
    loop = asyncio.get_running_loop()
    lines = {
        name: caller_lines(
            request,
            BackendClient(backend_at(1, provider=all_providers()[name], api_key=None), loop, Deadlines(loop), 1024),
            NO_MUTATIONS,
            stream=False,
        )
        for name in ("openai-compatible", "anthropic", "vllm")
    }
    assert [b"anthropic-version" in told for told in lines.values()] == [False, True, False]
