"""ImageNet folders and preprocessing, on small images that the tests make."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime.errors import ArtifactError, MissingError
from runtime.workloads import crops, imagenet

TOOL = Path(__file__).parents[2] / "tools" / "prepare_imagenet.py"


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Return smooth noise, shape (height, width, 3)."""
    small = np.random.RandomState(seed).randint(0, 256, (9, 9, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def save(path: Path, pixels: np.ndarray, **options: object) -> Path:
    """Write an image file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    """Return a folder with three images and a map file."""
    folder = tmp_path / "imagenet"
    for number, (name, label) in enumerate((("b.JPEG", 7), ("a.png", 0), ("sub/c.png", 999))):
        save(folder / name, picture(60 + number, 50, number))
        with (folder / "val_map.txt").open("a") as file:
            file.write(f"{name} {label}\n")
    return folder


def area_crop(pixels: np.ndarray, tall: int, wide: int) -> np.ndarray:
    """Return every seventh pixel of the crop by the definition of area averaging."""
    height, width, _ = pixels.shape
    cover = lambda i, n, m: np.clip(  # noqa: E731
        np.minimum((i + 1) * n / m, np.arange(n) + 1) - np.maximum(i * n / m, np.arange(n)), 0, None
    )
    top, left = (tall - 224) // 2, (wide - 224) // 2
    out = np.empty((32, 32, 3))
    for y in range(0, 224, 7):
        rows = cover(top + y, height, tall)
        line = np.tensordot(rows / rows.sum(), pixels.astype(float), axes=1)
        for x in range(0, 224, 7):
            columns = cover(left + x, width, wide)
            out[y // 7, x // 7] = columns @ line / columns.sum()
    return out


@pytest.mark.parametrize(
    ("width", "height", "tall", "wide"),
    [(500, 375, 256, 341), (300, 460, 392, 256), (512, 512, 256, 256)],
)
def test_shrinking_averages_areas(width: int, height: int, tall: int, wide: int) -> None:
    pixels = picture(width, height)
    crop = crops.resize_crop(pixels)
    assert crop.shape == (224, 224, 3)
    assert crop.dtype == np.uint8
    assert np.abs(crop[::7, ::7] - area_crop(pixels, tall, wide)).max() <= 0.51


def test_an_image_of_the_final_size_is_only_cropped() -> None:
    pixels = picture(300, 256)
    assert np.array_equal(crops.resize_crop(pixels), pixels[16:240, 38:262])


def test_growing_keeps_flat_colours_and_the_range() -> None:
    flat = np.full((40, 90, 3), (10, 200, 255), np.uint8)
    assert (crops.resize_crop(flat) == (10, 200, 255)).all()
    pixels = picture(40, 90)
    crop = crops.resize_crop(pixels)
    assert pixels.min() <= crop.min()
    assert crop.max() <= pixels.max()


def test_growing_by_two_repeats_and_mixes_neighbours() -> None:
    row = np.arange(128, dtype=np.uint8)[None, :, None]
    crop = crops.resize_crop(np.broadcast_to(row, (128, 128, 3)))
    line = crop[100, :, 0].astype(int)
    assert np.array_equal(line, np.arange(16, 240) // 2)


def test_growing_by_a_fraction_agrees_with_the_reference_library() -> None:
    """The values are those of OpenCV 5.0's INTER_AREA, which rounds in fixed point."""
    row = (np.arange(159, -1, -1) * 97 % 251).astype(np.uint8)[None, :, None]
    line = crops.resize_crop(np.broadcast_to(row, (160, 160, 3)))[100, :24, 0]
    opencv = [146, 107, 49, 172, 184, 106, 48, 9, 163, 124, 66, 189]
    opencv += [200, 123, 65, 26, 180, 141, 83, 206, 218, 140, 82, 43]
    assert np.abs(line.astype(int) - opencv).max() <= 1


def test_normalizing_takes_means_off_and_puts_channels_first() -> None:
    crop = picture(224, 224)
    out = np.empty((3, 224, 224), np.float32)
    crops.normalize(crop, out=out)
    for channel, mean in enumerate((123.68, 116.78, 103.94)):
        assert np.allclose(out[channel], crop[:, :, channel] - mean, atol=1e-4)


def test_grey_and_transparent_images_become_rgb(tmp_path: Path) -> None:
    grey = picture(256, 256)[:, :, 0]
    assert np.array_equal(
        crops.read_crop(save(tmp_path / "g.png", grey)), np.stack([grey[16:240, 16:240]] * 3, 2)
    )
    clear = np.dstack([picture(256, 256), np.full((256, 256), 7, np.uint8)])
    got = crops.read_crop(save(tmp_path / "t.png", clear))
    assert np.array_equal(got, clear[16:240, 16:240, :3])


def test_orientation_marks_are_followed(tmp_path: Path) -> None:
    pixels = picture(256, 256)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    turned = crops.read_crop(save(tmp_path / "u.png", pixels, exif=exif))
    assert np.array_equal(turned, pixels[::-1, ::-1][16:240, 16:240])


def test_a_map_file_gives_order_and_labels(mapped: Path) -> None:
    folder = imagenet.open_folder(mapped)
    assert [file.name for file in folder.files] == ["b.JPEG", "a.png", "c.png"]
    assert folder.labels.tolist() == [7, 0, 999]
    assert folder.labels.dtype == np.int64
    assert folder.note == "3 of 50,000 images: no official accuracy"


def test_images_may_stand_in_a_folder_val(mapped: Path) -> None:
    inner = mapped / "val"
    inner.mkdir()
    for name in ("b.JPEG", "a.png", "sub"):
        (mapped / name).rename(inner / name)
    assert imagenet.open_folder(mapped).files[0] == inner / "b.JPEG"


def test_samples_are_ready_for_the_model(mapped: Path) -> None:
    folder = imagenet.open_folder(mapped)
    got = folder.load(np.array([2, 0]))
    assert got.shape == (2, 3, 224, 224)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    alone = np.empty((3, 224, 224), np.float32)
    crops.normalize(crops.read_crop(mapped / "sub" / "c.png"), out=alone)
    assert np.array_equal(got[0], alone)


def test_every_problem_of_a_map_file_is_told_at_once(mapped: Path) -> None:
    with (mapped / "val_map.txt").open("a") as file:
        file.write("x.png 1000\n\nlonely\nabsent.png 3\n")
    with pytest.raises(ArtifactError) as caught:
        imagenet.open_folder(mapped)
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "val_map.txt:4: want NAME LABEL with a label of 0 to 999, got 'x.png 1000'" in text
    assert "val_map.txt:6" in text
    assert "1 absent, the first absent.png" in text


def test_a_map_file_of_nonsense_is_told_in_short(mapped: Path) -> None:
    (mapped / "val_map.txt").write_text("nonsense\n" * 500)
    with pytest.raises(ArtifactError) as caught:
        imagenet.open_folder(mapped)
    assert len(caught.value.problems) == 11
    assert "490 more such lines" in str(caught.value)


def test_an_empty_map_file_is_a_problem(mapped: Path) -> None:
    (mapped / "val_map.txt").write_text("\n")
    with pytest.raises(ArtifactError, match="want lines of NAME LABEL, got none"):
        imagenet.open_folder(mapped)


def test_a_thousand_class_folders_are_labelled_in_their_order(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / f"n{number:08}").mkdir()
    save(tmp_path / "n00000999" / "v1.png", picture(20, 20))
    save(tmp_path / "n00000003" / "v2.JPEG", picture(20, 20))
    (tmp_path / "n00000003" / "notes.txt").write_text("no image")
    folder = imagenet.open_folder(tmp_path)
    assert [file.name for file in folder.files] == ["v1.png", "v2.JPEG"]
    assert folder.labels.tolist() == [999, 3]


def test_fewer_class_folders_need_the_list_of_all(tmp_path: Path) -> None:
    save(tmp_path / "n00000500" / "v.png", picture(20, 20))
    with pytest.raises(ArtifactError, match=r"got 1 class folders; add val_map\.txt"):
        imagenet.open_folder(tmp_path)
    names = "\n".join(f"n{number:08}" for number in range(1000))
    (tmp_path / "classes.txt").write_text(names)
    assert imagenet.open_folder(tmp_path).labels.tolist() == [500]
    (tmp_path / "stranger").mkdir()
    with pytest.raises(ArtifactError, match="folder 'stranger'"):
        imagenet.open_folder(tmp_path)


def test_an_absent_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="name the ImageNet validation folder"):
        imagenet.open_folder(tmp_path / "none")


def test_every_broken_image_is_named(mapped: Path) -> None:
    (mapped / "a.png").write_text("no image")
    whole = (mapped / "b.JPEG").read_bytes()
    (mapped / "b.JPEG").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactError) as caught:
        imagenet.open_folder(mapped).load(np.arange(3))
    assert [Path(p.where).name for p in caught.value.problems] == ["a.png", "b.JPEG"]
    assert all(p.want == "an image" for p in caught.value.problems)


def test_pillow_absent_is_one_clear_message(mapped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingError, match="pip install pillow"):
        imagenet.open_folder(mapped).load(np.arange(3))


def test_a_prepared_folder_gives_the_same_samples(mapped: Path, tmp_path: Path) -> None:
    direct = imagenet.open_folder(mapped)
    imagenet.prepare(mapped, tmp_path / "prepared")
    prepared = imagenet.open_folder(tmp_path / "prepared")
    assert isinstance(prepared, imagenet.PreparedFolder)
    assert len(prepared) == 3
    assert prepared.note == direct.note
    assert np.array_equal(prepared.labels, direct.labels)
    indices = np.array([2, 1, 1, 0])
    assert np.array_equal(prepared.load(indices), direct.load(indices))


def test_preparing_is_whole_or_not_at_all(mapped: Path, tmp_path: Path) -> None:
    (mapped / "a.png").write_text("no image")
    with pytest.raises(ArtifactError, match=re.escape("a.png")):
        imagenet.prepare(mapped, tmp_path / "prepared")
    assert [item.name for item in tmp_path.iterdir()] == ["imagenet"]
    with pytest.raises(ArtifactError, match="want a folder to make"):
        imagenet.prepare(mapped, mapped)


def test_a_damaged_prepared_folder_is_noticed(mapped: Path, tmp_path: Path) -> None:
    target = tmp_path / "prepared"
    imagenet.prepare(mapped, target)
    np.save(target / "labels.npy", np.zeros(4, np.int64))
    with pytest.raises(ArtifactError, match=r"want \(4, 224, 224, 3\) uint8"):
        imagenet.open_folder(target)
    (target / "labels.npy").unlink()
    with pytest.raises(ArtifactError, match="prepare the folder anew"):
        imagenet.open_folder(target)


def test_the_script_prepares_and_reports(mapped: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), str(mapped), str(tmp_path / "prepared")]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("3 images in ")
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 4
    assert "want a folder to make" in again.stderr
