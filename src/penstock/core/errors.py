r"""Every error a request can end in, by whose fault it is.

::

    GatewayError                          status  code                       try another target?
    ├── ClientFault
    │   ├── InvalidRequest                400     invalid_request (or finer)  no
    │   ├── Unauthenticated               401     invalid_api_key             no
    │   ├── UnknownPath                   404     unknown_path                no
    │   ├── ModelNotFound                 404     model_not_found             no
    │   ├── EndpointNotOffered            400     endpoint_not_offered        no
    │   ├── MethodNotAllowed              405     method_not_allowed          no
    │   ├── RequestTimeout                408     request_timeout             no
    │   ├── BodyTooLarge                  413     body_too_large              no
    │   ├── ExpectationFailed             417     expectation_failed          no
    │   ├── HeadersTooLarge               431     headers_too_large           no
    │   ├── NotImplementedByServer        501     not_implemented             no
    │   └── VersionNotSupported           505     http_version_not_supported  no
    ├── UpstreamFault
    │   ├── UpstreamUnreachable           502     upstream_unreachable        yes
    │   ├── UpstreamBrokeOff              502     upstream_broke_off          yes, before the first byte
    │   ├── UpstreamInvalid               502     upstream_invalid            yes, before the first byte
    │   ├── UpstreamRefused               502     upstream_refused            yes
    │   ├── CredentialRejected            502     upstream_credential_rejected yes
    │   ├── CredentialUnavailable         502     upstream_credential_unavailable yes
    │   └── UpstreamTimeout               504     upstream_timeout            yes, before the first byte
    └── GatewayFault
        ├── Overloaded                    503     overloaded                  yes
        └── InternalError                 500     internal_error              no

    OperatorError: the configuration is wrong; never reaches a client.

The text of a ``GatewayError`` may be shown to the caller: it names backends, never their addresses or keys. Rendering
in a client's format is the work of a wire module.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Fault = Literal["client", "upstream", "gateway"]
Headers = tuple[tuple[str, str], ...]


class GatewayError(Exception):
    """An error that ends a request. ``message`` is safe to show; ``param`` names the field at fault, if one is."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"
    fault: ClassVar[Fault] = "gateway"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Headers = (),
        detail: str | None = None,
    ) -> None:
        """Take the shown ``message``, and ``detail`` that only the log may have."""
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.param = param
        self.headers = headers
        self.detail = detail


class ClientFault(GatewayError):
    """The caller must change the request."""

    status = 400
    fault = "client"


class InvalidRequest(ClientFault):
    """The body, the path or a header does not have the form it must have."""

    default_code = "invalid_request"


class Unauthenticated(ClientFault):
    """No client key, or one that is not known."""

    status = 401
    default_code = "invalid_api_key"


class UnknownPath(ClientFault):
    """No endpoint has this path."""

    status = 404
    default_code = "unknown_path"


class ModelNotFound(ClientFault):
    """No configured model has this name."""

    status = 404
    default_code = "model_not_found"


class EndpointNotOffered(ClientFault):
    """The model's provider does not offer this endpoint."""

    default_code = "endpoint_not_offered"


class MethodNotAllowed(ClientFault):
    """The path exists, for other methods; ``headers`` carries ``allow``."""

    status = 405
    default_code = "method_not_allowed"


class RequestTimeout(ClientFault):
    """The caller began a request and did not finish it in time."""

    status = 408
    default_code = "request_timeout"


class BodyTooLarge(ClientFault):
    """The request body is over the configured limit."""

    status = 413
    default_code = "body_too_large"


class ExpectationFailed(ClientFault):
    """An ``Expect`` header other than ``100-continue``."""

    status = 417
    default_code = "expectation_failed"


class HeadersTooLarge(ClientFault):
    """Request line and headers together are over the configured limit."""

    status = 431
    default_code = "headers_too_large"


class NotImplementedByServer(ClientFault):
    """A method or transfer coding that this server does not speak."""

    status = 501
    default_code = "not_implemented"


class VersionNotSupported(ClientFault):
    """Not HTTP/1.0 or HTTP/1.1."""

    status = 505
    default_code = "http_version_not_supported"


class UpstreamFault(GatewayError):
    """The provider, or the way to it, failed."""

    status = 502
    fault = "upstream"
    retryable = True


class UpstreamUnreachable(UpstreamFault):
    """No connection, and nothing sent: name not resolved, refused, TLS failed, connect timed out, ended before use."""

    default_code = "upstream_unreachable"


class UpstreamBrokeOff(UpstreamFault):
    """The connection ended before the answer did."""

    default_code = "upstream_broke_off"


class UpstreamInvalid(UpstreamFault):
    """The answer is not HTTP, or not the format it must be."""

    default_code = "upstream_invalid"


class UpstreamRefused(UpstreamFault):
    """The provider answered with a status that another target may be tried for; a caller sees it only as the last."""

    default_code = "upstream_refused"


class CredentialRejected(UpstreamFault):
    """The provider does not accept the key that the operator configured; the caller's own key is fine."""

    default_code = "upstream_credential_rejected"


class CredentialUnavailable(UpstreamFault):
    """The gateway has no valid credential for the provider, because none could be obtained or renewed."""

    default_code = "upstream_credential_unavailable"


class UpstreamTimeout(UpstreamFault):
    """The provider did not answer, or stopped answering, in time."""

    status = 504
    default_code = "upstream_timeout"


class GatewayFault(GatewayError):
    """Penstock itself could not serve the request."""


class Overloaded(GatewayFault):
    """A bound of this process is reached (connections to a backend, waiting requests)."""

    status = 503
    default_code = "overloaded"
    retryable = True


class InternalError(GatewayFault):
    """A defect of ours; the request id leads to the log line."""


class OperatorError(Exception):
    """The configuration is wrong. The text is a whole message for the operator, secrets left out."""
