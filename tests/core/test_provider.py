"""What a declaration can be asked: its paths and its base URL."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.provider import Options, PathTable, Provider, as_given, below_root, fill_path


class Versioned(Options, frozen=True):
    version: str = "1"


def test_model_and_options_fill_a_path() -> None:
    path = fill_path("/{model}/x?version={version}", "org/name:1", Versioned(version="a&b"))
    assert path == "/org%2Fname:1/x?version=a%26b"


@given(st.text(max_size=20))
def test_a_model_name_never_leaves_its_segment(model: str) -> None:
    try:
        model.encode()
    except UnicodeEncodeError:
        return
    path = fill_path("/a/{model}/b", model, Options())
    assert path.isascii()
    assert path.count("/") == 3
    assert not set(path) & set("?#% \r\n{}\\") - {"%"}


def test_an_address_loses_only_its_last_slash() -> None:
    assert as_given("http://127.0.0.1:9/v1/") == as_given("http://127.0.0.1:9/v1") == "http://127.0.0.1:9/v1"


def test_a_root_gets_its_prefix_once() -> None:
    read = below_root("/v1")
    assert {read("https://a.example"), read("https://a.example/v1"), read("https://a.example/v1/")} == {
        "https://a.example/v1"
    }


def test_paths_may_follow_the_options() -> None:
    def paths(options: Options) -> PathTable:
        return {"embeddings": f"/{options.version}" if isinstance(options, Versioned) else "/"}

    provider = Provider(
        id="p",
        title="P",
        base_url=None,
        paths=paths,
        options=Versioned,
        docs=("https://p.example",),
        verified="2026-11-23",
    )
    assert provider.path_table(Versioned(version="2")) == {"embeddings": "/2"}
    assert provider.endpoints() == ("embeddings",)
