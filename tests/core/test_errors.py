"""The tree of errors is the one that its docstring draws."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest

from penstock.core import errors
from penstock.core.errors import ClientFault, GatewayError, GatewayFault, InvalidRequest, OperatorError, UpstreamFault

GROUPS = {"ClientFault": ClientFault, "UpstreamFault": UpstreamFault, "GatewayFault": GatewayFault}
_LEAF = re.compile(
    r"^    (?:│|) +[├└]── (\w+) +(\d{3}) +(\w+)(?: \(or finer\))? +(yes|no)(?:, before the first byte)?$"
)
_GROUP = re.compile(r"^    [├└]── (\w+)$")


def leaves(kind: type[GatewayError] = GatewayError) -> list[type[GatewayError]]:
    below = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [leaf for child in below for leaf in leaves(child)] if below else [kind]


def drawn() -> dict[str, tuple[str, int, str, bool]]:
    """Return what the docstring draws: group, status, code and whether another target may be tried."""
    found: dict[str, tuple[str, int, str, bool]] = {}
    group = ""
    for line in (errors.__doc__ or "").splitlines():
        if match := _GROUP.match(line):
            group = match[1]
        elif match := _LEAF.match(line):
            found[match[1]] = (group, int(match[2]), match[3], match[4] == "yes")
    return found


def test_the_drawing_is_the_tree() -> None:
    described = drawn()
    assert set(described) == {leaf.__name__ for leaf in leaves()}
    for leaf in leaves():
        group, status, code, retryable = described[leaf.__name__]
        assert leaf.__bases__ == (GROUPS[group],)
        assert (leaf.status, leaf.default_code, leaf.retryable) == (status, code, retryable)


def test_every_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.default_code for leaf in leaves()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z][a-z_]+", code) for code in codes)


@pytest.mark.parametrize("leaf", leaves())
def test_every_leaf_says_whose_fault_it_is(leaf: type[GatewayError]) -> None:
    assert HTTPStatus(leaf.status) >= 400
    assert issubclass(leaf, GROUPS[f"{leaf.fault.capitalize()}Fault"])
    assert leaf.__doc__


@pytest.mark.parametrize("leaf", leaves())
def test_the_text_is_shown_and_the_detail_is_not(leaf: type[GatewayError]) -> None:
    error = leaf("shown", param="model", headers=(("retry-after", "1"),), detail="10.0.0.1:443")
    assert (error.message, error.code, error.param) == ("shown", leaf.default_code, "model")
    assert error.headers == (("retry-after", "1"),)
    assert error.detail == "10.0.0.1:443"
    assert "10.0.0.1" not in f"{error} {error!r}"


def test_a_finer_code_replaces_the_general_one() -> None:
    assert InvalidRequest("x", code="invalid_json").code == "invalid_json"
    assert InvalidRequest.default_code == "invalid_request"


def test_the_operators_error_is_none_of_a_request() -> None:
    assert not issubclass(OperatorError, GatewayError)
