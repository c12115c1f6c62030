"""The ``tests:`` of a configuration file: requests, and what must become of them.

What they are compared with, and when, is in :mod:`penstock.config.run_tests`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from penstock.config.fields import Count, Headers, Method, Text
from penstock.config.section import Section, split_target

Lost = Annotated[list[Text], Field(description="Members of the request, such as `$.seed` or `tools[0].strict`.")]


class TriedRequestSection(Section):
    """A request to the gateway. What it must have and does not say is added: a message, say."""

    has_short_form = True

    method: Method = Field("POST", description="The method.")
    path: Text = Field("/v1/chat/completions", description="The path, with a query or without.")
    model: Text | None = Field(None, description="The model that the body names.")
    host: Text | None = Field(None, description="The host name that it is sent to.")
    headers: Headers = Field(default_factory=dict, description="Further headers.")
    client_key: Text | None = Field(
        None,
        description="The name of the key that it brings, or of the issuer of its token; `anonymous` is none. Default: "
        "any that is configured.",
    )
    body: dict[str, object] = Field(
        default_factory=dict, description="Members of the body, such as `stream` or `tools`."
    )

    @classmethod
    def expand(cls, value: object) -> object:
        """Read the model's name."""
        return {"model": value} if isinstance(value, str) else value


class ExpectedErrorSection(Section):
    """The error that a caller gets; only what is given is compared."""

    has_short_form = True

    status: Count | None = Field(None, description="The HTTP status.")
    code: Text | None = Field(None, description="The error's code, such as `model_not_found`.")

    @classmethod
    def expand(cls, value: object) -> object:
        """Read the code."""
        return {"code": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.status is None and self.code is None:
            msg = "needs status or code"
            raise ValueError(msg)
        return self


class ExpectedTargetSection(Section):
    """A backend, and what it would be sent; only what is given is compared."""

    has_short_form = True

    backend: Text = Field(description="Name of the backend.")
    model: Text | None = Field(None, description="The model's name there.")
    losses: Lost | None = Field(None, description="All that the request loses on its way there; `[]` is nothing.")
    path: Text | None = Field(None, description="Path and query there.")
    body: dict[str, object] = Field(
        default_factory=dict,
        description="Members of the body that is sent, in the provider's format; of mappings in it, those that are "
        "given. `null` is none.",
    )
    error: ExpectedErrorSection | None = Field(None, description="Why it is not sent there.")

    @classmethod
    def expand(cls, value: object) -> object:
        """Read ``backend`` or ``backend/model``."""
        return split_target(value)


class ExpectationSection(Section):
    """What must become of the request; only what is given is compared."""

    has_short_form = True

    model: Text | None = Field(
        None, description="The model, pattern or `route/rule` that serves it, as metrics and the access log name it."
    )
    targets: list[ExpectedTargetSection] | None = Field(
        None, min_length=1, description="All targets by priority; those of one priority in any order."
    )
    losses: Lost | None = Field(None, description="All that the request loses at any target; `[]` is nothing.")
    error: ExpectedErrorSection | None = Field(None, description="The error that the caller gets.")

    @classmethod
    def expand(cls, value: object) -> object:
        """Read one target."""
        return {"targets": [value]} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if not self.model_fields_set:
            msg = "needs model, targets, losses or error"
            raise ValueError(msg)
        if self.error and (self.targets or self.losses):
            msg = "takes either error, or targets and losses"
            raise ValueError(msg)
        return self


class ConfigTestSection(Section):
    """A request, and what must become of it. Nothing is sent."""

    request: TriedRequestSection = Field(description="The request, or the name of the model that it asks for.")
    expect: ExpectationSection = Field(description="What must become of it, or its only target.")
