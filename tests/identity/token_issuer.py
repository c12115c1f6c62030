"""An issuer of tokens: its keys, and whatever tokens a test wants of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
ISSUER = "https://login.example.com"


@cache
def private_key(algorithm: str, number: int = 0) -> PrivateKey:
    """Return a key for an algorithm; the same for the same number."""
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm.startswith("ES"):
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        return ec.generate_private_key(curves[algorithm])
    return rsa.generate_private_key(65537, 2048)


def public_jwk(algorithm: str, kid: str | None = "1", number: int = 0, **more: Any) -> dict[str, Any]:
    """Return the public half, as a JSON Web Key."""
    key = private_key(algorithm, number)
    if isinstance(key, rsa.RSAPrivateKey):
        found = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        found = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwk = {**found, **more}
    jwk.pop("key_ops", None)
    return jwk if kid is None else {**jwk, "kid": kid}


def token(algorithm: str = "RS256", kid: str | None = "1", number: int = 0, **claims: Any) -> str:
    """Return a token that is right, but for what ``claims`` say (None takes one out)."""
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": "ann", "aud": "penstock", "iat": now, "exp": now + 600}
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(said, private_key(algorithm, number), algorithm, {} if kid is None else {"kid": kid})


@dataclass
class KeyServer:
    """Serves a JSON Web Key Set."""

    url: str = ""
    status: int = 200
    keys: list[dict[str, Any]] = field(default_factory=list)
    body: bytes | None = None
    asked: int = 0


@contextmanager
def key_server(*keys: dict[str, Any]) -> Iterator[KeyServer]:
    """Serve keys on loopback; what is served may be changed meanwhile."""
    served = KeyServer(keys=list(keys))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            body = served.body if served.body is not None else json.dumps({"keys": served.keys}).encode()
            self.send_response(served.status)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_port}/keys"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
