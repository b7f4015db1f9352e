"""Model repositories that tests write, and what a validation says of them."""

from __future__ import annotations

from click.testing import CliRunner

from runtime.cli import main

GOOD = """
name: "m"
backend: "python"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] }
instance_group { count: 1 kind: KIND_CPU }
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
"""
CODE = "class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"


def model_at(root, name="m", text=GOOD, files=("1/model.py",)):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(CODE)
    (folder / "config.pbtxt").write_text(text.replace('name: "m"', f'name: "{name}"'))
    return folder


def broken(report):
    return {f.rule.id for f in report.findings if f.rule.error}


def run_cli(*arguments):
    return CliRunner().invoke(main, ["triton", *map(str, arguments)])
