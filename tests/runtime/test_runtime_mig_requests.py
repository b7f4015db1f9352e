"""What a user asks a plan for: options and files, and every mistake in them."""

from __future__ import annotations

import json

import pytest

from runtime.errors import ArtifactError, UsageError
from runtime.mig.needs import Need
from runtime.mig.requests import read_request


def test_requests_from_options():
    asked = read_request(
        ["bert:memory=18GiB,sms=20,count=2", "x:share=25%,nvdec=1"],
        ["A100-80GB*2", "0x20B710DE"],
        ["0:3g.40gb@4#2=llm!", "1:1g.10gb@0"],
    )
    assert asked.needs == (
        Need(name="bert", memory=18.0, sms=20.0, count=2),
        Need(name="x", share=0.25, nvdec=1),
    )
    assert [g.board.name for g in asked.gpus] == ["A100-80GB", "A100-80GB", "A30-24GB"]
    (one,) = asked.gpus[0].current
    assert (one.profile, one.start, one.gi_id, one.workload, one.keep) == (
        "3g.40gb",
        4,
        2,
        "llm",
        True,
    )
    assert asked.gpus[1].current[0].workload == ""


def test_gpus_keep_the_numbers_that_they_have():
    asked = read_request([], ["A100-80GB*2@2", "A30-24GB"], ["2:3g.40gb@4"])
    assert [(g.index, g.board.name) for g in asked.gpus] == [
        (2, "A100-80GB"),
        (3, "A100-80GB"),
        (4, "A30-24GB"),
    ]
    assert asked.gpus[0].current


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_requests_from_a_file(tmp_path, suffix):
    raw = {
        "gpu": [{"board": "A100-80GB", "count": 2}],
        "current": ["0:3g.40gb@4"],
        "need": [{"name": "a", "memory": 18, "count": 2}],
    }
    path = tmp_path / f"plan{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps(raw))
    else:
        path.write_text(
            'current = ["0:3g.40gb@4"]\n[[gpu]]\nboard = "A100-80GB"\ncount = 2\n'
            '[[need]]\nname = "a"\nmemory = 18\ncount = 2\n'
        )
    asked = read_request(["b:sms=4"], [], [], path)
    assert [n.name for n in asked.needs] == ["b", "a"]
    assert len(asked.gpus) == 2
    assert asked.gpus[0].current[0].profile == "3g.40gb"


def test_every_mistake_of_a_request_is_named():
    with pytest.raises(UsageError) as caught:
        read_request(
            ["bert", "a:memry=4", "b:memory=lots", "c:count=1.5", "d:sms"],
            ["A100-80G", "A100-80GB*0"],
            ["0:3g.40gb", "9:3g.40gb@4"],
        )
    text = str(caught.value)
    for part in (
        "NAME:KEY=VALUE",
        "did you mean 'memory'",
        "memory: want a number, got lots",
        "count: want a whole number, got 1.5",
        "want KEY=VALUE, got sms",
        "did you mean 'A100-80GB'",
        "1 to 1024",
        "PROFILE@START",
        "a GPU given with --gpu",
    ):
        assert part in text, part
    with pytest.raises(UsageError) as caught:
        read_request([], ["A100-80GB*2@4", "A30-24GB@5"], ["0:3g.40gb@4"])
    text = str(caught.value)
    for part in ("one board for GPU 5, got two", "one of GPU 4, 5"):
        assert part in text, part


def test_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "plan.toml"
    with pytest.raises(ArtifactError, match=r"plan\.toml"):
        read_request([], [], [], path)
    path.write_text("need = 1\nneeds = 2\n")
    with pytest.raises(UsageError, match="needs"):
        read_request([], [], [], path)
    path.write_text("need = 1\n")
    with pytest.raises(UsageError, match="want a list"):
        read_request([], [], [], path)
    other = tmp_path / "plan.json"
    other.write_text("[1]")
    with pytest.raises(UsageError, match="a table"):
        read_request([], [], [], other)
