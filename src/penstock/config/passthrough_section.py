"""``passthrough``: what of the file says which requests are passed on as they are, and to which servers.

Documented as the rest of the file is (:mod:`penstock.config.document`); what becomes of it is in
:mod:`penstock.config.compile_passages`.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from penstock.config.fields import Headers, HostText, Method, Pattern, RequestPath, Switch, Text, Whole, Word
from penstock.config.retry_section import RetrySection, RuleTimeoutsSection
from penstock.config.section import Section, no_items
from penstock.relay.snapshot import RetryCause

_BEFORE_SENDING: tuple[RetryCause, ...] = ("connect_failure",)


class PassageTargetSection(Section):
    """A backend that gets the requests."""

    has_short_form = True

    backend: Text = Field(description="Name of a backend of this configuration.")
    weight: Whole = Field(1, description="Share of the requests among the targets; 0 is none.")
    priority: Whole = Field(0, description="Lower is tried first; the others wait for it to fail.")

    @classmethod
    def expand(cls, value: object) -> object:
        """Read the name of a backend."""
        return {"backend": value} if isinstance(value, str) else value


class PassageRetrySection(RetrySection):
    """When another target is tried: by default only where a request has not been sent to the first."""

    statuses: list[Whole] = Field(
        default_factory=no_items, description="Statuses of answers that are not an answer. Default: none."
    )
    on: list[RetryCause] = Field(
        default_factory=lambda: list(_BEFORE_SENDING), description="Further causes: why there was no answer."
    )


class RewriteSection(Section):
    """What the server gets in place of what the caller sent; the query stays."""

    prefix: RequestPath | None = Field(None, description="Instead of the prefix that `path` is; `/` takes it away.")
    path: RequestPath | None = Field(None, description="Instead of the whole path.")
    host: HostText | None = Field(None, description="`Host` of the request. Default: that of the backend's URL.")

    @model_validator(mode="after")
    def _has_one_path(self) -> Self:
        if self.prefix is not None and self.path is not None:
            msg = "takes either prefix or path"
            raise ValueError(msg)
        return self


class HeaderChangesSection(Section):
    """Changes of headers: removed first, then set, then added."""

    set: Headers = Field(default_factory=dict, repr=False, description="Headers to have these values.")
    add: Headers = Field(default_factory=dict, repr=False, description="Headers to stand beside any of the same name.")
    remove: list[Text] = Field(default_factory=no_items, description="Headers to take out.")


class PassageSection(Section):
    """Requests that are passed on as they are, answers too."""

    name: Word = Field(description="For logs and metrics.")
    path: RequestPath | None = Field(None, description="Prefix of paths, by whole segments; `/` is every path.")
    exact_path: RequestPath | None = Field(None, description="Instead of path: one whole path.")
    hostnames: list[Text] = Field(
        default_factory=no_items,
        description="Hosts that callers use, `*.example.com` for all below; none is every host.",
    )
    methods: list[Method] = Field(default_factory=no_items, description="Methods, such as `GET`; none is every method.")
    headers: Headers = Field(default_factory=dict, description="Headers with these values.")
    header_regex: dict[str, Pattern] = Field(
        default_factory=dict, description="Headers whose whole values these expressions fit."
    )
    targets: list[PassageTargetSection] = Field(
        min_length=1, description="Backends, of the provider `http` or of any other; paths go below their URLs."
    )
    rewrite: RewriteSection = Field(
        default_factory=RewriteSection, description="What the server gets in place of what the caller sent."
    )
    request_headers: HeaderChangesSection = Field(
        default_factory=HeaderChangesSection, description="Changes of the callers' headers."
    )
    answer_headers: HeaderChangesSection = Field(
        default_factory=HeaderChangesSection, description="Changes of the server's headers."
    )
    forward_credentials: Switch = Field(
        False,
        description="Send callers' credentials and cookies to the server, and its cookies to them; keys of this "
        "gateway never.",
    )
    timeouts: RuleTimeoutsSection = Field(default_factory=RuleTimeoutsSection, description="Waits of this entry.")
    retry: PassageRetrySection = Field(default_factory=PassageRetrySection, description="When another target is tried.")

    @model_validator(mode="after")
    def _has_one_path(self) -> Self:
        if (self.path is None) == (self.exact_path is None):
            msg = "needs either path or exact_path"
            raise ValueError(msg)
        if self.rewrite.prefix is not None and self.path is None:
            msg = "rewrite.prefix needs path, whose place it takes"
            raise ValueError(msg)
        return self
