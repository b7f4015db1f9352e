"""The Catalog's JSON form: whole, versioned, described by its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from docgen import catalog as c
from docgen.config import load
from docgen.errors import SourceError
from docgen.extract import extract

RIGS = Path(__file__).parent / "fixtures" / "rigs"


@pytest.fixture(scope="module")
def catalog():
    return extract(load(RIGS), cache=False)


def test_round_trip(catalog):
    data = c.to_json(catalog)
    assert c.from_json(data) == catalog
    assert c.to_json(c.from_json(data)) == data
    assert repr(c.from_json(data)) == repr(catalog)


def test_schema_accepts_it_and_refuses_others(catalog):
    schema = c.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    value = json.loads(c.to_json(catalog))
    jsonschema.validate(value, schema)
    value["entries"][0]["values"]["batch_size"]["chain"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema)


def test_newer_and_broken_forms_are_refused(catalog):
    value = json.loads(c.to_json(catalog))
    value["schema"] = c.SCHEMA_VERSION + 1
    with pytest.raises(SourceError, match="read it with a newer docgen"):
        c.from_json(json.dumps(value).encode())
    with pytest.raises(SourceError, match="want a Catalog"):
        c.from_json(b'{"dialect": 3}', "old.json")
    with pytest.raises(SourceError, match=r"old.json: want a Catalog"):
        c.from_json(b"nothing", "old.json")


def test_look_ups(catalog):
    assert catalog.target("alpha").title == "Alpha"
    with pytest.raises(KeyError):
        catalog.target("gamma")
    assert [e.scenario for e in catalog.entries_of("alpha")] == ["offline", "server"]
    assert catalog.entries_of("alpha", "other") == ()
