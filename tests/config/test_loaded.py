from __future__ import annotations

from penstock.config.address import Address
from penstock.config.loaded import NO_OVERRIDES, Overrides, name_options, summarise
from penstock.relay.snapshot import ClientKey, Listener, Model, Snapshot


def test_options_are_named_as_on_the_command_line() -> None:
    overrides = Overrides(listen=(Address("::1", 1),), admin=Address("::1", 2), allow_anonymous=True)

    assert name_options(overrides) == {
        ("listen", "address"): "--listen",
        ("admin",): "--admin",
        ("listen", "allow_anonymous"): "--allow-anonymous",
    }
    assert name_options(NO_OVERRIDES) == {}


def test_summary_counts_what_there_is() -> None:
    model = Model(name="a", targets=(), owned_by="x", created=0)
    empty = Snapshot(listener=Listener(), admin_host="::1", admin_port=1, backends={}, models={})
    full = Snapshot(
        listener=Listener(),
        admin_host="::1",
        admin_port=1,
        backends={},
        models={"a": model},
        patterns=(model, model),
        client_keys=(ClientKey(name="ci", sha256="00" * 32),),
    )

    assert summarise(empty) == "0 backends, 0 models, no client keys"
    assert summarise(full) == "0 backends, 1 model, 2 patterns, 1 client key"
