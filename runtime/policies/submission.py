"""Rules of a submission tree: folders, files, systems, texts.

The official checker is the package `submission_checker` of mlcommons/inference@b66003e10
(2026-08-20). Where it does not look, the docstring under the rule says so.
"""

from __future__ import annotations

from runtime.policies.model import Policy

CHECKER = "mlcommons/inference@b66003e10 tools/submission/submission_checker"
"""Where the official rules are code."""

RULES = "mlcommons/policies submission_rules.adoc"
"""Where the official rules are prose."""

DIVISION = Policy(
    id="submission.division",
    title="Division folders",
    rule="A tree holds folders closed, open or network, in lower case, and nothing else.",
    applies_to="all",
    source=f"{RULES}, Directory structure, Inference",
)
"""The official checker passes over folders of other names, so their results vanish."""

SUBMITTER_FOLDERS = Policy(
    id="submission.submitter-folders",
    title="Folders of a submitter",
    rule=(
        "A submitter's folder holds systems, src, documentation and results, spelt so, and "
        "nothing else."
    ),
    applies_to="all",
    source=f"{RULES}, Directory structure, Inference",
)
"""The official checker stops with a trace where results is absent, and passes over the rest."""

FOLDER_CASE = Policy(
    id="submission.folder-case",
    title="Letter case of folders",
    rule=(
        "Folders that the structure names are spelt as it spells them: results, not Results; "
        "run_1, not Run_1."
    ),
    applies_to="all",
    source=f"{RULES}, Directory structure, Inference",
)
"""On a file system that tells cases apart, the official checker does not see such a folder."""

STRAY = Policy(
    id="submission.stray-file",
    title="No file without a place",
    rule="Every file lies where the structure of the round has a place for it.",
    applies_to="all",
    source=f"{RULES}, Directory structure, Inference",
)
"""The official checker does not look. Power logs are not judged here, so they are strangers too."""

NAMES = Policy(
    id="submission.file-names",
    title="Names that a repository takes",
    rule="No name starts with a dot or holds a blank, and nothing is a symbolic link.",
    applies_to="all",
    source="mlcommons/inference@b66003e10 tools/submission/repository_checks.sh",
)
"""A separate official script looks."""

SIZE = Policy(
    id="submission.file-size",
    title="Size of a file",
    rule="No file is larger than 50 MB.",
    applies_to="all",
    source="mlcommons/inference@b66003e10 tools/submission/repository_checks.sh",
    value=50,
    unit="MB",
)
"""A separate official script looks."""

MISSING = Policy(
    id="submission.missing-file",
    title="Files of a result",
    rule=(
        "A result has its summary, detail and accuracy logs, accuracy.txt, measurements.json, "
        "user.conf and README.md."
    ),
    applies_to="all",
    source=f"{CHECKER} constants.py, REQUIRED_PERF_FILES and the lists below it",
)
"""The official checker of v6.1 does not look for the summaries."""

EMPTY = Policy(
    id="submission.empty-file",
    title="No empty file",
    rule="A file that the structure asks for has something in it.",
    applies_to="all",
    source=f"{CHECKER} checks/measurements_checks.py, required_files_check",
)
"""The official checker looks at user.conf and README.md only."""

SOURCE = Policy(
    id="submission.source",
    title="Source code",
    rule="src has a folder for each benchmark with results, and that folder has files.",
    applies_to="all",
    source=f"{RULES}, Source code requirements for inference inspection",
)
"""The official checker asks for src alone, empty or not."""

CALIBRATION = Policy(
    id="submission.calibration",
    title="Calibration text",
    rule=(
        "documentation has a calibration text, calibration.md or calibration.adoc, that says "
        "how weights were made."
    ),
    applies_to="all",
    source=f"{RULES}, Directory structure, Inference",
)
"""The official checker of v6.1 reads the option for it and then does not look."""

SYSTEM_FILE = Policy(
    id="submission.system-file",
    title="A systems JSON per system",
    rule="Each folder under results has a systems JSON of its name, one JSON object.",
    applies_to="all",
    source=f"{CHECKER} loader.py",
)
"""The official checker stops with a trace where it is absent."""

SYSTEM_RESULTS = Policy(
    id="submission.system-results",
    title="No system without results",
    rule="Each systems JSON belongs to a folder with results.",
    applies_to="all",
    source=f"{CHECKER} main.py, --skip-all-systems-have-results-check",
)
"""The official checker of v6.1 reads the option for it and then does not look."""

SYSTEM_KEYS = Policy(
    id="submission.system-keys",
    title="Keys of a systems JSON",
    rule="A systems JSON has every key of the round.",
    applies_to="all",
    source=f"{CHECKER} constants.py, SYSTEM_DESC_REQUIRED_FIELDS",
)
"""Some keys may be empty, none may be absent."""

SYSTEM_VALUES = Policy(
    id="submission.system-values",
    title="Values of a systems JSON",
    rule=("Keys that ask for a meaningful response have one: no empty text, and no number 0."),
    applies_to="all",
    source=f"{CHECKER} constants.py, SYSTEM_DESC_MEANINGFUL_RESPONSE_REQUIRED_FIELDS",
)
"""A system without accelerators writes the text 0, as the number counts as empty."""

STATUS = Policy(
    id="submission.status",
    title="Availability",
    rule="status is available, preview or rdi.",
    applies_to="all",
    source=f"{CHECKER} constants.py, VALID_AVAILABILITIES",
)
"""The rules' prose says Available (on premise) and so on; the checker takes one word."""

SYSTEM_TYPE = Policy(
    id="submission.system-type",
    title="Suite",
    rule=("system_type is datacenter, edge, or both with a comma and no blank, in lower case."),
    applies_to="all",
    source=f"{CHECKER} checks/system_check.py, system_type_check",
)
"""Another spelling stops the official checker with a trace in the closed division."""

SUBMITTER = Policy(
    id="submission.submitter",
    title="Submitter",
    rule="The submitter of a systems JSON is the folder's name.",
    applies_to="all",
    source=f"{CHECKER} checks/system_check.py, submitter_check",
)
"""Letter case is free, as officially."""

SYSTEM_DIVISION = Policy(
    id="submission.system-division",
    title="Division of a system",
    rule="The division of a systems JSON is the folder's name.",
    applies_to="all",
    source=f"{CHECKER} checks/system_check.py, division_check",
)
"""Letter case is free, as officially."""

NETWORK = Policy(
    id="submission.network",
    title="Network mode",
    rule=(
        "is_network is true in the network division, with its further keys, and false or absent "
        "in the closed one."
    ),
    applies_to="network, closed",
    source=f"{CHECKER} checks/system_check.py, network_check",
)
"""Only a SUT across a network may be there."""

BENCHMARK = Policy(
    id="submission.benchmark",
    title="Name of a benchmark",
    rule=("A benchmark's folder has the checker's name of the round: resnet, not resnet50."),
    applies_to="all",
    source=f"{CHECKER} constants.py, models",
)
"""The official checker maps resnet50 and guesses further names."""

SCENARIO = Policy(
    id="submission.scenario",
    title="Name of a scenario",
    rule=(
        "A scenario's folder is Offline, Server, SingleStream, MultiStream or Interactive, "
        "spelt so."
    ),
    applies_to="all",
    source=f"{RULES}, Directory structure, Inference",
)
"""The official checker compares in lower case."""

SCENARIOS_REQUIRED = Policy(
    id="submission.scenarios-required",
    title="Scenarios of the suite",
    rule="A closed benchmark has every scenario that its suite asks for.",
    applies_to="closed, network",
    source=f"{CHECKER} loader.py, check_scenarios",
)
"""The open division may send one."""

SCENARIOS_ALLOWED = Policy(
    id="submission.scenarios-allowed",
    title="No other scenarios",
    rule="A closed benchmark has only scenarios that its suite knows.",
    applies_to="closed, network",
    source=f"{CHECKER} loader.py, check_scenarios",
)
"""A benchmark that the suite does not know at all is reported here."""

USER_CONF = Policy(
    id="submission.user-conf",
    title="user.conf",
    rule=(
        "Every line of user.conf is one that LoadGen reads, for this model and scenario, and "
        "sets no seed."
    ),
    applies_to="all",
    source="mlcommons/inference@b66003e10 loadgen/test_settings_internal.cc",
)
"""The official checker does not read it; LoadGen ignores mistakes in silence."""

MEASUREMENTS = Policy(
    id="submission.measurements",
    title="measurements.json",
    rule=(
        "measurements.json is one JSON object with a meaningful value for each key of the round."
    ),
    applies_to="all",
    source=f"{CHECKER} constants.py, SYSTEM_IMP_REQUIRED_FILES",
)
"""The rules' prose calls the file model-info.json; the checker of v6.1 reads measurements.json."""
