"""What `harness quantize` says of a processor on which INT8 gains nothing."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from runtime.calibration import processor
from runtime.calibration.qdq import Placement, Recipe
from runtime.cli import main
from runtime.vocabulary import Precision

INT8, CPU = Precision.INT8, Placement.CPU
OLD_X86 = "processor\t: 0\nflags\t\t: fpu sse avx2 avx512f\nbugs\t\t: vnni\n"
OLD_ARM = "processor\t: 0\nFeatures\t: fp asimd crc32\n"


@pytest.fixture
def cpu(tmp_path, monkeypatch):
    """Give what makes this processor another one: its /proc/cpuinfo and its machine's name."""

    def use(text, machine="x86_64"):
        path = tmp_path / "cpuinfo"
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(processor, "CPUINFO", path)
        monkeypatch.setattr(processor.platform, "machine", lambda: machine)

    return use


@pytest.mark.parametrize(
    ("text", "has"),
    [
        (OLD_X86, False),
        (OLD_X86.replace("avx512f", "avx512f avx512_vnni"), True),
        (OLD_X86.replace("avx2", "avx2 avx_vnni"), True),
        (OLD_ARM, False),
        (OLD_ARM.replace("crc32", "crc32 asimddp"), True),
        ("processor\t: 0\n", None),
        (None, None),
    ],
)
def test_flags_tell(cpu, text, has):
    cpu(text)
    assert processor.has_byte_products() is has
    assert bool(processor.note_on_speed(Recipe(INT8, CPU))) is (has is False)


def test_the_words_name_what_is_missing(cpu):
    cpu(OLD_X86)
    assert "lacks VNNI" in processor.note_on_speed(Recipe(INT8, CPU))
    cpu(OLD_ARM, "aarch64")
    assert "lacks dot products of bytes" in processor.note_on_speed(Recipe(INT8, CPU))


def test_a_model_for_a_gpu_is_not_judged_by_this_processor(cpu):
    cpu(OLD_X86)
    assert processor.note_on_speed(Recipe(INT8, Placement.TENSORRT)) == ""
    assert processor.note_on_speed(Recipe(Precision.FP8, Placement.TENSORRT)) == ""


@pytest.mark.parametrize("flags", [OLD_X86, OLD_X86.replace("avx2", "avx2 avx_vnni")])
def test_quantize_says_it_before_the_work(cpu, tmp_path, monkeypatch, flags):
    cpu(flags)
    monkeypatch.chdir(tmp_path)
    words = ("quantize", "--workload", "digits", "--target", "cpu", "--no-compare")
    done = CliRunner().invoke(main, words, env={"HARNESS_CACHE": str(tmp_path / "cache")})
    assert done.exit_code == 0, done.output
    said = "note: this processor lacks VNNI: INT8 is not expected to be faster" in done.stderr
    assert said is (flags == OLD_X86)
