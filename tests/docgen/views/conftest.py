"""The small catalog with its evidence, and its pages, rendered once."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import msgspec
import pytest
from small_catalog import entry, make_catalog
from small_evidence import FakeEvidence, FakeJudged, make_evidence, make_record, make_result

from docgen.catalog import Catalog
from docgen.render import render

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@pytest.fixture(name="catalog")
def catalog_fixture() -> Catalog:
    return make_catalog()


@pytest.fixture(name="evidence")
def evidence_fixture(catalog: Catalog) -> FakeEvidence:
    return make_evidence(catalog)


@pytest.fixture(name="config")
def config_fixture(tmp_path: Path) -> SimpleNamespace:
    docs = tmp_path / "docs"
    docs.mkdir()
    return SimpleNamespace(root=tmp_path, docs=docs, templates=TEMPLATES)


@pytest.fixture(scope="session", name="files")
def files_fixture(tmp_path_factory: pytest.TempPathFactory) -> MappingProxyType[str, str]:
    """Every file of the catalog above, rendered once for all tests that only read."""
    root = tmp_path_factory.mktemp("rendered")
    config = SimpleNamespace(root=root, docs=root, templates=TEMPLATES)
    catalog = make_catalog()
    return MappingProxyType(render(catalog, make_evidence(catalog), config))


@pytest.fixture(name="make")
def make_fixture() -> SimpleNamespace:
    """The builders, for tests that need a changed catalog."""
    return SimpleNamespace(
        catalog=make_catalog,
        evidence=make_evidence,
        record=make_record,
        result=make_result,
        judged=FakeJudged,
        entry=entry,
        replace=msgspec.structs.replace,
    )
