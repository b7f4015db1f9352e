"""The frozen types that every front end fills and every page reads, and their JSON form.

The Catalog is the only thing between reading a harness and writing about it:
export, explain, check, pages and llms.txt read it and nothing else. Its JSON is
versioned; `schema()` publishes it as JSON Schema.
"""

from __future__ import annotations

from docgen.catalog.base import Json, Source
from docgen.catalog.boards import MigBoard, MigEngines, MigProfile
from docgen.catalog.pages import Claim, Diagnostic, Snippet
from docgen.catalog.programs import ApiItem, Command, Failure, Flag, MakeRun, MakeTarget
from docgen.catalog.settings import Entry, FieldSpec, Setting, Step, Value
from docgen.catalog.subjects import Fact, MigSlice, Policy, Row, Target, Term, Word, Workload
from docgen.catalog.whole import SCHEMA_VERSION, Catalog, from_json, schema, schema_json, to_json

__all__ = [
    "SCHEMA_VERSION",
    "ApiItem",
    "Catalog",
    "Claim",
    "Command",
    "Diagnostic",
    "Entry",
    "Fact",
    "Failure",
    "FieldSpec",
    "Flag",
    "Json",
    "MakeRun",
    "MakeTarget",
    "MigBoard",
    "MigEngines",
    "MigProfile",
    "MigSlice",
    "Policy",
    "Row",
    "Setting",
    "Snippet",
    "Source",
    "Step",
    "Target",
    "Term",
    "Value",
    "Word",
    "Workload",
    "from_json",
    "schema",
    "schema_json",
    "to_json",
]
