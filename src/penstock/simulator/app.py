"""The simulator as an application: which vendor is asked, may the caller ask, which fault is wanted.

Paths: the vendors' own (see ``vendors``), and ``/simulator/…`` for whoever tests: ``GET /simulator/requests`` shows the
last requests as they arrived, ``GET /simulator/faults`` lists the faults, ``POST /simulator/reset`` arms every fault
again. Listening is ``serving``'s, formats are ``openai_api``'s
and, where they are not OpenAI's, ``native_services``'.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec

from penstock.core.endpoint import EndpointId
from penstock.core.errors import GatewayError
from penstock.core.secret import Secret
from penstock.simulator.chance import digest
from penstock.simulator.dialect import OPENAI, Dialect, Prepared
from penstock.simulator.faults import FAULTS, PREFIX, ChosenFault, FaultMemory, apply_fault, read_fault
from penstock.simulator.native import SIMULATED_AWS, Knock, NativeQuestion, Operation
from penstock.simulator.native_services import Service, all_services, dialect_below, find_operation
from penstock.simulator.openai_api import Question, prepare
from penstock.simulator.openai_chat_request import read_model
from penstock.simulator.openai_errors import VendorError, unknown_model
from penstock.simulator.openai_format import Stamp, model_list_body, model_members
from penstock.simulator.pace import AT_ONCE, Pace
from penstock.simulator.performing import perform
from penstock.simulator.prompt_cache import PromptCache
from penstock.simulator.request_fields import Fields, read_body
from penstock.simulator.script import JSON, Headers, Script, whole
from penstock.simulator.sightings import Sighting, Sightings
from penstock.simulator.vendors import MODELS_CREATED, Vendor, all_vendors
from penstock.transport.server_request import ServerRequest
from penstock.upstream_auth.sigv4 import AwsCredentials

MARK: Headers = ((b"x-penstock-simulator", b"true"),)
"""Every answer carries it, faulty ones too as far as they have headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a simulator behaves."""

    pace: Pace = AT_ONCE
    required_key: Secret | None = None
    """The only key that is taken; None: any, or none."""
    aws: AwsCredentials = SIMULATED_AWS
    """The AWS key that requests to Bedrock must be signed with."""
    seed: int = 0
    now_s: Callable[[], float] = time.time
    """Clock for ``created``."""
    monotonic_s: Callable[[], float] = time.monotonic
    """Clock for faults that end."""


@dataclass(slots=True)
class Visit:
    """One request while it is being answered."""

    request: ServerRequest
    sighting: Sighting
    id: str
    headers: Headers
    """What every answer to it carries."""
    dialect: Dialect = OPENAI
    """How refusals are written; set when it is known who is asked."""


class Simulator:
    """Serves every simulated vendor; see :class:`penstock.transport.server_request.ServerApp`."""

    def __init__(self, settings: Settings) -> None:
        """Stand in for the vendors that there are provider files for."""
        self.settings = settings
        self.memory = FaultMemory()
        self.sightings = Sightings()
        self.cache = PromptCache()
        self._answers = 0
        self._endpoints = {path: (vendor, id_) for vendor in all_vendors() for path, id_ in vendor.paths.items()}
        self._model_lists = {vendor.models_path: vendor for vendor in all_vendors()}
        self._patterns = [(vendor, pattern) for vendor in all_vendors() for pattern in vendor.patterns]
        self._pages = {
            ("GET", "/"): self._describe,
            ("GET", "/simulator/requests"): self._show_requests,
            ("GET", "/simulator/faults"): _list_faults,
            ("POST", "/simulator/reset"): self._reset,
        }

    def check_head(self, request: ServerRequest) -> GatewayError | None:
        """Let every request in; refusing is done in the vendor's format."""
        return None

    async def handle(self, request: ServerRequest) -> None:
        """Answer a request."""
        page = self._pages.get((request.method, request.path))
        if page is not None:
            request.respond(200, (*JSON, *MARK), page())
            return
        sighting = self.sightings.note(request)
        try:
            script = self._answer(request, sighting)
            outcome = sighting.outcome
            await perform(script, request, self.settings.pace)
        except asyncio.CancelledError:
            sighting.outcome = "caller gone"
            raise
        sighting.outcome = "answered" if outcome == "in progress" else outcome

    def render_error(
        self, error: GatewayError, request: ServerRequest | None
    ) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Write an error that the server itself met as the vendor would."""
        body = VendorError(error.status, error.message, code=error.code, param=error.param).body()
        return [*JSON, *MARK], body

    def _answer(self, request: ServerRequest, sighting: Sighting) -> Script:
        self._answers += 1
        request_id = digest("request", self.settings.seed, self._answers).hex()
        headers: Headers = (*MARK, (b"x-request-id", f"req_{request_id}".encode()))
        visit = Visit(request, sighting, request_id, headers)
        try:
            return self._dispatch(visit)
        except VendorError as error:
            sighting.outcome = "refused"
            own, body = visit.dialect.write_error(error)
            return whole(error.status, (*own, *headers, *error.headers), body)

    # --- which vendor, and may the caller ask

    def _dispatch(self, visit: Visit) -> Script:
        path = visit.request.path
        native = find_operation(path)
        if native is not None:
            return self._ask_native(visit, *native)
        visit.dialect = dialect_below(path) or OPENAI
        vendor, endpoint, model = self._find_endpoint(path)
        if vendor is not None and endpoint is not None:
            self._check_caller(visit, vendor, "POST")
            body = read_body(visit.request.body)
            if model is not None:
                body.members["model"] = model
            return self._ask(visit, vendor, endpoint, body)
        before, _, name = path.partition("/models")
        vendor = self._model_lists.get(f"{before}/models")
        if vendor is None or (name and not name.startswith("/")):
            message = f"Invalid URL ({visit.request.method} {path[:200]})"
            raise VendorError(404, message)
        self._check_caller(visit, vendor, "GET")
        return self._show_models(visit, vendor, unquote(name[1:]))

    def _find_endpoint(self, path: str) -> tuple[Vendor | None, EndpointId | None, str | None]:
        """Return whose endpoint a path is, which one, and the model's name if the path has it."""
        vendor, endpoint = self._endpoints.get(path, (None, None))
        if vendor is not None:
            return vendor, endpoint, None
        for owner, pattern in self._patterns:
            name = pattern.model(path)
            if name is not None:
                return owner, pattern.endpoint, name
        return None, None, None

    def _check_caller(self, visit: Visit, vendor: Vendor, method: str) -> None:
        request = visit.request
        visit.sighting.vendor = vendor.id
        _check_method(request, method)
        key = self.settings.required_key
        if key is None:
            return
        given = request.header(vendor.key_header.name.encode())
        bearer = request.header(b"authorization")
        if given is None and vendor.takes_tokens and bearer is not None and bearer.startswith(b"Bearer "):
            given = bearer.removeprefix(b"Bearer ")
        if given is None:
            message = f"You didn't provide an API key. Give it in the header '{vendor.key_header.name}'."
            raise VendorError(401, message)
        wanted = f"{vendor.key_header.prefix}{key.reveal()}".encode()
        if not hmac.compare_digest(given, wanted):
            message = "Incorrect API key provided."
            raise VendorError(401, message, code="invalid_api_key")

    # --- what is answered

    def _ask(self, visit: Visit, vendor: Vendor, endpoint: EndpointId, body: Fields) -> Script:
        model = visit.sighting.model = read_model(body)
        chosen = read_fault(model)
        if chosen is None and not vendor.has_model(model):
            raise unknown_model(model)

        def stamp(kind: str) -> Stamp:
            return Stamp(kind + visit.id, int(self.settings.now_s()), model, vendor.fingerprint)

        prepared = prepare(endpoint, Question(vendor, body, stamp, visit.headers, self.settings.seed))
        return self._script(vendor.id, model, chosen, prepared, _last_role(body))

    def _ask_native(self, visit: Visit, service: Service, operation: Operation, model: str) -> Script:
        visit.dialect = operation.dialect
        visit.sighting.vendor = service.id
        _check_method(visit.request, "POST")
        settings = self.settings
        operation.check_caller(Knock(visit.request, settings.required_key, settings.aws, settings.now_s()))
        body = read_body(visit.request.body)
        model = visit.sighting.model = model or body.needed_text(operation.model_in)
        chosen = read_fault(model)
        if chosen is None and not service.has_model(model):
            raise unknown_model(model)
        question = NativeQuestion(
            service=service.title,
            operation=operation.name,
            model=model,
            body=body,
            query=visit.request.query,
            given=visit.request.fields,
            headers=visit.headers,
            id=visit.id,
            instance_seed=settings.seed,
            cache=self.cache,
        )
        return self._script(service.id, model, chosen, operation.prepare(question), _last_role(body))

    def _script(
        self, vendor_id: str, model: str, chosen: ChosenFault | None, prepared: Prepared, last_role: str
    ) -> Script:
        """Return the healthy script, or the sick one that the model's name asks for."""
        if chosen is None:
            return prepared.script()
        before, failed_for_s = self.memory.note(vendor_id, model, self.settings.monotonic_s())
        return apply_fault(
            model, chosen, prepared, last_role=last_role, requests_before=before, failed_for_s=failed_for_s
        )

    def _show_models(self, visit: Visit, vendor: Vendor, name: str) -> Script:
        if name:
            if read_fault(name) is None and not vendor.has_model(name):
                raise unknown_model(name)
            body = msgspec.json.encode(model_members(name, MODELS_CREATED, vendor.id))
        else:
            faults = [PREFIX + fault.name for fault in FAULTS] if vendor is all_vendors()[0] else []
            body = model_list_body(model_members(one, MODELS_CREATED, vendor.id) for one in (*vendor.models, *faults))
        return whole(200, (*JSON, *visit.headers), body)

    # --- pages for testers

    def _describe(self) -> bytes:
        text = "Penstock's simulator of providers: every answer is simulated. Base URLs by vendor are below."
        paths = {vendor.id: vendor.base_path for vendor in all_vendors()}
        paths |= {service.id: service.base_path for service in all_services()}
        return msgspec.json.encode({"simulator": text, "base_paths": paths})

    def _show_requests(self) -> bytes:
        return msgspec.json.encode({"requests": self.sightings.all()})

    def _reset(self) -> bytes:
        self.memory.forget()
        self.sightings.forget()
        self.cache.forget()
        return b'{"reset":true}'


def _list_faults() -> bytes:
    rows = [
        {"model": PREFIX + fault.name, "does": fault.does, "seconds": fault.seconds, "scenario": fault.scenario}
        for fault in FAULTS
    ]
    return msgspec.json.encode({"faults": rows})


def _check_method(request: ServerRequest, method: str) -> None:
    if request.method != method:
        message = f"Not allowed to {request.method} on {request.path[:200]}"
        raise VendorError(405, message, code="method_not_supported", headers=((b"allow", method.encode()),))


def _last_role(body: Fields) -> str:
    """Return the role of the last turn, whatever the format calls turns and the assistant."""
    messages = body.members.get("messages") or body.members.get("contents")
    last = messages[-1] if isinstance(messages, list) and messages else None
    role = str(last.get("role", "")) if isinstance(last, dict) else ""
    return "assistant" if role == "model" else role
