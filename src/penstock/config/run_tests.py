"""Runs a configuration's own tests against the snapshot that it compiled to.

What becomes of a request is found out by :mod:`penstock.relay.dry_run`, which takes the steps of a request that is
served; this module only compares. Each difference is an error of the configuration, at the expectation that is not met:
whoever refuses wrong configurations refuses one whose tests fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

import msgspec

from penstock.config.loaded import ConfigTestOutcome, Difference
from penstock.config.problems import Findings
from penstock.config.similar_names import hint
from penstock.config.tests_section import (
    ConfigTestSection,
    ExpectationSection,
    ExpectedErrorSection,
    ExpectedTargetSection,
    TriedRequestSection,
)
from penstock.config.yaml_tree import KeyPath
from penstock.core.endpoint import EndpointId
from penstock.core.errors import GatewayError
from penstock.core.loss import Loss
from penstock.endpoints import all_endpoints
from penstock.identity.client_keys import ANONYMOUS
from penstock.relay.dry_run import Course, DryAttempt, DryRequest, callers, run_dry
from penstock.relay.snapshot import Snapshot

_MESSAGES = [{"role": "user", "content": "Hello"}]
SMALLEST_BODIES: Mapping[EndpointId, Mapping[str, object]] = MappingProxyType(
    {
        "chat_completions": {"messages": _MESSAGES},
        "completions": {"prompt": "Hello"},
        "embeddings": {"input": "Hello"},
        "messages": {"max_tokens": 100, "messages": _MESSAGES},
        "count_tokens": {"messages": _MESSAGES},
    }
)
"""What a request of each endpoint must have besides its model; a test need not say it."""
_SHOWN_CHARS = 200


def run_tests(
    tests: Mapping[str, ConfigTestSection], snapshot: Snapshot, findings: Findings
) -> tuple[ConfigTestOutcome, ...]:
    """Run the tests and report every difference. The snapshot is whole, and no event loop runs in this thread."""
    known = {name: test for name, test in tests.items() if _check_names(("tests", name), test, snapshot, findings)}
    requests = [_write_request(test.request, snapshot) for test in known.values()]
    outcomes: list[ConfigTestOutcome] = []
    for (name, test), course in zip(known.items(), asyncio.run(run_dry(snapshot, requests)), strict=True):
        differences = tuple(_compare(("tests", name, "expect"), test.expect, course))
        for each in differences:
            findings.error(each.path, f"the test fails: {each}")
        outcomes.append(ConfigTestOutcome(name=name, differences=differences))
    return tuple(outcomes)


def _check_names(path: KeyPath, test: ConfigTestSection, snapshot: Snapshot, findings: Findings) -> bool:
    """Report names that are those of nothing; a test with one of them says nothing of the configuration."""
    count = len(findings.problems)
    key, keys = test.request.client_key, callers(snapshot)
    if key is not None and key != ANONYMOUS and key not in keys:
        findings.error((*path, "request", "client_key"), f'there is no client key "{key}"{hint(key, keys)}')
    for index, target in enumerate(test.expect.targets or ()):
        if target.backend not in snapshot.backends:
            message = f'there is no backend "{target.backend}"{hint(target.backend, snapshot.backends)}'
            findings.error((*path, "expect", "targets", index, "backend"), message)
    return len(findings.problems) == count


def _write_request(section: TriedRequestSection, snapshot: Snapshot) -> DryRequest:
    endpoint = all_endpoints().get(section.path.partition("?")[0])
    named = {} if section.model is None else {"model": section.model}
    body = {**named, **(SMALLEST_BODIES[endpoint.id] if endpoint else {}), **section.body}
    headers = {"host": section.host or "localhost", "content-type": "application/json", **section.headers}
    client_key = section.client_key or next(iter(callers(snapshot)), None)
    return DryRequest(
        method=section.method,
        path=section.path,
        headers=[(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()],
        body=msgspec.json.encode(body) if body else b"",
        client_key=None if client_key == ANONYMOUS else client_key,
    )


def _compare(path: KeyPath, expected: ExpectationSection, course: Course) -> Iterator[Difference]:
    if expected.model is not None:
        got = course.model.name if course.model else _write_course(course)
        if expected.model != got:
            yield Difference(path=(*path, "model"), expected=expected.model, got=got)
    if expected.error is not None:
        error = _error_for_caller(course)
        if error is None or not _fits(expected.error, error):
            got = _write_course(course) if error is None else _write_error(error)
            yield Difference(path=(*path, "error"), expected=_write_expected_error(expected.error), got=got)
        return
    if course.error is not None:
        if expected.model is None or course.model is not None:
            yield Difference(path=path, expected=_write_targets(expected), got=_write_error(course.error))
        return
    pairs = _pair(expected.targets, course.attempts)
    if expected.targets is not None and pairs is None:
        yield Difference(path=(*path, "targets"), expected=_write_targets(expected), got=_write_course(course))
        return
    for index, (target, attempt) in enumerate(pairs or [(None, attempt) for attempt in course.attempts]):
        place = path if target is None else (*path, "targets", index)
        yield from _compare_attempt(place, target, attempt)
    if expected.losses is not None:
        lost = {loss.path: loss for attempt in course.attempts for loss in attempt.losses}
        yield from _compare_losses((*path, "losses"), expected.losses, list(lost.values()))


def _compare_attempt(
    path: KeyPath, expected: ExpectedTargetSection | None, attempt: DryAttempt
) -> Iterator[Difference]:
    error = expected.error if expected else None
    if attempt.error is not None and (error is None or not _fits(error, attempt.error)):
        wanted = _write_expected_error(error) if error else f"a request to {_write_attempt(attempt)}"
        yield Difference(path=path, expected=wanted, got=_write_error(attempt.error))
        return
    if expected is None:
        return
    if error is not None and attempt.error is None:
        wanted = _write_expected_error(error)
        yield Difference(path=(*path, "error"), expected=wanted, got=f"a request to {_write_attempt(attempt)}")
    if expected.losses is not None:
        yield from _compare_losses((*path, "losses"), expected.losses, attempt.losses)
    if expected.path is not None and attempt.error is None and expected.path != attempt.path:
        yield Difference(path=(*path, "path"), expected=expected.path, got=attempt.path)
    if expected.body and attempt.error is None:
        yield from _compare_json((*path, "body"), expected.body, msgspec.json.decode(attempt.body or b"{}"))


def _compare_losses(path: KeyPath, expected: Sequence[str], losses: Sequence[Loss]) -> Iterator[Difference]:
    wanted = {each.removeprefix("$.") for each in expected}
    if wanted != {loss.path.removeprefix("$.") for loss in losses}:
        got = "; ".join(f"{loss.kind} {loss.path} ({loss.why})" for loss in losses)
        yield Difference(path=path, expected=", ".join(expected) or "no losses", got=got or "no losses")


def _compare_json(path: KeyPath, expected: object, got: object) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name, value in expected.items():
            yield from _compare_json((*path, name), value, got.get(name))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, value in enumerate(expected):
            yield from _compare_json((*path, index), value, got[index])
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        yield Difference(path=path, expected=_write_json(expected), got=_write_json(got))


def _pair(
    expected: Sequence[ExpectedTargetSection] | None, attempts: Sequence[DryAttempt]
) -> list[tuple[ExpectedTargetSection | None, DryAttempt]] | None:
    """Return each expected target with its attempt, in the expected order; None when they are not the same targets."""
    if expected is None or len(expected) != len(attempts):
        return None
    found: dict[int, DryAttempt] = {}
    start = 0
    for _, equals in groupby(attempts, key=lambda attempt: attempt.target.priority):
        left = list(equals)
        end = start + len(left)
        # those that name a model choose first: the others are content with what is left
        for index in sorted(range(start, end), key=lambda index: expected[index].model is None):
            fitting = next((each for each in left if _is_target(expected[index], each)), None)
            if fitting is None:
                return None
            left.remove(fitting)
            found[index] = fitting
        start = end
    return [(target, found[index]) for index, target in enumerate(expected)]


def _is_target(expected: ExpectedTargetSection, attempt: DryAttempt) -> bool:
    return expected.backend == attempt.target.backend.name and expected.model in {None, attempt.upstream_model}


def _error_for_caller(course: Course) -> GatewayError | None:
    """Return the error that ends the request: at once, or whichever target is tried first."""
    if course.error is not None or not course.attempts:
        return course.error
    first = course.attempts[0].target.priority
    errors = [attempt.error for attempt in course.attempts if attempt.target.priority == first]
    return errors[0] if len({(each.status, each.code) if each else None for each in errors}) == 1 else None


def _fits(expected: ExpectedErrorSection, error: GatewayError) -> bool:
    return expected.status in {None, error.status} and expected.code in {None, error.code}


def _write_course(course: Course) -> str:
    """Write where a request goes: ``a/m or b/m, then c/m``."""
    if course.error is not None:
        return _write_error(course.error)
    groups = groupby(course.attempts, key=lambda attempt: attempt.target.priority)
    return ", then ".join(" or ".join(map(_write_attempt, group)) for _, group in groups) or "no target"


def _write_attempt(attempt: DryAttempt) -> str:
    backend, model = attempt.target.backend.name, attempt.upstream_model
    return f"{backend}/{model}" if model else backend


def _write_targets(expected: ExpectationSection) -> str:
    """Write the expected targets: ``a/m, b``."""
    if not expected.targets:
        return "no error"
    return ", ".join(f"{each.backend}/{each.model}" if each.model else each.backend for each in expected.targets)


def _write_error(error: GatewayError) -> str:
    return f"the error {error.status} {error.code} ({error.message})"


def _write_expected_error(expected: ExpectedErrorSection) -> str:
    return f"the error {' '.join(str(each) for each in (expected.status, expected.code) if each is not None)}"


def _write_json(value: object) -> str:
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
