"""An EnvoyProxy's access log, to the native one: where lines go, and how they look.

What a format may say is in :mod:`penstock.telemetry.log_format`; that no line may show a credential is held where the
native document is read.
"""

from __future__ import annotations

from penstock.config.manifests.envoy_callers import EnvoyProxy, LogFormat, LogSink
from penstock.config.manifests.gateway_api import Gateway, GatewayClass
from penstock.config.manifests.native_tree import Draft, graft
from penstock.config.manifests.resource import Resource
from penstock.config.manifests.substitution import escape
from penstock.config.manifests.world import World
from penstock.config.similar_names import hint
from penstock.config.yaml_tree import KeyPath, Scalar
from penstock.telemetry.log_format import UnknownCommand, read_template

_STANDARD_OUTPUT = "/dev/stdout"


def compile_access_log(world: World, gateway: Resource[Gateway]) -> Draft:
    """Return where lines go, and how they look if a format says so; None where nothing is said."""
    proxy = _find_proxy(world, gateway)
    log = proxy.model.spec.telemetry.access_log if proxy and proxy.model.spec.telemetry else None
    if proxy is None or log is None:
        return None
    path: KeyPath = ("spec", "telemetry", "accessLog")
    if log.disable:
        return graft("off", proxy.place(*path, "disable"))
    sinks: list[tuple[KeyPath, LogSink]] = [
        ((*path, "settings", number, "sinks", index), sink)
        for number, settings in enumerate(log.settings)
        for index, sink in enumerate(settings.sinks)
        if sink.file is not None
    ]
    for here, _ in sinks[1:]:
        world.report.warning(proxy, here, "is not written: there is one access log")
    if not sinks or sinks[0][1].file is None:
        return None
    where, file = sinks[0][0], sinks[0][1].file.path
    target = graft("-" if file == _STANDARD_OUTPUT else file, proxy.place(*where, "file", "path"))
    settings = where[: len(path) + 2]
    log_format = log.settings[int(settings[-1])].format
    looks = _compile_format(world, proxy, log_format, (*settings, "format")) if log_format else {}
    return graft({"path": target, **looks}, target.place) if looks else target


def _compile_format(
    world: World, proxy: Resource[EnvoyProxy], log_format: LogFormat, path: KeyPath
) -> dict[str, Draft]:
    """Return the parts of a native log that are the format; what is not known here is left out, and warned of."""
    if log_format.text is not None and log_format.type != "JSON":
        text = _compile_text(world, proxy, log_format.text, (*path, "text"), "is not used")
        return {"text": text} if text else {}
    fields: dict[str, Draft] = {}
    for name, member in (log_format.json_ or {}).items():
        found = _compile_text(world, proxy, member, (*path, "json", name), "is left out")
        if found:
            fields[name] = found
    return {"fields": graft(fields, proxy.place(*path, "json"))} if fields else {}


def _compile_text(world: World, proxy: Resource[EnvoyProxy], text: str, path: KeyPath, otherwise: str) -> Scalar | None:
    try:
        read_template(text)
    except UnknownCommand as error:
        message = f"{otherwise}: {error}{hint(error.wanted, error.known)}"
        world.report.warning(proxy, path, message)
        return None
    except ValueError:
        pass  # is told of where the native document is read, at the same line
    return Scalar(proxy.place(*path), escape(text), plain=False)


def _find_proxy(world: World, gateway: Resource[Gateway]) -> Resource[EnvoyProxy] | None:
    infrastructure = gateway.model.spec.infrastructure
    ref = infrastructure.parameters_ref if infrastructure else None
    if ref is not None and ref.kind == "EnvoyProxy":
        return world.resolve(gateway, ("spec", "infrastructure", "parametersRef"), EnvoyProxy, ref.name)
    named = world.find(GatewayClass, "", gateway.model.spec.gateway_class_name)
    parameters = named.model.spec.parameters_ref if named else None
    if named is None or parameters is None or parameters.kind != "EnvoyProxy":
        return None
    namespace = parameters.namespace or gateway.namespace
    found = world.find(EnvoyProxy, namespace, parameters.name)
    if found is None and not world.is_broken(EnvoyProxy, namespace, parameters.name):
        message = f"there is no EnvoyProxy {parameters.name} in the namespace {namespace}"
        world.report.error(named, ("spec", "parametersRef", "name"), message)
    return found
