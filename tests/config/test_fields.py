from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from penstock.config.fields import FilePath, ReadContext, Seconds, SecretText, Size


def test_paths_start_at_the_directory_of_the_context(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1", encoding="utf-8")
    context = ReadContext(tmp_path)

    assert TypeAdapter(FilePath).validate_python("key", context=context) == str(tmp_path / "key")


def test_readers_texts_become_pydantics_value_errors() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Size).validate_python("50 apples")

    (detail,) = caught.value.errors()
    assert (detail["type"], str(detail["ctx"]["error"])) == (
        "value_error",
        "must be a size above 0, such as 64KiB, 50MiB or a number of bytes",
    )


def test_kinds_show_their_name_in_the_json_schema() -> None:
    class Fields(BaseModel):
        wait_s: Seconds
        key: SecretText

    properties = Fields.model_json_schema()["properties"]

    assert {name: schema["title"] for name, schema in properties.items()} == {"wait_s": "seconds", "key": "secret"}
