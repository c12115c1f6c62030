"""How callers of simulated vendors prove who they are: a key in a header, a bearer token, an AWS signature.

Without a required key any key will do, but one there must be, as at the real vendors. Signatures are checked against
the one AWS key that the simulator knows.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable

from penstock.simulator.native import Knock
from penstock.simulator.openai_errors import VendorError
from penstock.upstream_auth.sigv4 import SignatureRefused, Signer, verify

AWS_SERVICE = "bedrock"
_SCOPE = re.compile(r"Credential=[^/, ]+/\d{8}/([^/, ]+)/")
_DEFAULT_REGION = "us-east-1"


def key_in(*headers: str) -> Callable[[Knock], None]:
    """Return a check for a key in the first of these headers that is there; ``authorization`` has it as a bearer."""

    def check(knock: Knock) -> None:
        for name in headers:
            given = knock.request.header(name.encode())
            if given is not None:
                _check_key(knock, given.removeprefix(b"Bearer ") if name == "authorization" else given)
                return
        message = f"No credentials were given: the header '{headers[0]}' is missing."
        raise VendorError(401, message, code="missing_credentials")

    return check


def bearer(knock: Knock) -> None:
    """Check for a bearer token.

    Raises:
        VendorError: there is none, or it is another than the required one.
    """
    given = knock.request.header(b"authorization") or b""
    token = given.removeprefix(b"Bearer ")
    if token == given or not token.strip():
        message = "Request is missing required authentication credential: a bearer token in 'authorization'."
        raise VendorError(401, message, code="missing_credentials")
    _check_key(knock, token)


def aws(knock: Knock) -> None:
    """Check for a signature by the known AWS key, for whatever region, or a Bedrock API key as a bearer token.

    Raises:
        VendorError: there is neither, or it is wrong; the code is AWS's own word.
    """
    request = knock.request
    given = request.header(b"authorization") or b""
    if given.startswith(b"Bearer "):
        try:
            bearer(knock)
        except VendorError as error:
            message = "Authentication failed: Please make sure your API Key is valid."
            raise VendorError(403, message, code="AccessDeniedException") from error
        return
    region = _SCOPE.search(given.decode("latin-1"))
    signer = Signer(region[1] if region else _DEFAULT_REGION, AWS_SERVICE)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    try:
        verify(
            signer,
            knock.aws,
            knock.now(),
            method=request.method,
            path=request.path,
            query=request.query,
            headers=headers,
            body=request.body,
        )
    except SignatureRefused as error:
        raise VendorError(403, str(error), code=error.code) from error


def _check_key(knock: Knock, given: bytes) -> None:
    wanted = knock.required_key
    if not given.strip() or (wanted is not None and not hmac.compare_digest(given, wanted.reveal().encode())):
        message = "The given key or token is not valid."
        raise VendorError(401, message, code="invalid_credentials")
