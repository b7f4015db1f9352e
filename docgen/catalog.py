"""The frozen types that every front end fills and every page reads, and their JSON form.

The Catalog is the only thing between reading a harness and writing about it:
export, explain, check, pages and llms.txt read it and nothing else. Its JSON is
versioned; `schema()` publishes it as JSON Schema.
"""

from __future__ import annotations

from typing import Any

import msgspec

from docgen.errors import Problem, SourceError

SCHEMA_VERSION = 1
"""Version of the JSON form; a change that old readers cannot read raises it."""

Json = Any
"""A JSON value: None, bool, int, float, str, list, or dict with str keys. Enum members
stand as their value, tuples as lists."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the types: immutable, compared by value, defaults left out of JSON."""


class Source(_Frozen, frozen=True, kw_only=True):
    """A place in the documented tree."""

    path: str
    """Path relative to the source root, with forward slashes."""
    line: int
    """First line, from 1."""
    column: int = 0
    """Column, from 0, as Python's ast counts."""
    end_line: int = 0
    """Last line; 0 where it is the first."""


class Step(_Frozen, frozen=True, kw_only=True):
    """One setting of a value, in the order in which it happened."""

    set_by: str
    """Dotted name of what set it: a class (its default) or a constant (an override)."""
    expression: str
    """Source text of the value."""
    resolved: Json
    """The value that the expression resolves to."""
    source: Source
    """Where the expression stands."""
    why: str = ""
    """Reason given for this value at that place (`Why:` section)."""
    basis: str = ""
    """Where the figure comes from (`Source:` section), or that nobody measured it."""


class Value(_Frozen, frozen=True, kw_only=True):
    """A resolved value and how it came about; the last step is the one that holds."""

    resolved: Json
    """The value."""
    expression: str
    """Source text of the step that holds."""
    kind: str
    """`default`, `set`, `derived` (computed from other values) or `enum`; in trees written
    by others `literal`, `enum`, `arithmetic`, `reference` or `derived`."""
    source: Source
    """Where the step that holds stands."""
    set_by: str
    """Dotted name of what set it."""
    chain: tuple[Step, ...]
    """Every setting from the first default to the one that holds."""


class FieldSpec(_Frozen, frozen=True, kw_only=True):
    """A setting that entries can have."""

    name: str
    """Name as written in configs."""
    owner: str
    """Class that declares it: `Settings`, `Offline`, ..."""
    type: str
    """Type as written, without `Annotated`: `int`, `Precision`."""
    doc: str
    """What it does, from its docstring (Markdown)."""
    source: Source
    """Where it is declared."""
    unit: str = ""
    """Unit of the number."""
    low: float | None = None
    """Least allowed value."""
    high: float | None = None
    """Greatest allowed value."""
    choices: tuple[Json, ...] = ()
    """Allowed values, for enums and closed sets."""
    default: Json = None
    """Default value; meaningless where `required`."""
    required: bool = False
    """Whether there is no default."""
    group: str = ""
    """Heading it stands under in a guide."""
    loadgen_key: str = ""
    """Key of LoadGen's user.conf that carries it."""
    scenarios: tuple[str, ...] = ()
    """Scenarios whose entries have it; empty means all."""
    limits: dict[str, tuple[str, ...]] = {}
    """What else limits it: `benchmarks`, `harnesses`, `systems`, ... Each with the names of
    what it is for, or of the rule that decides."""


class Setting(_Frozen, frozen=True, kw_only=True):
    """The parts of an entry's key beside target, workload and scenario."""

    accuracy: str = "99"
    """Share of the reference accuracy: `99`, `99.9`."""
    power: str = "maxp"
    """`maxp` or `maxq`."""
    harness: str = "direct"
    """What stands between LoadGen and the model."""


class Entry(_Frozen, frozen=True, kw_only=True):
    """One configuration with all its resolved values."""

    key: str
    """Unique key: `target/workload/scenario[@accuracy][@power][@harness]`."""
    target: str
    """Name of the target."""
    workload: str
    """Name of the workload."""
    scenario: str
    """Name of the scenario."""
    setting: Setting
    """The remaining parts of the key."""
    values: dict[str, Value]
    """Every field of the entry's settings, by name, in order of declaration."""
    source: Source
    """Where the entry stands."""
    set_by: str = ""
    """Dotted name of the constant that holds the settings, where there is one."""
    doc: str = ""
    """Summary from the docstring of that constant."""
    rejected: str = ""
    """Why the tree's own validation would refuse it; empty where it would not."""
    stopped: str = ""
    """Error further up in its file at which Python stops before it is registered."""
    digest: str = ""
    """SHA-256 of the canonical form of its fields, in trees written by others; empty where
    a value is unresolved."""
    bases: tuple[str, ...] = ()
    """Dotted names of the classes that it inherits from, itself first, where it is a class."""
    environment: dict[str, Value] = {}
    """Variables of the environment that its file sets when it is loaded, by name."""


class Fact(_Frozen, frozen=True, kw_only=True):
    """A published or measured property of a target."""

    name: str
    """Field name: `memory_gb`."""
    value: Json
    """The value."""
    source: Source
    """Where it is written down in the tree."""
    unit: str = ""
    """Unit of the value."""
    basis: str = ""
    """Document or run that states it."""
    note: str = ""
    """Condition or contradiction a reader must know."""
    doc: str = ""
    """What the fact is, from the docstring of its field (Markdown)."""


class MigSlice(_Frozen, frozen=True, kw_only=True):
    """Which slice of a board a target is."""

    board: str
    """Board in the MIG profile table."""
    profile: str
    """Profile name on that board."""


class MigEngines(_Frozen, frozen=True, kw_only=True):
    """How many media engines of each kind; None where nobody printed it."""

    nvdec: int | None
    """Video decoders."""
    nvenc: int | None
    """Video encoders."""
    jpeg: int | None
    """JPEG decoders."""
    ofa: int | None
    """Optical flow accelerators."""

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Return kinds with their numbers; what nobody printed counts as none."""
        kinds = ("nvdec", "nvenc", "jpeg", "ofa")
        return tuple((kind, int(getattr(self, kind) or 0)) for kind in kinds)


class MigProfile(_Frozen, frozen=True, kw_only=True):
    """One kind of GPU instance on one board."""

    name: str
    """Name as nvidia-smi prints it."""
    profile_id: int | None
    """Number that nvidia-smi takes; None where nobody printed it."""
    compute_slices: int
    """Compute slices that an instance takes."""
    size: int
    """Memory slots that an instance takes."""
    starts: tuple[int, ...]
    """Slots at which an instance may begin."""
    max_instances: int
    """Most instances on one board."""
    memory_gib: float | None
    """Memory in GiB; None where nobody printed it."""
    sms: int | None
    """Streaming multiprocessors; None where nobody printed it."""
    engines: MigEngines
    """Media engines."""
    attributes: tuple[str, ...]
    """What sets a variant apart; empty for a plain profile."""
    sources: tuple[str, ...]
    """Documents that state the row."""
    confidence: str
    """`confirmed`, or what is and what is not."""


class MigBoard(_Frozen, frozen=True, kw_only=True):
    """One kind of GPU that MIG can partition."""

    name: str
    """Key of the table."""
    title: str
    """Name for people."""
    compute_slices: int
    """Compute slices of the whole board."""
    slots: int
    """Memory slots that placements count in."""
    pci_ids: tuple[str, ...]
    """PCI device ids with the vendor id last."""
    engines: MigEngines | None
    """Media engines that instances share out; None where they are not counted."""
    note: str
    """What a reader must know to use the table."""
    profiles: tuple[MigProfile, ...]
    """Profiles in the order of nvidia-smi."""


class Target(_Frozen, frozen=True, kw_only=True):
    """A system that entries are written for."""

    name: str
    """Identity."""
    title: str
    """Name for readers."""
    family: str
    """Architecture family, for grouping."""
    devices: int
    """Number of devices."""
    facts: dict[str, Fact]
    """Facts by field name, per device."""
    source: Source
    """Where it is defined."""
    mig: MigSlice | None = None
    """The slice it is, for a MIG target."""
    pci_ids: tuple[str, ...] = ()
    """PCI ids that identify the device."""
    sibling: str = ""
    """Target it is best compared with; empty where the dialect names none."""
    doc: str = ""
    """Docstring of the module or constant (Markdown)."""
    why: dict[str, str] = {}
    """Reason by field, also for facts that are left out (`Why:` section)."""
    basis: dict[str, str] = {}
    """Origin by field that is no fact, for example of `pci_ids` (`Source:` section)."""


class Workload(_Frozen, frozen=True, kw_only=True):
    """A benchmark task."""

    name: str
    """Identity."""
    title: str
    """Name for readers."""
    source: Source
    """Where it is defined."""
    properties: dict[str, Json]
    """Every further field, by name: task, model, dataset, input, metric, ..."""
    docs: dict[str, str] = {}
    """Docstring of each property's field, by name."""
    units: dict[str, str] = {}
    """Unit of each property that has one, by name."""
    doc: str = ""
    """Docstring of the module (Markdown)."""


class Policy(_Frozen, frozen=True, kw_only=True):
    """A rule, as code."""

    id: str
    """Stable identity, `topic.rule`."""
    title: str
    """The rule as a heading."""
    rule: str
    """The rule in words."""
    applies_to: str
    """What it holds for."""
    basis: str
    """Document and section that sets it."""
    source: Source
    """Where it is defined in the tree."""
    value: float | None = None
    """The number in the rule."""
    unit: str = ""
    """Unit of the number."""
    doc: str = ""
    """Docstring of the constant (Markdown)."""


class Term(_Frozen, frozen=True, kw_only=True):
    """A word of the field and what it means."""

    name: str
    """The word."""
    definition: str
    """What it means."""
    basis: str
    """Where it is defined officially."""
    source: Source
    """Where it stands in the tree."""


class Row(_Frozen, frozen=True, kw_only=True):
    """A constant of a class whose objects a page tabulates: a round, a trouble, a scenario."""

    kind: str
    """Class of the object: `Trouble`."""
    name: str
    """Its identity among its kind."""
    values: dict[str, Json]
    """Fields, by name."""
    source: Source
    """Where it is defined in the tree."""
    doc: str = ""
    """Docstring of the constant (Markdown)."""


class Word(_Frozen, frozen=True, kw_only=True):
    """A member of an enum of the harness's vocabulary."""

    enum: str
    """Name of the enum."""
    name: str
    """Name of the member."""
    value: Json
    """Its value, as users type it."""
    doc: str
    """Its docstring."""
    source: Source
    """Where it is defined."""


class Flag(_Frozen, frozen=True, kw_only=True):
    """An option or argument of a command."""

    names: tuple[str, ...]
    """Spellings: `--target`, `-t`; the metavariable alone for an argument."""
    help: str
    """Help text."""
    source: Source
    """Where it is declared."""
    type: str = ""
    """Type as declared; empty for plain text."""
    default: Json = None
    """Default value."""
    required: bool = False
    """Whether it must be given."""
    is_flag: bool = False
    """Whether it takes no value."""
    multiple: bool = False
    """Whether it can be given more than once."""
    choices: tuple[str, ...] = ()
    """Allowed values."""
    argument: bool = False
    """Whether it is positional."""


class Command(_Frozen, frozen=True, kw_only=True):
    """A command of one of the console scripts."""

    name: str
    """Full name as typed: `harness run`."""
    help: str
    """Docstring of the command (Markdown)."""
    source: Source
    """Where it is defined."""
    flags: tuple[Flag, ...] = ()
    """Options and arguments, in order of declaration."""


class MakeRun(_Frozen, frozen=True, kw_only=True):
    """A Python program that a recipe of a Makefile starts."""

    program: str
    """Dotted name of the module, as `python -m` takes it."""
    variables: tuple[str, ...] = ()
    """Variables of make among its arguments: `RUN_ARGS`."""
    flags: tuple[str, ...] = ()
    """Options that the recipe gives itself: `--action=run_harness`."""


class MakeTarget(_Frozen, frozen=True, kw_only=True):
    """A target of a tree's Makefiles."""

    name: str
    """Name as typed behind `make`; with `%` where it is a pattern."""
    source: Source
    """Rule that has its recipe."""
    makefile: str = ""
    """File that must be named with `-f`; empty where make reads it by itself."""
    phony: bool = False
    """Whether it names no file."""
    pattern: bool = False
    """Whether it stands for many names."""
    conditional: bool = False
    """Whether it exists under a condition only."""
    needs: tuple[str, ...] = ()
    """Targets that are made before it."""
    variables: tuple[str, ...] = ()
    """Variables that its recipe uses."""
    calls: tuple[str, ...] = ()
    """Targets that its recipe makes with make itself."""
    runs: tuple[MakeRun, ...] = ()
    """Python programs that its recipe starts."""


class ApiItem(_Frozen, frozen=True, kw_only=True):
    """A module, class, function or attribute of a documented package."""

    name: str
    """Dotted path: `runtime.configs.fieldspec.check`."""
    kind: str
    """`module`, `class`, `function`, `method`, `property` or `attribute`."""
    source: Source
    """Where it is defined."""
    signature: str = ""
    """Parameters and result as written, without the name: `(obj: Any) -> list[Problem]`."""
    annotation: str = ""
    """Type of an attribute or property, as written."""
    value: str = ""
    """Expression of an attribute, as written."""
    bases: tuple[str, ...] = ()
    """Base classes, as written."""
    doc: str = ""
    """Docstring (Markdown, Google sections as written)."""


class Failure(_Frozen, frozen=True, kw_only=True):
    """An error class of the harness: its code is a section of the troubleshooting page."""

    code: str
    """Stable code, `H200`."""
    name: str
    """Class name."""
    doc: str
    """Its docstring: what failed and what to do."""
    exit_code: int
    """What the command line returns."""
    source: Source
    """Where it is defined."""


class Snippet(_Frozen, frozen=True, kw_only=True):
    """A command or program on a page that can be executed."""

    id: str
    """Unique identity."""
    text: str
    """What is executed."""
    language: str
    """`console` (shell commands) or `python`."""
    source: Source
    """Where it stands: a page, a template or a docstring."""
    needs: str = "cpu"
    """Hardware expression that must hold for it to run."""
    timeout_s: float = 60.0
    """Longest run time in seconds."""
    expect: tuple[str, ...] = ()
    """Conditions on its output: `accuracy >= 0.97`, `samples_per_s ~ 5e4 +-30%`."""
    measures: str = ""
    """Key of the entry whose figures its run record carries; empty where it measures nothing."""
    mode: str = ""
    """`performance` or `accuracy`, where it measures."""
    values: str = ""
    """Hash over the resolved values of the entry, or of all entries of the target, and
    the facts of the target. It stands for the module-level statements of the files under
    `configs`."""
    configs: tuple[str, ...] = ()
    """Folders of configuration modules whose statements count through `values` alone, so
    that an edit of one target's file leaves the figures of the others fresh."""
    pci_ids: tuple[str, ...] = ()
    """PCI ids of the device that `gpu=` in `needs` names."""
    device: str = ""
    """Name of that device for readers."""
    missing_exit: int = 0
    """Exit code by which its command says that the machine lacks something; 0 for none."""
    figures: tuple[str, ...] = ()
    """SVG files that it writes and the page shows, relative to its working folder."""


class Claim(_Frozen, frozen=True, kw_only=True):
    """A statement in prose about the source."""

    kind: str
    """`target`, `flag`, `path`, `field`, ..."""
    text: str
    """The words."""
    source: Source
    """Where they stand."""


class Diagnostic(_Frozen, frozen=True, kw_only=True):
    """Something the reader of the source found wrong or could not resolve."""

    code: str
    """Stable code: `unresolved`, `unknown-field`, `no-reason`, ..."""
    severity: str
    """`error`, `warning` or `info`."""
    message: str
    """`want X, got Y; do Z`, without the place."""
    source: Source
    """Where it was found."""


class Catalog(_Frozen, frozen=True, kw_only=True):
    """Everything that was read from one source tree."""

    dialect: str
    """Front end that read it."""
    root: str
    """Name of the tree (never an absolute path)."""
    packages: tuple[str, ...]
    """Packages or folders that were read."""
    targets: tuple[Target, ...] = ()
    """Systems, by family, then as declared."""
    workloads: tuple[Workload, ...] = ()
    """Benchmark tasks."""
    fields: tuple[FieldSpec, ...] = ()
    """Settings that entries can have, in order of declaration."""
    entries: tuple[Entry, ...] = ()
    """Configurations, by target, workload and scenario."""
    policies: tuple[Policy, ...] = ()
    """Rules of the harness."""
    terms: tuple[Term, ...] = ()
    """The glossary."""
    words: tuple[Word, ...] = ()
    """Members of the vocabulary's enums."""
    rows: tuple[Row, ...] = ()
    """Objects that pages tabulate, by kind, in order of declaration."""
    boards: tuple[MigBoard, ...] = ()
    """GPUs that MIG can partition, where the tree has a table of them."""
    commands: tuple[Command, ...] = ()
    """Commands of the console scripts, each group before its commands."""
    makes: tuple[MakeTarget, ...] = ()
    """Targets of the Makefiles at the root, in trees written by others."""
    failures: tuple[Failure, ...] = ()
    """Error classes with their codes."""
    api: tuple[ApiItem, ...] = ()
    """Public items of the documented packages; members follow their parent."""
    snippets: tuple[Snippet, ...] = ()
    """Commands and programs of the pages, where a front end collects them."""
    claims: tuple[Claim, ...] = ()
    """Statements in prose, where a front end collects them."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What was found wrong, the gravest first."""
    files: dict[str, str] = {}
    """SHA-256 of every file that was read, by path relative to the root."""
    version: str = ""
    """Version of the documented project, as its own metadata says."""
    schema: int = SCHEMA_VERSION
    """Version of this form."""

    def target(self, name: str) -> Target:
        """Return the target of that name; KeyError when there is none."""
        for target in self.targets:
            if target.name == name:
                return target
        raise KeyError(name)

    def rows_of(self, kind: str) -> tuple[Row, ...]:
        """Return the tabulated objects of a kind; empty where the tree has none."""
        return tuple(row for row in self.rows if row.kind == kind)

    def entries_of(self, target: str, workload: str | None = None) -> tuple[Entry, ...]:
        """Return the entries of a target, optionally of one workload only."""
        return tuple(
            e
            for e in self.entries
            if e.target == target and (workload is None or e.workload == workload)
        )


def to_json(catalog: Catalog) -> bytes:
    """Return the JSON form: UTF-8, two spaces of indent, keys in declaration order."""
    return msgspec.json.format(msgspec.json.encode(catalog), indent=2) + b"\n"


def from_json(data: bytes, where: str = "catalog.json") -> Catalog:
    """Return the Catalog of a JSON form; raise SourceError where it does not fit."""
    try:
        catalog = msgspec.json.decode(data, type=Catalog)
    except msgspec.MsgspecError as error:
        raise SourceError(
            Problem(where, "a Catalog", str(error), "export it again with `docgen export`")
        ) from error
    if catalog.schema > SCHEMA_VERSION:
        raise SourceError(
            Problem(
                where,
                f"schema version {SCHEMA_VERSION} or older",
                str(catalog.schema),
                "read it with a newer docgen",
            )
        )
    return catalog


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the Catalog."""
    return msgspec.json.schema(Catalog)


def schema_json() -> bytes:
    """Return the JSON Schema as a file's content."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"
