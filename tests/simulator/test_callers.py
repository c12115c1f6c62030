from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from penstock.core.secret import Secret
from penstock.simulator.callers import AWS_SERVICE, aws, bearer, key_in
from penstock.simulator.native import SIMULATED_AWS, Knock
from penstock.simulator.openai_errors import VendorError
from penstock.transport.server_request import ServerRequest
from penstock.upstream_auth.sigv4 import DATE_FORMAT, AwsCredentials, Signer

NOW_S = 1_800_000_000.0
AMZ_DATE = datetime.fromtimestamp(NOW_S, UTC).strftime(DATE_FORMAT)


@dataclass
class Given:
    """The parts of a request that a check looks at."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    method: str = "POST"
    path: str = "/bedrock/model/a%3A1/converse"
    query: str = ""
    body: bytes = b"{}"

    def header(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)


def knock(required: str | None = None, **headers: str) -> Knock:
    given = Given([(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])
    return Knock(cast("ServerRequest", given), Secret(required) if required else None, SIMULATED_AWS, NOW_S)


def signed(credentials: AwsCredentials = SIMULATED_AWS, region: str = "eu-west-3", service: str = AWS_SERVICE) -> Knock:
    given = Given()
    lines = Signer(region, service).sign(
        credentials,
        method="POST",
        path=given.path,
        query="",
        host="h",
        headers={},
        body=given.body,
        amz_date=AMZ_DATE,
    )
    given.headers = [(b"host", b"h")]
    for line in lines.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        given.headers += [(name.encode(), value.encode())] if name else []
    return Knock(cast("ServerRequest", given), None, SIMULATED_AWS, NOW_S)


def refused(check: Any, one: Knock) -> VendorError:
    with pytest.raises(VendorError) as found:
        check(one)
    return found.value


def test_a_key_is_taken_from_any_of_its_headers() -> None:
    check = key_in("x-api-key", "authorization")
    check(knock(x_api_key="any"))
    check(knock("right", authorization="Bearer right"))
    for one in (knock(), knock("right", x_api_key="wrong"), knock(x_api_key=" ")):
        assert refused(check, one).status == 401


def test_a_bearer_token_is_a_token_behind_the_word() -> None:
    bearer(knock(authorization="Bearer any"))
    bearer(knock("right", authorization="Bearer right"))
    for one in (
        knock(),
        knock(authorization="any"),
        knock(authorization="Bearer "),
        knock("a", authorization="Bearer b"),
    ):
        assert refused(bearer, one).status == 401


def test_a_signature_is_checked_for_any_region_and_an_api_key_will_do() -> None:
    aws(signed())
    aws(signed(region="us-east-1"))
    aws(knock(authorization="Bearer key"))


def test_a_wrong_signature_is_refused_with_aws_s_word() -> None:
    other = AwsCredentials(SIMULATED_AWS.access_key, Secret("wrong"))
    stranger = AwsCredentials("SOMEBODYELSE00000001", SIMULATED_AWS.secret_key)
    changed = signed()
    cast("Any", changed.request).body = b'{"a": 1}'
    cases = [
        (signed(other), "InvalidSignatureException"),
        (signed(stranger), "UnrecognizedClientException"),
        (signed(service="s3"), "InvalidSignatureException"),
        (changed, "InvalidSignatureException"),
        (knock(), "MissingAuthenticationTokenException"),
        (knock("right", authorization="Bearer wrong"), "AccessDeniedException"),
    ]
    for one, code in cases:
        error = refused(aws, one)
        assert (error.status, error.code) == (403, code)
