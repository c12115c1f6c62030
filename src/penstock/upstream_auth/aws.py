"""Keys that sign requests to Amazon, by botocore's own chain or by assuming a role. Blocks: for the thread of a fetch.

What :class:`~penstock.core.upstream_credentials.AwsCredentials` declares, in this order:

- an identity from an OpenID provider or a token in a file: ``AssumeRoleWithWebIdentity``, which needs no keys;
- declared keys, or what botocore's chain finds (environment, profiles, web identity, SSO, process, container and Pod
  Identity endpoint, instance metadata), and with them ``AssumeRole`` if a role is declared.

Every fetch begins anew with a fresh session, so that a replaced file, token or pod identity is seen, and nothing that
botocore remembered hides the age of a key. The signing itself is :mod:`penstock.upstream_auth.sigv4`; addresses of the
service are the backend's.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html,
https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html (read 2026-11-23).
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypedDict, cast

import botocore
import botocore.exceptions
import botocore.parsers
import botocore.session
from botocore.config import Config

from penstock.core.secret import Secret
from penstock.core.upstream_credentials import AwsCredentials, secrets_of
from penstock.upstream_auth import sigv4
from penstock.upstream_auth.fetching import Fetched, FetchFailed, silence
from penstock.upstream_auth.oidc_exchange import identity_steps
from penstock.upstream_auth.token_endpoint import ask_all

READ_AGAIN_S = 300.0
"""Keys without an expiry may stand in a file that is replaced; the chain is asked again after this."""

FAILURES = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    botocore.parsers.ResponseParserError,
    OSError,
    RuntimeError,  # keys that are still expired after being refreshed
    ValueError,
    LookupError,  # botocore reads answers as if they had every member, and of its type
    TypeError,
    AttributeError,
)
_ONE_WORD = re.compile(r"[\x21-\x7e]+")


class _StsKeys(TypedDict):
    AccessKeyId: str
    SecretAccessKey: str
    SessionToken: str
    Expiration: datetime


class _StsAnswer(TypedDict):
    Credentials: _StsKeys


class _StsClient(Protocol):
    """The two operations of botocore's client that are used here."""

    def assume_role(self, **parameters: str) -> _StsAnswer: ...

    def assume_role_with_web_identity(self, **parameters: str) -> _StsAnswer: ...

    def close(self) -> None: ...


class _FrozenKeys(Protocol):
    """As the chain was given them: metadata services and files may hold anything."""

    access_key: object
    secret_key: object
    token: object


class _ChainKeys(Protocol):
    """What the chain finds; keys that expire have a private member for when."""

    def get_frozen_credentials(self) -> _FrozenKeys: ...


def fetch_aws(declared: AwsCredentials) -> Fetched[sigv4.AwsCredentials]:
    """Obtain keys. Blocks for as long as Amazon's endpoints take.

    Raises:
        FetchFailed: there are none, or a role cannot be assumed.
    """
    silence("botocore")
    try:
        session = _session(declared)
        if declared.oidc is not None:
            return _by_web_identity(session, declared, ask_all(identity_steps(declared.oidc)).reveal())
        if declared.web_identity_token_file is not None:
            token = Path(declared.web_identity_token_file).read_text(encoding="utf-8").strip()
            return _by_web_identity(session, declared, token)
        return _by_role(session, declared) if declared.role_arn is not None else _by_chain(session)
    except FAILURES as error:
        msg = f"{type(error).__name__}: {error}"
        raise FetchFailed(msg, secrets_of(declared)) from error


def _session(declared: AwsCredentials) -> botocore.session.Session:
    profile = declared.profile or ("default" if declared.credentials_file else None)
    session = botocore.session.Session(profile=profile)
    session.set_config_variable("region", declared.region)
    if declared.credentials_file is not None:
        session.set_config_variable("credentials_file", declared.credentials_file)
    if declared.access_key_id is not None and declared.secret_access_key is not None:
        token = declared.session_token.reveal() if declared.session_token else None
        session.set_credentials(declared.access_key_id, declared.secret_access_key.reveal(), token)
    session.set_default_client_config(
        Config(connect_timeout=10, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"})
    )
    return session


def _by_chain(session: botocore.session.Session) -> Fetched[sigv4.AwsCredentials]:
    found = cast("_ChainKeys | None", session.get_credentials())
    if found is None:
        msg = "no keys in the environment, a profile, a container's or the instance's metadata"
        raise FetchFailed(msg)
    frozen = found.get_frozen_credentials()
    expiry: object = getattr(found, "_expiry_time", None)
    keys = _usable(frozen.access_key, frozen.secret_key, frozen.token)
    if isinstance(expiry, datetime):
        return Fetched(keys, expiry.timestamp())
    return Fetched(keys, read_again_s=READ_AGAIN_S)


def _by_role(session: botocore.session.Session, declared: AwsCredentials) -> Fetched[sigv4.AwsCredentials]:
    parameters = {"RoleArn": declared.role_arn or "", "RoleSessionName": declared.role_session_name}
    if declared.external_id is not None:
        parameters["ExternalId"] = declared.external_id
    client = _sts(session, declared, Config())
    try:
        return _from_sts(client.assume_role(**parameters))
    finally:
        client.close()


def _by_web_identity(
    session: botocore.session.Session, declared: AwsCredentials, token: str
) -> Fetched[sigv4.AwsCredentials]:
    client = _sts(session, declared, Config(signature_version=botocore.UNSIGNED))
    try:
        answer = client.assume_role_with_web_identity(
            RoleArn=declared.role_arn or "", RoleSessionName=declared.role_session_name, WebIdentityToken=token
        )
    except FAILURES as error:
        msg = f"{type(error).__name__}: {error}"
        raise FetchFailed(msg, [Secret(token), *secrets_of(declared)]) from error
    finally:
        client.close()
    return _from_sts(answer)


def _sts(session: botocore.session.Session, declared: AwsCredentials, config: Config) -> _StsClient:
    client: object = session.create_client("sts", endpoint_url=declared.sts_url, config=config)
    return cast("_StsClient", client)


def _from_sts(answer: _StsAnswer) -> Fetched[sigv4.AwsCredentials]:
    given = answer["Credentials"]
    keys = _usable(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return Fetched(keys, given["Expiration"].timestamp())


def _usable(access_key: object, secret_key: object, token: object) -> sigv4.AwsCredentials:
    """Return keys that sign and stand in headers; requests would fail by any other, or smuggle lines.

    Raises:
        FetchFailed: one is missing, or is no word of ASCII characters.
    """
    return sigv4.AwsCredentials(
        _word("access key", access_key),
        Secret(_word("secret key", secret_key)),
        Secret(_word("session token", token)) if token else None,
    )


def _word(name: str, value: object) -> str:
    if isinstance(value, str) and _ONE_WORD.fullmatch(value):
        return value
    msg = f"the {name} that was given is not one word of ASCII characters"
    raise FetchFailed(msg)
