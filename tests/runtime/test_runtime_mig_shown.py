"""Commands that make a plan real, and drawings of it."""

from __future__ import annotations

import json
import re
import subprocess
from xml.etree import ElementTree as ET

import pytest

from runtime.mig.boards import find_board
from runtime.mig.commands import create_commands, mig_parted, nvidia_smi
from runtime.mig.drawing import describe, draw_strip, draw_svg, draw_text
from runtime.mig.fleet import Gpu, Instance
from runtime.mig.layouts import Placement
from runtime.mig.needs import Need
from runtime.mig.planner import plan
from runtime.mig.validity import parse_layout

A100 = find_board("A100-80GB")
H200 = find_board("H200-141GB")
RTX = find_board("RTX-PRO-6000-BW")


def gpu(board=A100, text: str = "", index: int = 0, **marks) -> Gpu:
    """Return a GPU with instances that all have the same marks."""
    placed = parse_layout(board, text)[0] if text else []
    current = tuple(
        Instance(profile=p.profile, start=p.start, size=p.size, **marks) for p in placed
    )
    return Gpu(index=index, board=board, current=current)


def test_commands_destroy_before_they_create_at_explicit_places():
    needs = [Need(name="big", memory=35, count=2)]
    current = (
        Instance(profile="1g.10gb", start=2, size=1, workload="old", gi_id=9),
        Instance(profile="3g.40gb", start=4, size=4, workload="big"),
    )
    best = plan(needs, [Gpu(index=3, board=A100, current=current)])
    assert best is not None
    assert nvidia_smi(best.gpus) == (
        "# GPU 3, A100-80GB",
        "sudo nvidia-smi mig -i 3 -gi 9 -dci  # 1g.10gb@2 (old)",
        "sudo nvidia-smi mig -i 3 -gi 9 -dgi",
        "sudo nvidia-smi mig -i 3 -cgi 3g.40gb:0 -C",
    )


def test_an_unknown_number_stops_the_shell():
    needs = [Need(name="big", memory=35, count=2)]
    current = (
        Instance(profile="1g.10gb", start=2, size=1, workload="old"),
        Instance(profile="3g.40gb", start=4, size=4, workload="big"),
    )
    best = plan(needs, [Gpu(index=0, board=A100, current=current)])
    assert best is not None
    lines = [line.replace("sudo nvidia-smi", "echo") for line in nvidia_smi(best.gpus)]
    done = subprocess.run(
        ["sh", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "number of 1g.10gb@2" in done.stderr
    assert "-cgi" not in done.stdout


def test_commands_for_empty_gpus_and_for_no_change():
    assert create_commands(0, parse_layout(A100, "1g.10gb@0,3g.40gb@4")[0]) == (
        "sudo nvidia-smi mig -i 0 -cgi 3g.40gb:4,1g.10gb:0 -C",
    )
    fresh = plan([Need(name="a", profile="1g.10gb")], [gpu()])
    assert fresh is not None
    assert any("-mig 1" in line for line in nvidia_smi(fresh.gpus))
    same = plan([Need(name="a", profile="1g.10gb")], [gpu(text="1g.10gb@5")])
    assert same is not None
    assert nvidia_smi(same.gpus) == ("# nothing to change",)


def test_mig_parted_config_is_what_the_plan_says():
    needs = [Need(name="a", profile="3g.40gb", count=2), Need(name="b", profile="1g.10gb", count=7)]
    best = plan(needs, [gpu(index=n) for n in range(3)])
    assert best is not None
    text = mig_parted(best.gpus, "two")
    assert text.startswith('version: v1\nmig-configs:\n  "two":\n')
    found = re.findall(
        r"    - devices: (\[.*\])\n      mig-enabled: true\n      mig-devices:\n((?:        .*\n)+)",
        text,
    )
    layouts = {
        index: {k: int(v) for k, v in re.findall(r'"(.*)": (\d+)', body)}
        for devices, body in found
        for index in json.loads(devices)
    }
    expected = {}
    for one in best.gpus:
        if one.in_use:
            profiles = [p.profile for p in one.layout]
            expected[one.gpu.index] = {p: profiles.count(p) for p in profiles}
    assert layouts == expected
    assert mig_parted([]).endswith('"calliope-plan": []\n')


# --- drawings ---


def test_drawings_show_every_instance():
    layout = parse_layout(A100, "3g.40gb@4,1g.10gb@1")[0]
    labels = {layout[1]: "llm & <co>"}
    words = describe(A100, layout, labels)
    assert "1g.10gb on slot 1; 3g.40gb on slots 4 to 7 for llm & <co>" in words
    assert "5 of 8 memory slots and 4 of 7 compute slices" in words
    assert "free: slots 0, 2, 3" in words
    assert describe(A100, []) == "A100-80GB: no instances, 8 memory slots free."
    lines = draw_text(A100, layout, labels).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines[1:]}) == 1
    assert lines[1].index("[3g.40gb") == lines[0].index("4")
    assert lines[1].index("[1g") == lines[0].index("1")
    assert draw_strip(A100, layout) == "....[1g]........[3g            ]"
    assert draw_strip(RTX, parse_layout(RTX, "1g.24gb-me@9")[0]).endswith("[1g*       ]")


def test_svg_is_well_formed_and_has_a_text_alternative():
    layout = parse_layout(A100, "3g.40gb@4,1g.10gb@1")[0]
    root = ET.fromstring(draw_svg(A100, layout, {layout[1]: "a & <b>"}, "One <GPU>"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.findtext(f"{space}title") == "One <GPU>"
    ids = [e.get("id") for e in root if e.get("id")]
    assert root.get("aria-labelledby").split() == ids
    assert ids[0] not in draw_svg(A100, layout)
    assert root.findtext(f"{space}desc") == describe(A100, layout, {layout[1]: "a & <b>"})
    texts = [t.text for t in root.iter(f"{space}text")]
    assert {"3g.40gb", "1g.10gb", "a & <b>", "7"} <= set(texts)
    filled = [r for r in root.iter(f"{space}rect") if r.get("fill") != "none"]
    assert [int(r.get("x")) for r in filled] == [68, 260]
    assert int(filled[1].get("width")) == 4 * 64 - 4


@pytest.mark.parametrize("board", [A100, RTX], ids=lambda b: b.name)
def test_names_in_drawings_can_be_read(board):
    """White text on every fill has a contrast of at least 4.5 to 1 (WCAG AA)."""
    for profile in board.profiles:
        text = draw_svg(board, [Placement(profile.starts[0], profile.size, profile.name)])
        (colour,) = set(re.findall(r'rx="4" fill="#(\w{6})"', text))
        parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, (profile.name, colour)
