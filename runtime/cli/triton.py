"""`harness triton`: model repositories, validation, servers, reports and tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runtime.cli import options as shared
from runtime.cli.group import main
from runtime.cli.words import Choice

_ON = "What to serve on; `harness list targets` prints the names."
_WHOSE = "Whose settings to take: batch size, instances, queue delay."
_REPLACE = "Replace one value of the entry; can be repeated."
_FILE = "Your own model file: ONNX, or an engine for the TensorRT backend."


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
@shared.target(_ON, required=False)
@shared.workload("What to serve.", required=False)
@shared.scenario(_WHOSE, required=False)
@shared.overrides(_REPLACE)
@shared.model_file(_FILE)
@click.option(
    "--backend",
    type=Choice(["python", "onnxruntime", "tensorrt"]),
    help="Triton backend; without it, what the server has and the settings name.",
)
@shared.out_folder("Repository to write; of several entries, each gets a repository in it.")
@click.option("--dry-run", is_flag=True, help="Print the configurations; write and open nothing.")
@shared.as_json("Print a JSON list to stdout.")
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
@shared.as_json()
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
@shared.as_json("Print a JSON list to stdout.")
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
@shared.target(_ON, required=False)
@shared.workload("What to serve.", required=False)
@shared.scenario(_WHOSE, required=False)
@shared.overrides(_REPLACE)
@shared.model_file(_FILE)
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
@shared.out_folder("Folder of logs and repository. Without it: results/triton-TIME.")
@shared.as_json("Print one JSON line a step to stdout.")
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
@shared.target(_ON, required=False)
@shared.workload("What to serve.", required=False)
@shared.scenario(_WHOSE, required=False)
@shared.overrides(_REPLACE)
@shared.model_file(_FILE)
@click.option("--quick", is_flag=True, help="Runs of seconds, no official ones.")
@shared.out_folder(
    "Folder of runs, report, table and plot. Without it: results/triton-report-ENTRY."
)
@shared.as_json("Print the report as JSON to stdout.")
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
@shared.target()
@shared.workload("What to run.")
@shared.scenario("What to tune for: throughput, rate under the latency bound, or latency.")
@shared.search("Length of a trial's timed part; a server that must be started comes on top.")
@shared.overrides("Keep a field at a value: it is not searched. Can be repeated.")
@shared.model_file(_FILE)
@shared.search_folder
@shared.as_json()
@click.pass_context
def tune_served(ctx: click.Context, /, **options: Any) -> None:
    """Find the best concurrency, queue delay, batch and instances behind Triton.

    The search of `harness tune`, for the entry whose harness is Triton: requests in flight
    (`triton_window`), connections (`triton_clients`), samples in a request, model instances
    (`lanes`), the dynamic batcher's delay, and the batch size. One server stays up; trials that
    change what it serves start another one. A field that --set names keeps its value. Exit
    code 0 when the best values were confirmed; 6 with the reason when not.

    \b
    Examples:
      harness triton tune --target cpu --workload digits --scenario offline --budget 2
      harness triton tune --target cpu --workload digits --scenario server --set lanes=1
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.tune import tune_entry

    ctx.invoke(tune_entry, **options, harness="triton")
