"""Every provider file: what can be checked of a declaration without its vendor."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from importlib import import_module
from itertools import permutations
from pathlib import Path
from string import Formatter
from typing import get_args
from urllib.parse import urlsplit

import msgspec
import pytest

import penstock.providers
from penstock.core.endpoint import EndpointId
from penstock.core.provider import Provider, fill_base_url, fill_path
from penstock.providers import all_providers, find_providers

FOLDER = Path(penstock.providers.__file__).parent
PROVIDERS = list(all_providers().values())
SAMPLE = {"*": "1", "[0-9]": "1"}


def sample_of(pattern: str) -> str:
    """Return a name that the pattern means."""
    name = re.sub(r"\[0-9]|\*", lambda match: SAMPLE[match[0]], pattern)
    assert fnmatchcase(name, pattern)
    return name


each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)


def test_every_file_is_a_provider() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert {provider.id.replace("-", "_") for provider in PROVIDERS} == files
    assert [provider.id for provider in PROVIDERS] == sorted(all_providers())


@each_provider
def test_a_provider_says_who_it_is(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", provider.id)
    assert provider.title.strip() == provider.title != ""


@each_provider
def test_base_urls_are_whole_and_encrypted_unless_local(provider: Provider) -> None:
    if provider.base_url is None:
        return
    url = urlsplit(fill_base_url(provider.base_url, provider.options()))
    assert url.scheme == "https" or url.hostname == "127.0.0.1"
    assert not url.query
    assert not provider.base_url.endswith("/")


@each_provider
def test_sources_are_addresses_and_a_day_in_the_past(provider: Provider) -> None:
    assert provider.docs
    assert all(urlsplit(url).scheme == "https" and urlsplit(url).hostname for url in provider.docs)
    assert date.fromisoformat(provider.verified) <= date.today()  # noqa: DTZ011 - a day, read in any zone
    module = import_module(f"penstock.providers.{provider.id.replace('-', '_')}")
    assert provider.id == "openai-compatible" or f"(read {provider.verified})" in " ".join(str(module.__doc__).split())


@each_provider
def test_paths_fill_and_stand_below_the_base_url(provider: Provider) -> None:
    options = provider.options()
    table = provider.path_table(options)
    native = provider.native_chat
    assert table or native
    assert set(table) <= set(get_args(EndpointId))
    assert provider.endpoints() == tuple(table)
    for template in (*table.values(), *((native.path, native.stream_path) if native else ())):
        path = fill_path(template, "a model/ü?", options)
        assert path.startswith("/")
        assert not set(path) & set("{} üö")
        assert path.isascii()


@each_provider
def test_path_templates_name_nothing_unknown(provider: Provider) -> None:
    known = {"model", *(option.name for option in msgspec.structs.fields(provider.options))}
    for template in provider.path_table(provider.options()).values():
        assert {name for _, name, _, _ in Formatter().parse(template) if name} <= known


@each_provider
def test_options_can_be_left_out_and_misspelt_ones_are_refused(provider: Provider) -> None:
    assert msgspec.convert({}, provider.options) == provider.options()
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"no_such_option": 1}, provider.options)


@each_provider
def test_a_key_that_is_needed_has_a_variable(provider: Provider) -> None:
    assert provider.key_env or not provider.key_required or "configuration" in provider.notes
    assert provider.key_header.name == provider.key_header.name.lower()
    for name in (*provider.key_env, *provider.base_url_env):
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)


def test_no_two_providers_read_one_variable() -> None:
    names = [name for provider in PROVIDERS for name in (*provider.key_env, *provider.base_url_env)]
    assert len(set(names)) == len(names)


@each_provider
def test_the_example_models_are_not_another_providers(provider: Provider) -> None:
    for model in provider.models:
        owners = {other.id for other in PROVIDERS if any(fnmatchcase(model, p) for p in other.model_patterns)}
        assert owners <= {provider.id} or not provider.model_patterns


def test_patterns_of_different_providers_do_not_overlap() -> None:
    for one, other in permutations(PROVIDERS, 2):
        names = [*map(sample_of, one.model_patterns), *one.models] if one.model_patterns else []
        taken = [(name, p) for name in names for p in other.model_patterns if fnmatchcase(name, p)]
        assert not taken, f"{one.id} and {other.id}"


@each_provider
def test_quirks_and_readings_say_what_they_do(provider: Provider) -> None:
    splices = provider.native_chat.splices if provider.native_chat else ()
    for function in (*provider.request_quirks, *splices, *filter(None, [provider.read_usage])):
        assert (function.__doc__ or "").strip().endswith((".", '."', "."))


def test_azure_has_both_ways_in() -> None:
    azure = all_providers()["azure-openai"]
    old = msgspec.convert({"api": "deployments", "api_version": "2025-01-01-preview"}, azure.options)
    paths = {
        api: fill_path(azure.path_table(options)["chat_completions"], "my gpt", options)
        for api, options in (("v1", azure.options()), ("deployments", old))
    }
    assert paths == {
        "v1": "/openai/v1/chat/completions",
        "deployments": "/openai/deployments/my%20gpt/chat/completions?api-version=2025-01-01-preview",
    }
    assert (azure.key_header.name, azure.key_header.prefix) == ("api-key", "")


@pytest.mark.parametrize(
    ("provider", "value", "base_url"),
    [
        ("openai", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1"),
        ("groq", "https://groq.example", "https://groq.example/openai/v1"),
        ("groq", "https://groq.example/openai/v1/", "https://groq.example/openai/v1"),
        ("azure-openai", "https://n.openai.azure.com/", "https://n.openai.azure.com"),
        ("anthropic", "https://a.example", "https://a.example/v1"),
        ("ollama", "0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("ollama", "[::]:11435", "http://[::1]:11435/v1"),
        ("ollama", "box:11435", "http://box:11435/v1"),
        ("ollama", ":11435", "http://127.0.0.1:11435/v1"),
        ("ollama", "https://ollama.com", "https://ollama.com/v1"),
        ("ollama", "http://box:8080/below/", "http://box:8080/below/v1"),
    ],
)
def test_base_urls_from_the_environment_are_read_as_the_vendor_means_them(
    provider: str, value: str, base_url: str
) -> None:
    assert all_providers()[provider].read_base_url(value) == base_url


def test_an_ollama_host_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="Port"):
        all_providers()["ollama"].read_base_url("box:eleven")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package of providers, ``found_here``, that can be imported."""
    folder = tmp_path / "found_here"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("found_here.")]:
        del sys.modules[name]


def worked_example() -> str:
    doc = (Path(__file__).parents[2] / "docs" / "adding-a-provider.md").read_text(encoding="utf-8")
    return doc.partition("```python\n")[2].partition("```")[0]


def test_the_worked_example_of_the_documentation_is_found(package: Path) -> None:
    (package / "nimbus_cloud.py").write_text(worked_example(), encoding="utf-8")
    found = find_providers([str(package)], "found_here")
    assert list(found) == ["nimbus-cloud"]
    assert found["nimbus-cloud"].base_url == "https://api.nimbus.example/v1"
    assert len(worked_example().splitlines()) <= 32


def test_a_file_that_declares_nothing_is_named(package: Path) -> None:
    (package / "empty.py").write_text('"""Nothing."""\n', encoding="utf-8")
    with pytest.raises(TypeError, match=r"found_here\.empty declares no PROVIDER"):
        find_providers([str(package)], "found_here")


def test_a_file_named_otherwise_than_its_provider_is_named(package: Path) -> None:
    (package / "other.py").write_text(worked_example(), encoding="utf-8")
    with pytest.raises(ValueError, match="'nimbus-cloud'"):
        find_providers([str(package)], "found_here")
