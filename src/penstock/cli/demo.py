"""``penstock demo``: a gateway with providers behind it, in one process, to try before anything is configured.

Providers whose keys are in the environment are the real ones; the others are simulated, and what is printed says which
is which. The gateway is the same as ``penstock serve`` runs, made from a configuration that could stand in a file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import click

from penstock.app.serving import serving
from penstock.cli.configuration import AddressType
from penstock.cli.simulate import DRAIN_GRACE_S, PACE_OPTION, SEED_OPTION, run_until_signal, signals, url_of
from penstock.config.address import Address
from penstock.config.compile_snapshot import compile_snapshot
from penstock.config.environment import find_providers
from penstock.config.loaded import Overrides
from penstock.config.problems import ConfigurationInvalid, Findings
from penstock.config.read_document import read_document
from penstock.config.yaml_tree import Value
from penstock.core.errors import OperatorError
from penstock.core.provider import Provider
from penstock.providers import all_providers
from penstock.relay.snapshot import Snapshot
from penstock.simulator.app import Settings, Simulator
from penstock.simulator.native import SIMULATED_AWS
from penstock.simulator.native_services import Service, all_services
from penstock.simulator.pace import Pace
from penstock.simulator.serving import listen
from penstock.simulator.vendors import Vendor, all_vendors

SIMULATED = ("openai", "mistral", "groq", "gemini", "deepseek")
"""The providers that the demo has in any case, and whose format is OpenAI's."""
NATIVE = ("anthropic", "bedrock", "gemini-native", "cohere-native")
"""Those with a format of their own."""
FAULT_BACKEND = "simulator"


@dataclass(frozen=True, slots=True)
class DemoBackend:
    """One provider of the demo."""

    name: str
    settings: dict[str, Value] = field(repr=False)  # a key may stand in it
    variable: str | None
    """Where the real provider's key is; None: it is simulated."""
    model: str


@click.command()
@click.option("--listen", "gateway", type=AddressType(), default="127.0.0.1:1975", show_default=True)
@click.option("--admin", type=AddressType(), default="127.0.0.1:1064", show_default=True)
@click.option("--simulator", type=AddressType(), default="127.0.0.1:0", help="Where the simulator listens.")
@PACE_OPTION
@SEED_OPTION
def demo(gateway: Address, admin: Address, simulator: Address, pace: Pace, seed: int) -> None:
    """Serve a gateway in front of simulated providers.

    Where the environment has a provider's key, that provider is the real one. The exit status is 1 when an address is
    taken.
    """
    overrides = Overrides(listen=(gateway,), admin=admin)
    run_until_signal(_serve(overrides, simulator, Settings(pace=pace, seed=seed), os.environ))


async def _serve(overrides: Overrides, simulator: Address, settings: Settings, environ: Mapping[str, str]) -> None:
    simulated = await listen(Simulator(settings), host=simulator.host, port=simulator.port)
    try:
        backends = choose_backends(environ, url_of(simulated))
        async with serving(build_snapshot(backends, overrides), grace_s=DRAIN_GRACE_S) as running:
            click.echo(describe(backends, running.url, url_of(simulated)))
            with signals() as stop:
                await stop.wait()
    finally:
        await simulated.drain(DRAIN_GRACE_S)


def choose_backends(environ: Mapping[str, str], simulator_url: str) -> list[DemoBackend]:
    """Return the demo's providers: the real ones that the environment has keys for, and simulated ones.

    Raises:
        OperatorError: a provider's address in the environment cannot be used.
    """
    found, _remarks = find_providers(environ)
    real = {one.provider.id: _read_real(one.provider, one.key_variable, one.url_variable, environ) for one in found}
    vendors = {vendor.id: vendor for vendor in sorted(all_vendors(), key=_place)}
    services = {service.id: service for service in all_services() if service.id in NATIVE}
    simulated = {id_: _simulate_vendor(vendor, simulator_url) for id_, vendor in vendors.items() if id_ in SIMULATED}
    simulated |= {id_: _simulate_service(service, simulator_url) for id_, service in services.items()}
    chosen = [real.get(id_) or simulated.get(id_) for id_ in (*vendors, *services)]
    own: dict[str, Value] = {"provider": "openai-compatible", "base_url": simulator_url + all_vendors()[0].base_path}
    faults = DemoBackend(FAULT_BACKEND, own, None, f"{FAULT_BACKEND}/fault-429")
    return [*(one for one in chosen if one is not None), faults]


def _read_real(
    provider: Provider, key_variable: str | None, url_variable: str | None, environ: Mapping[str, str]
) -> DemoBackend | None:
    """Return a real provider, or None where the environment has no key for it."""
    if not key_variable:
        return None
    settings: dict[str, Value] = {"provider": provider.id, "api_key": environ[key_variable].strip()}
    if url_variable:
        settings["base_url"] = _read_base_url(provider, url_variable, environ)
    options: dict[str, Value] = {
        option: environ[name].strip()
        for option, names in provider.option_env.items()
        for name in names[::-1]
        if environ.get(name, "").strip()
    }
    if options:
        settings["options"] = options
    return DemoBackend(provider.id, settings, key_variable, _shown_model(provider.id))


def _shown_model(id_: str) -> str:
    """Return a model of a provider, by a name that the gateway sends there."""
    for vendor in all_vendors():
        if vendor.id == id_:
            return vendor.models[0]
    service = next((one for one in all_services() if one.id == id_), None)
    model = service.model if service is not None else "model"
    patterns = all_providers()[id_].model_patterns
    return model if any(fnmatchcase(model, one) for one in patterns) else f"{id_}/{model}"


def _simulate_vendor(vendor: Vendor, simulator_url: str) -> DemoBackend:
    settings: dict[str, Value] = {
        "provider": vendor.id,
        "api_key": "simulated",
        "base_url": simulator_url + vendor.base_path,
    }
    return DemoBackend(vendor.id, settings, None, _shown_model(vendor.id))


def _simulate_service(service: Service, simulator_url: str) -> DemoBackend:
    """Return a provider with a format of its own; what is sent to AWS is signed, with the simulator's key."""
    settings: dict[str, Value] = {"provider": service.id, "base_url": simulator_url + service.base_path}
    if service.id == "bedrock":
        secret = SIMULATED_AWS.secret_key.reveal()
        settings["aws"] = {"access_key_id": SIMULATED_AWS.access_key, "secret_access_key": secret}
    else:
        settings["api_key"] = "simulated"
    return DemoBackend(service.id, settings, None, _shown_model(service.id))


def _place(vendor: Vendor) -> int:
    """Put the demo's own providers first, in their order."""
    return SIMULATED.index(vendor.id) if vendor.id in SIMULATED else len(SIMULATED)


def _read_base_url(provider: Provider, variable: str, environ: Mapping[str, str]) -> str:
    try:
        return provider.read_base_url(environ[variable].strip())
    except ValueError:
        msg = f"{variable} is not an address that {provider.title} can have"
        raise OperatorError(msg) from None


def build_snapshot(backends: Sequence[DemoBackend], overrides: Overrides) -> Snapshot:
    """Make the gateway's configuration.

    Raises:
        ConfigurationInvalid: a value from the environment cannot be used.
    """
    findings = Findings()
    for backend in backends:
        if backend.variable:
            findings.hide(str(backend.settings["api_key"]), backend.variable)
    values: dict[str, Value] = {backend.name: backend.settings for backend in backends}
    document = read_document({"backends": values}, Path(), findings)
    snapshot, _explanation = compile_snapshot(document, overrides, findings, "demo")
    if findings.failed:
        raise ConfigurationInvalid(findings.sorted())
    return snapshot


def describe(backends: Sequence[DemoBackend], gateway_url: str, simulator_url: str) -> str:
    """Say what runs, which answers are simulated, and what to try."""
    width = max(len(one.name) for one in backends)
    kinds = max(len(_kind(one)) for one in backends)
    rows = "\n".join(f"  {one.name:<{width}}  {_kind(one):<{kinds}}  {one.model}" for one in backends)
    chat, embedding = backends[0].model, _embedding_model(backends)
    post = f"curl {gateway_url}/v1/chat/completions -H 'content-type: application/json'"
    hello = '"messages": [{"role": "user", "content": "Hello"}]'
    return f"""\
Penstock's demo: a gateway on {gateway_url}, with these providers behind it, and a model of each:

{rows}

Simulated answers come from {simulator_url} in this process: no model is asked, and they say so.

Chat, and the same as a stream:
  {post} \\
    -d '{{"model": "{chat}", {hello}}}'
  {post} -N \\
    -d '{{"model": "{chat}", "stream": true, {hello}}}'

The same in Anthropic's format, from any of them:
  curl {gateway_url}/v1/messages -H 'content-type: application/json' \\
    -d '{{"model": "{_anthropic_model(backends)}", "max_tokens": 500, {hello}}}'

Embeddings, and all models:
  curl {gateway_url}/v1/embeddings -H 'content-type: application/json' \\
    -d '{{"model": "{embedding}", "input": "Hello"}}'
  curl {gateway_url}/v1/models

A provider that refuses, one that breaks off, and all faults there are:
  {post} -i \\
    -d '{{"model": "{FAULT_BACKEND}/fault-429", {hello}}}'
  {post} -N \\
    -d '{{"model": "{FAULT_BACKEND}/fault-cut-mid-stream", "stream": true, {hello}}}'
  curl {simulator_url}/simulator/faults

Python (pip install openai):
  from openai import OpenAI
  client = OpenAI(base_url="{gateway_url}/v1", api_key="unused")
  stream = client.chat.completions.create(
      model="{chat}", messages=[{{"role": "user", "content": "Hello"}}], stream=True
  )
  for event in stream:
      print(event.choices[0].delta.content or "", end="", flush=True)

Each request is one line below. Ctrl-C ends it all."""


def _kind(backend: DemoBackend) -> str:
    if backend.name == FAULT_BACKEND:
        return "simulated, with faults by model name"
    return f"REAL, with the key in {backend.variable}: it may charge you" if backend.variable else "simulated"


def _anthropic_model(backends: Sequence[DemoBackend]) -> str:
    return next(one.model for one in backends if one.name == "anthropic")


def _embedding_model(backends: Sequence[DemoBackend]) -> str:
    """Return a model that embeds: of the first provider that has one, or else a simulated one."""
    vendors = {vendor.id: vendor for vendor in all_vendors()}
    for backend in backends:
        vendor = vendors.get(backend.name)
        if vendor is not None and "embeddings" in vendor.paths.values():
            return next((name for name in vendor.models if "embed" in name), f"{backend.name}/simulated-embedding")
    return f"{FAULT_BACKEND}/simulated-embedding"
