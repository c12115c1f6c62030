"""The synchronous client, spelled like the asynchronous one, so that a scenario is written once and runs with both.

Calls are the synchronous client's own and block the test's loop meanwhile, which harms nobody: gateway and simulator
are other processes. Only the spelling changes: what comes back can be awaited, gone through and entered.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, cast

from openai import AsyncOpenAI, OpenAI


def spelled_async(client: OpenAI) -> AsyncOpenAI:
    """Return the client in the other spelling."""
    return cast("AsyncOpenAI", _Spelled(client))


class _Spelled:
    """An object of the client, a method of it, or what a call of one returned."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __getattr__(self, name: str) -> _Spelled:
        return _Spelled(getattr(self._value, name))

    def __call__(self, *arguments: object, **named: object) -> _Spelled:
        return _Spelled(self._value(*arguments, **named))

    def __await__(self) -> Generator[None, None, Any]:
        yield from ()
        return _Spelled(self._value) if isinstance(self._value, Iterator) else self._value

    def __aiter__(self) -> _Spelled:
        return _Spelled(iter(self._value))

    async def __anext__(self) -> Any:
        try:
            return next(self._value)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Any:
        return _Spelled(self._value.__enter__())

    async def __aexit__(self, *raised: object) -> None:
        self._value.__exit__(*raised)
