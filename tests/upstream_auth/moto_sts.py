"""Amazon's token service on loopback, as moto plays it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import botocore.session
from moto.server import ThreadedMotoServer

from penstock.upstream_auth.sigv4 import AwsCredentials
from tests.upstream_auth.local_server import Answer, Asked


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto on a port of the system's choice; give its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def who_is(keys: AwsCredentials, url: str) -> str:
    """Ask the token service who these keys are, in a request that they sign."""
    session = botocore.session.Session()
    token = keys.token.reveal() if keys.token else None
    session.set_credentials(keys.access_key, keys.secret_key.reveal(), token)
    client = session.create_client("sts", region_name="us-east-1", endpoint_url=url)
    try:
        return str(client.get_caller_identity()["Arn"])
    finally:
        client.close()


def pass_on(url: str, asked: Asked) -> Answer:
    """Ask the token service what we were asked, and return its answer."""
    headers = {name: value for name, value in asked.headers.items() if name not in {"host", "content-length"}}
    with urllib.request.urlopen(urllib.request.Request(url, data=asked.body, headers=headers)) as answer:
        return Answer(bytes(answer.read()), headers={"content-type": "text/xml"})
