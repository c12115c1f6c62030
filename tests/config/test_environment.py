from __future__ import annotations

import re

import pytest

from penstock.config.address import Address
from penstock.config.environment import describe_variables, find_providers, load_environment
from penstock.config.loaded import Overrides
from penstock.config.problems import ConfigurationInvalid
from penstock.core.errors import OperatorError
from penstock.core.secret import Secret
from penstock.core.upstream_credentials import AwsCredentials, GcpCredentials
from penstock.providers import all_providers
from penstock.routing.choose_model import choose
from penstock.upstream_auth import sources

_EVERY_KEY = {name: f"key-of-{name}" for provider in all_providers().values() for name in provider.key_env[:1]}


def test_every_provider_whose_key_is_set_serves_at_once() -> None:
    azure = {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com/"}

    loaded = load_environment({**_EVERY_KEY, **azure})

    expected = {provider.id: provider for provider in all_providers().values() if provider.key_env}
    assert set(loaded.snapshot.backends) == set(expected)
    for name, backend in loaded.snapshot.backends.items():
        assert backend.api_key == Secret(f"key-of-{expected[name].key_env[0]}")
        for model in expected[name].models:
            assert choose(loaded.snapshot.models, loaded.snapshot.patterns, f"{name}/{model}")[1] == model
    assert "Configuration: environment" in loaded.explanation[0]
    assert "OpenAI: OPENAI_API_KEY is set" in loaded.explanation


def test_explanation_holds_no_key() -> None:
    assert "key-of" not in repr(load_environment(_EVERY_KEY))


def test_base_url_of_a_variable_is_used() -> None:
    environ = {"OPENAI_API_KEY": " k\n", "OPENAI_BASE_URL": "http://127.0.0.1:9/x/v1/"}

    loaded = load_environment(environ)

    backend = loaded.snapshot.backends["openai"]
    assert (backend.scheme, backend.host, backend.port, backend.base_path) == ("http", "127.0.0.1", 9, "/x/v1")
    assert backend.api_key == Secret("k")
    assert "OpenAI: OPENAI_API_KEY and OPENAI_BASE_URL are set" in loaded.explanation


@pytest.mark.parametrize("host", ["127.0.0.1:11434", "0.0.0.0", "http://127.0.0.1:11434"])
def test_local_server_is_found_by_its_address(host: str) -> None:
    backend = load_environment({"OLLAMA_HOST": host}).snapshot.backends["ollama"]

    assert (backend.host, backend.port, backend.base_path, backend.api_key) == ("127.0.0.1", 11434, "/v1", None)


def test_sole_provider_serves_every_name() -> None:
    snapshot = load_environment({"OPENAI_API_KEY": "k"}).snapshot

    assert choose(snapshot.models, snapshot.patterns, "anything-at-all")[0].targets[0].backend.name == "openai"


def test_address_alone_is_no_provider_where_a_key_is_needed() -> None:
    assert find_providers({"OPENAI_BASE_URL": "https://h/v1", "GROQ_API_KEY": "  "}) == ([], [])


def test_provider_that_lacks_its_address_is_left_out_and_mentioned() -> None:
    remark = "Azure OpenAI: AZURE_OPENAI_API_KEY is set, but it also needs AZURE_OPENAI_ENDPOINT; left out"

    assert remark in load_environment({"OPENAI_API_KEY": "k", "AZURE_OPENAI_API_KEY": "k"}).explanation
    with pytest.raises(OperatorError, match=re.escape(remark)):
        load_environment({"AZURE_OPENAI_API_KEY": "k"})


def test_with_nothing_set_every_variable_is_named() -> None:
    with pytest.raises(OperatorError) as caught:
        load_environment({})

    for provider in all_providers().values():
        assert all(variable in str(caught.value) for variable in provider.key_env)
    assert "AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT" in describe_variables()
    assert "OLLAMA_HOST" in describe_variables()
    assert str(caught.value).endswith("penstock demo")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"OPENAI_API_KEY": "sk canary"}, "error: OPENAI_API_KEY: must be one line of ASCII characters without spaces"),
        (
            {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": "https://canary@h/v1"},
            "error: OPENAI_BASE_URL: must not hold a user name or password; the key belongs in api_key",
        ),
        ({"OLLAMA_HOST": "127.0.0.1:http"}, "error: OLLAMA_HOST: is not an address that this provider can have"),
    ],
)
def test_value_that_cannot_be_used_is_refused_by_the_variables_name(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        load_environment(environ)

    assert [str(problem) for problem in caught.value.problems] == [message]


def test_public_address_needs_permission_without_client_keys() -> None:
    everywhere = Address("0.0.0.0", 1975)

    with pytest.raises(ConfigurationInvalid, match=r"--listen: 0\.0\.0\.0:1975 can be reached by others"):
        load_environment({"OPENAI_API_KEY": "k"}, Overrides(listen=(everywhere,)))
    snapshot = load_environment({"OPENAI_API_KEY": "k"}, Overrides(listen=(everywhere,), allow_anonymous=True)).snapshot
    assert (snapshot.listener.host, snapshot.listener.allow_anonymous) == ("0.0.0.0", True)


def test_a_clouds_own_chain_is_used_where_its_variables_are_set() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}
    backend = load_environment(environ).snapshot.backends["bedrock"]
    assert backend.credentials == AwsCredentials(region="eu-west-1")
    assert backend.host == "bedrock-runtime.eu-west-1.amazonaws.com"

    google = {"GOOGLE_APPLICATION_CREDENTIALS": "/a.json", "GOOGLE_CLOUD_PROJECT": "p"}
    vertex = load_environment(google).snapshot.backends["vertex"]
    assert vertex.credentials == GcpCredentials()
    assert vertex.base_path == "/v1/projects/p/locations/global"


def test_a_cloud_that_lacks_something_is_left_out_with_a_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    usable, remarks = find_providers({"GOOGLE_APPLICATION_CREDENTIALS": "/a.json"})
    assert not usable
    assert "needs GOOGLE_CLOUD_PROJECT or GCLOUD_PROJECT; left out" in remarks[0]

    monkeypatch.setattr(sources, "_installed", lambda _module: False)
    usable, remarks = find_providers({"AWS_ACCESS_KEY_ID": "a"})
    assert not usable
    assert "pip install 'penstock[aws]'" in remarks[0]


def test_an_organisation_and_a_project_are_sent_as_headers() -> None:
    environ = {"OPENAI_API_KEY": "k", "OPENAI_ORG_ID": " org-1 ", "OPENAI_PROJECT_ID": ""}
    assert load_environment(environ).snapshot.backends["openai"].headers == {"openai-organization": "org-1"}


@pytest.mark.parametrize(("version", "dated"), [("2025-01-01-preview", True), ("", False)])
def test_a_version_in_the_environment_means_azures_dated_api(version: str, dated: bool) -> None:
    environ = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://n.openai.azure.com"}
    backend = load_environment({**environ, "OPENAI_API_VERSION": version}).snapshot.backends["azure-openai"]
    path = backend.provider.path_table(backend.options)["chat_completions"]
    assert ("deployments" in path) is dated
