"""``penstock providers``: which providers there are, and which endpoints each offers."""

from __future__ import annotations

import json

import click
import msgspec

from penstock.cli.provider_table import offer_of, render_text
from penstock.core.provider import Provider
from penstock.data import RealClients, real_clients
from penstock.endpoints import declared_endpoints
from penstock.providers import all_providers


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write a JSON array to standard output.")
def providers(as_json: bool) -> None:
    """List the providers and what they offer.

    The first column is what `provider:` takes in a configuration.
    """
    if as_json:
        click.echo(json.dumps([_describe(provider) for provider in all_providers().values()], indent=2))
    else:
        click.echo(render_text(), nl=False)


def _describe(provider: Provider) -> dict[str, object]:
    return {
        "id": provider.id,
        "title": provider.title,
        "base_url": provider.base_url,
        "endpoints": {endpoint.id: offer_of(provider, endpoint) for endpoint in declared_endpoints()},
        "real_clients": msgspec.to_builtins(real_clients().get(provider.id, RealClients())),
        "credentials": list(provider.credentials),
        "key_required": provider.key_required,
        "key_variables": list(provider.key_env),
        "base_url_variables": list(provider.base_url_env),
        "documentation": list(provider.docs),
        "verified": provider.verified,
        "notes": provider.notes,
    }
