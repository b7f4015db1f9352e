"""`harness triton`: model repositories, validation, servers, reports and tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runtime.cli.group import main
from runtime.cli.words import (
    Choice,
    complete_field,
    complete_scenario,
    complete_target,
    complete_workload,
)

_TARGET = click.option(
    "--target",
    metavar="NAME",
    shell_complete=complete_target,
    help="What to serve on; `harness list targets` prints the names.",
)
_WORKLOAD = click.option(
    "--workload", metavar="NAME", shell_complete=complete_workload, help="What to serve."
)
_SCENARIO = click.option(
    "--scenario",
    type=Choice(["offline", "server", "single-stream", "multi-stream"]),
    shell_complete=complete_scenario,
    help="Whose settings to take: batch size, instances, queue delay.",
)
_SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    shell_complete=complete_field,
    help="Replace one value of the entry; can be repeated.",
)
_MODEL = click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own model file: ONNX, or an engine for the TensorRT backend.",
)


@main.group("triton")
def triton() -> None:
    """Serve entries with Triton: repositories, validation, servers, reports, tuning.

    `harness run --harness triton` runs an entry through a server that it starts and stops
    itself. The server is the one that HARNESS_TRITON names, that of NVIDIA's container, or
    the one that `pip install 'calliope-harness[triton]'` brings.

    \b
    Examples:
      harness triton model --target cpu --workload digits --scenario server --out repository
      harness triton validate repository
      harness triton serve --repository repository
      harness triton report --target cpu --workload digits --scenario offline --quick
      harness triton tune --target cpu --workload digits --scenario server
      harness run --target cpu --workload digits --scenario offline --harness triton --quick

    \b
    Environment:
      HARNESS_TRITON  folder of a server (bin/tritonserver, backends/), or its binary
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@triton.command("model")
@_TARGET
@_WORKLOAD
@_SCENARIO
@_SET
@_MODEL
@click.option(
    "--backend",
    type=Choice(["python", "onnxruntime", "tensorrt"]),
    help="Triton backend; without it, what the server has and the settings name.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Repository to write; of several entries, each gets a repository in it.",
)
@click.option("--dry-run", is_flag=True, help="Print the configurations; write and open nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list to stdout.")
def write_models(**options: Any) -> None:
    """Generate model repositories from entries, validated before they are written.

    Without --workload and --scenario: the entries of the target whose harness is Triton; of
    a target without any, its Server entries.

    \b
    Examples:
      harness triton model --target cpu --workload digits --scenario server --out repository
      harness triton model --target h100-sxm-80gb --dry-run
      harness triton model --target h200-sxm-141gb --workload resnet50 --scenario server \\
                           --backend tensorrt --model resnet50.plan --out repository
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tritonmodel import make_models

    make_models(**options)


@triton.command("validate")
@click.argument("repository", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--devices",
    type=click.IntRange(min=0),
    metavar="N",
    help="GPUs that the server will see: ordinals are held against it.",
)
@click.option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GIB",
    help="Memory of one device: instances are held against it.",
)
@click.option(
    "--templates",
    is_flag=True,
    help="`${...}` is expected: a script fills the repository in later.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
@click.pass_context
def validate_repository(
    ctx: click.Context,
    /,
    *,
    repository: Path,
    devices: int | None,
    memory: float | None,
    templates: bool,
    as_json: bool,
) -> None:
    """Hold a model repository, ours or another project's, against Triton's rules.

    DIR is a repository, or the folder of one model. Needs no server; nothing of the
    repository is executed. Exit code 2 when a rule is broken; warnings alone are 0.

    \b
    Examples:
      harness triton validate repository
      harness triton validate repository --devices 1 --memory 10
      harness triton validate repository --json | jq '.findings[].rule'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tritonmodel import show_report
    from runtime.triton.folder import Limits
    from runtime.triton.validate import validate

    limits = Limits(devices=devices, memory_gib=memory, templates=templates)
    ctx.exit(show_report(validate(repository, limits), as_json=as_json))


@triton.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list to stdout.")
def print_rules(*, as_json: bool) -> None:
    """Print the rules that repositories are held against, with what happens otherwise.

    \b
    Examples:
      harness triton rules
      harness triton rules --json | jq -r '.[].id'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tritonmodel import show_rules

    show_rules(as_json=as_json)


@triton.command("serve")
@_TARGET
@_WORKLOAD
@_SCENARIO
@_SET
@_MODEL
@click.option(
    "--repository",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Serve this repository instead of generating one for an entry.",
)
@click.option(
    "--ports",
    metavar="HTTP,GRPC,METRICS",
    help="Ports on the loopback address; without it, free ones are chosen.",
)
@click.option(
    "--ready-timeout",
    "ready_s",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long server and models may take to become ready.",
)
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Stop after this time; without it, at Ctrl-C or SIGTERM.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of logs and repository. Without it: results/triton-TIME.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line a step to stdout.")
@click.pass_context
def serve_models(ctx: click.Context, /, **options: Any) -> None:
    """Start a server, wait until its models are ready, watch it, and stop it cleanly.

    Listens on 127.0.0.1 only. A target of MIG slices gets one server a slice. Exit code 0
    after a clean stop; 3 when there is no server, 5 when it or a model fails, with the
    server's own line in the message.

    \b
    Examples:
      harness triton serve --target cpu --workload digits --scenario server
      harness triton serve --repository repository --ports 8000,8001,8002
      harness triton serve --repository repository --for 1
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tritonserve import serve

    ctx.exit(serve(**options))


@triton.command("report")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN [DIRECT]]")
@_TARGET
@_WORKLOAD
@_SCENARIO
@_SET
@_MODEL
@click.option("--quick", is_flag=True, help="Runs of seconds, no official ones.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of runs, report, table and plot. Without it: results/triton-report-ENTRY.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON to stdout.")
@click.pass_context
def report_times(ctx: click.Context, /, **options: Any) -> None:
    """Show where a request's time goes, and Triton against the direct harness.

    Runs an entry through a server and then directly, with the same model, settings and
    rate; or reads the folders of runs that were made before. The parts are means over
    requests: waiting in the client, transport, Triton's queue, and its three compute parts.

    \b
    Examples:
      harness triton report --target cpu --workload digits --scenario server --quick
      harness triton report results/20260101-120000-cpu-digits-offline-triton
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tritonreport import report

    ctx.exit(report(**options))


@triton.command("tune")
@click.option(
    "--target",
    required=True,
    metavar="NAME",
    shell_complete=complete_target,
    help="What to run on; `harness list targets` prints the names.",
)
@click.option(
    "--workload",
    required=True,
    metavar="NAME",
    shell_complete=complete_workload,
    help="What to run.",
)
@click.option(
    "--scenario",
    required=True,
    type=Choice(["offline", "server", "single-stream", "multi-stream"]),
    shell_complete=complete_scenario,
    help="What to tune for: throughput, rate under the latency bound, or latency.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MINUTES",
    help="Most time for new trials; the best so far is confirmed within it.",
)
@click.option(
    "--trial",
    "trial_s",
    type=click.FloatRange(min=0.2, max=600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Length of a trial's timed part; the server's start and stop come on top.",
)
@click.option(
    "--confirm",
    "confirmations",
    type=click.IntRange(min=1, max=20),
    default=3,
    show_default=True,
    metavar="RUNS",
    help="VALID runs in a row that a result needs.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0.5, max=50),
    default=5.0,
    show_default=True,
    metavar="PERCENT",
    help="How exactly the Server rate is found.",
)
@_SET
@_MODEL
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of journal, trials and result; a second call goes on there. Without it: "
    "results/tune-ENTRY under the working directory.",
)
@click.option("--fresh", is_flag=True, help="Start anew; the earlier journal is kept aside.")
@click.option("--dry-run", is_flag=True, help="Print what would be tried, and how long it takes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
@click.pass_context
def tune_served(ctx: click.Context, /, **options: Any) -> None:
    """Find the best concurrency, queue delay, batch and instances behind Triton.

    The search of `harness tune`, for the entry whose harness is Triton: requests in flight
    (`triton_window`), connections (`triton_clients`), model instances (`lanes`), the dynamic
    batcher's delay, and the batch size. Every trial starts a server of its own. A field that
    --set names keeps its value.

    \b
    Examples:
      harness triton tune --target cpu --workload digits --scenario offline --budget 2
      harness triton tune --target cpu --workload digits --scenario server --set lanes=1
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tune import tune_entry

    ctx.invoke(tune_entry, **options, harness="triton")
