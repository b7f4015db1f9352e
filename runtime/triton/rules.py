"""The rules that a model repository is held against: what a server refuses, or misreads.

Each rule is a constant with an id that messages carry. `errors` keep a server from
serving, or make it do something else than was meant; `warnings` cost speed or surprise.
"""

from __future__ import annotations

from dataclasses import dataclass

_MODEL = "Triton Inference Server documentation, Model Configuration"
_REPOSITORY = "Triton Inference Server documentation, Model Repository"
_PROTO = "Triton Inference Server, model_config.proto"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule."""

    id: str
    """Stable id: `triton.parse`."""
    want: str
    """What is right."""
    why: str
    """What happens otherwise."""
    source: str
    """Where it is stated, or how it was tried."""
    error: bool = True
    """Whether breaking it is an error; else a warning."""


PARSE = Rule(
    id="triton.parse",
    want="the text form of a ModelConfig protobuf: known fields, right types, nothing twice",
    why="the server refuses the model: `failed to read text proto`",
    source=f"{_PROTO}; tried with Triton 2.51",
)
"""Unknown fields, wrong types, unknown enum words, doubled scalars, two schedulers."""

PLACEHOLDER = Rule(
    id="triton.placeholder",
    want="no `${...}` left over",
    why="a template that nobody filled in is no configuration",
    source="triton-inference-server/tensorrtllm_backend, README: templates are filled by a script",
)
"""Templates of other projects."""

NAME = Rule(
    id="triton.name",
    want="the name of the model's folder, or none",
    why="the server refuses a model whose name is not its folder's",
    source=f"{_MODEL}, Name, Platform and Backend",
)
"""One name, two places."""

BACKEND = Rule(
    id="triton.backend",
    want="a backend or platform that exists",
    why="the server refuses a model that no backend takes",
    source=f"{_MODEL}, Name, Platform and Backend; tried with Triton 2.51",
)
"""Missing, misspelt, or contradicting the platform."""

BACKEND_UNKNOWN = Rule(
    id="triton.backend-unknown",
    want="a backend that is known here, or whose library lies beside the model",
    why="only the server can tell whether it has it",
    source=f"{_MODEL}, Name, Platform and Backend",
    error=False,
)
"""Custom backends."""

UNDECLARED = Rule(
    id="triton.undeclared",
    want="declared inputs and outputs",
    why="the server must complete them, which not every backend can",
    source=f"{_MODEL}, Auto-Generated Model Configuration",
    error=False,
)
"""Servers that the harness starts complete nothing."""

MAX_BATCH = Rule(
    id="triton.max-batch",
    want="max_batch_size of 0 or more",
    why="a negative size means nothing; 0 takes the batch axis into dims",
    source=f"{_MODEL}, Maximum Batch Size",
)
"""The batch axis is implicit above 0."""

TENSORS = Rule(
    id="triton.tensors",
    want="inputs and outputs with unique names, a data type, and dims of -1 or at least 1",
    why="the server refuses the model, or the client cannot ask it",
    source=f"{_MODEL}, Inputs and Outputs",
)
"""What goes in and what comes out."""

RESHAPE = Rule(
    id="triton.reshape",
    want="a reshape with as many elements as dims",
    why="the server refuses the model",
    source=f"{_MODEL}, Reshape",
)
"""Elements are kept, axes change."""

PREFERRED = Rule(
    id="triton.preferred-batch",
    want="preferred batch sizes from 1 to max_batch_size, each once",
    why="the server refuses sizes beyond the maximum",
    source=f"{_MODEL}, Preferred Batch Sizes",
)
"""Sizes that the batcher aims at."""

BATCHER = Rule(
    id="triton.batcher",
    want="a batcher only where max_batch_size is at least 1",
    why="there is nothing to batch; the server refuses the model",
    source=f"{_MODEL}, Dynamic Batcher",
)
"""Dynamic batching needs a batch axis."""

DELAY = Rule(
    id="triton.delay",
    want="a queue delay below one second",
    why="every lone request waits that long; microseconds are easily taken for nanoseconds",
    source=f"{_MODEL}, Delayed Batching",
    error=False,
)
"""A unit mistaken."""

QUEUE = Rule(
    id="triton.queue",
    want="a default priority level within priority_levels, and policies for existing levels",
    why="the server refuses the model",
    source=f"{_MODEL}, Priority Levels",
)
"""Priorities."""

GROUP = Rule(
    id="triton.instance-group",
    want="a count of at least 1; gpus only with KIND_GPU, each once, none negative",
    why="the server refuses the group, or places it elsewhere",
    source=f"{_MODEL}, Instance Groups",
)
"""Where instances run."""

ORDINAL = Rule(
    id="triton.gpu-ordinal",
    want="GPU ordinals within CUDA_VISIBLE_DEVICES",
    why="the server says `invalid or unsupported gpu id`; MIG slices are no ordinals",
    source="triton-inference-server/server issues 1567, 2584 and 4896",
)
"""Needs `--devices`, the number of devices that the server will see."""

KIND = Rule(
    id="triton.kind",
    want="a kind of instance that the backend has",
    why="TensorRT runs on GPUs only",
    source="Triton TensorRT backend, README",
)
"""No engine runs on a CPU."""

VERSION_DIR = Rule(
    id="triton.version-folder",
    want="version folders named by a number of at least 1, without a leading zero",
    why="other folders are ignored, silently",
    source=f"{_REPOSITORY}, Model Versions",
)
"""Numbers only."""

NO_VERSION = Rule(
    id="triton.no-version",
    want="at least one version folder",
    why="the server says that the model has no version",
    source=f"{_REPOSITORY}, Model Versions",
)
"""An ensemble has an empty one."""

POLICY = Rule(
    id="triton.version-policy",
    want="a version policy that some existing version meets",
    why="nothing would be served",
    source=f"{_MODEL}, Version Policy",
)
"""Latest, all, or these."""

MODEL_FILE = Rule(
    id="triton.model-file",
    want="the model's file in every served version folder",
    why="the model does not load; a Python model without model.py hangs the server",
    source=f"{_REPOSITORY}, Model Files; tried with Triton 2.51",
)
"""Named by default_model_filename, or the backend's own."""

PYTHON_CLASS = Rule(
    id="triton.python-class",
    want="a class TritonPythonModel with execute in model.py",
    why="the Python backend finds nothing to call",
    source="Triton Python backend, README, Python Backend Interface; read without running it",
)
"""model.py is parsed, never imported."""

GRAPHS = Rule(
    id="triton.cuda-graphs",
    want="graph_spec of declared inputs, batches up to max_batch_size, the TensorRT backend",
    why="no graph is captured, or the server refuses it",
    source=f"{_PROTO}, ModelOptimizationPolicy.Cuda.GraphSpec; Triton TensorRT backend, README",
)
"""Graphs replay fixed shapes."""

ACCELERATOR = Rule(
    id="triton.accelerator",
    want="execution accelerators of the ONNX Runtime (or TensorFlow) backend, known by name",
    why="others are ignored or refused",
    source="Triton ONNX Runtime backend, README",
)
"""tensorrt, cuda, openvino."""

GPU_ONLY = Rule(
    id="triton.gpu-only",
    want="CUDA options where instances run on GPUs",
    why="they do nothing on the host",
    source=f"{_PROTO}, ModelOptimizationPolicy",
    error=False,
)
"""A configuration copied from a GPU."""

ENSEMBLE = Rule(
    id="triton.ensemble",
    want="steps that name models of the repository, whose tensors are connected and typed alike",
    why="the server refuses the ensemble",
    source="Triton Inference Server documentation, Ensemble Models",
)
"""Every input is produced, every output is consumed or returned, no cycle."""

ENSEMBLE_FIELDS = Rule(
    id="triton.ensemble-fields",
    want="no instance group, optimization or batcher on an ensemble",
    why="an ensemble has no instances: its steps do",
    source="Triton Inference Server documentation, Ensemble Models",
)
"""Nothing runs in an ensemble itself."""

CACHE = Rule(
    id="triton.response-cache",
    want="no response cache on decoupled models",
    why="the server refuses the combination; a cache in a benchmark answers without inferring",
    source="Triton Inference Server documentation, Response Cache",
)
"""Cached answers are no inference."""

WARMUP = Rule(
    id="triton.warm-up",
    want="warm-up samples with a batch up to max_batch_size and every input of the model",
    why="the model does not load",
    source=f"{_MODEL}, Model Warmup",
)
"""Warm-up requests are checked like others."""

LABELS = Rule(
    id="triton.labels",
    want="label files that exist",
    why="the classification extension has nothing to name",
    source=f"{_REPOSITORY}, Repository Layout",
)
"""Relative to the model's folder."""

ONNX = Rule(
    id="triton.onnx",
    want="names, types and shapes as the ONNX file has them, with a free batch axis",
    why="the model does not load: `unexpected inference input`, or a fixed batch",
    source="triton-inference-server/server issues 1889 and 7056",
)
"""The graph's head is read, its weights are not."""

MEMORY = Rule(
    id="triton.memory",
    want="instances whose weights fit the device's memory",
    why="loading fails with out of memory, after minutes",
    source="Calliope: count times the model file's size, a lower bound",
)
"""Needs `--memory`, the device's memory."""

NO_CONFIG = Rule(
    id="triton.no-config",
    want="a config.pbtxt in the model's folder",
    why="the server has to complete it, which not every backend can; nobody reads what is served",
    source=f"{_MODEL}, Auto-Generated Model Configuration",
    error=False,
)
"""A misspelt file name looks like this."""

EMPTY = Rule(
    id="triton.empty",
    want="a folder with at least one model folder",
    why="the server starts and serves nothing",
    source=f"{_REPOSITORY}, Repository Layout",
)
"""One level too high or too low is the usual reason."""


def rules() -> tuple[Rule, ...]:
    """Return every rule, ordered by id."""
    found = [value for value in globals().values() if isinstance(value, Rule)]
    return tuple(sorted(found, key=lambda rule: rule.id))
