"""ImageNet's validation images from a folder, in any of three layouts.

Images with a `val_map.txt` of `NAME LABEL` lines, one subfolder a class, or a
folder of crops that `prepare` made. A folder of generated images is taken too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import ArtifactError, MissingError, Problem
from runtime.workloads.crops import SIDE, normalize, read_crop
from runtime.workloads.generated import MANIFEST, GeneratedImages, open_generated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLASSES = 1000
"""Classes of ILSVRC 2012."""

IMAGES = 50_000
"""Images of its validation set."""

MAP_FILE = "val_map.txt"
"""File of `NAME LABEL` lines, label 0 to 999."""

CLASS_FILE = "classes.txt"
"""File of class folder names in the order of their labels; needed where some of the
thousand class folders are absent."""

SUFFIXES = frozenset({".jpeg", ".jpg", ".png"})
"""What image files end in, in lower case."""

_SHOWN = 10


class ImageFolder:
    """Labelled images, read and preprocessed when they are loaded."""

    def __init__(self, files: Sequence[Path], labels: NDArray[np.int64]) -> None:
        """Hold the files and, for each, its class."""
        self.files = files
        self.labels = labels

    @property
    def note(self) -> str:
        """Return what must be said about a folder that is not the whole data set."""
        return _note(len(self.files))

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.files)

    def load(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen images, preprocessed; several are decoded at a time.

        Shapes:
            indices: (n,) int64.
            return: (n, 3, 224, 224) float32, C-contiguous.

        Raises:
            ArtifactError: With every file that is no image.
            MissingError: Pillow is not installed.
        """
        import numpy as np

        out = np.empty((len(indices), 3, SIDE, SIDE), dtype=np.float32)

        def place(row: int) -> None:
            normalize(read_crop(self.files[int(indices[row])]), out=out[row])

        _for_each(place, len(indices))
        return out


class PreparedFolder:
    """Images that `prepare` cropped once, mapped from one file."""

    def __init__(self, crops: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        """Hold the crops, shape (n, 224, 224, 3), and their classes."""
        self.crops = crops
        self.labels = labels

    @property
    def note(self) -> str:
        """Return what must be said about a folder that is not the whole data set."""
        return _note(len(self.labels))

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def load(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen images in one block.

        Shapes:
            indices: (n,) int64.
            return: (n, 3, 224, 224) float32, C-contiguous.
        """
        import numpy as np

        out = np.empty((len(indices), 3, SIDE, SIDE), dtype=np.float32)
        for row, index in zip(out, indices, strict=True):
            normalize(self.crops[index], out=row)
        return out


def sample_ids(folder: ImageFolder | PreparedFolder | GeneratedImages) -> list[str]:
    """Return the identity of each image: file name, hash of prepared pixels, or number."""
    import hashlib

    if isinstance(folder, ImageFolder):
        return [file.name for file in folder.files]
    if isinstance(folder, GeneratedImages):
        return [f"generated-{index}" for index in range(len(folder))]
    return [hashlib.sha256(crop.tobytes()).hexdigest()[:16] for crop in folder.crops]


def open_folder(path: Path) -> ImageFolder | PreparedFolder | GeneratedImages:
    """Return the images of a folder, in one of the known layouts.

    Raises:
        MissingError: The folder is not there.
        ArtifactError: With every problem of its lists and files.
    """
    if not path.is_dir():
        raise MissingError(
            Problem(str(path), "a folder", "none", "name the ImageNet validation folder")
        )
    if (path / "crops.npy").is_file():
        return _open_prepared(path)
    if (path / MANIFEST).is_file():
        return open_generated(path)
    if (path / MAP_FILE).is_file():
        return _open_map(path)
    return _open_classes(path)


def prepare(source: Path, target: Path) -> PreparedFolder:
    """Write a folder's crops to one file that later runs map, and return it.

    50,000 images take 7.5 GB. The target appears whole or not at all.

    Args:
        source: Folder in one of the known layouts.
        target: Folder to make; must not exist.

    Raises:
        MissingError: The source is not there, or Pillow is not installed.
        ArtifactError: The target exists, or images cannot be read.
    """
    import shutil
    import tempfile

    import numpy as np

    if target.exists():
        raise ArtifactError(
            Problem(str(target), "a folder to make", "one that exists", "name another")
        )
    folder = open_folder(source)
    if isinstance(folder, PreparedFolder):
        return folder
    if isinstance(folder, GeneratedImages):
        do = "name the folder itself with --data"
        raise ArtifactError(Problem(str(source), "image files", "generated images", do))
    part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        crops = np.lib.format.open_memmap(
            part / "crops.npy", mode="w+", dtype=np.uint8, shape=(len(folder), SIDE, SIDE, 3)
        )

        def place(row: int) -> None:
            crops[row] = read_crop(folder.files[row])

        _for_each(place, len(folder))
        crops.flush()
        np.save(part / "labels.npy", folder.labels)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return _open_prepared(target)


def _open_prepared(path: Path) -> PreparedFolder:
    """Return a folder that `prepare` made, its crops mapped and not read."""
    import numpy as np

    try:
        crops = np.load(path / "crops.npy", mmap_mode="r")
        labels = np.load(path / "labels.npy")
    except (OSError, ValueError) as error:
        raise ArtifactError(
            Problem(str(path), "crops.npy and labels.npy", str(error), "prepare the folder anew")
        ) from error
    if crops.shape != (len(labels), SIDE, SIDE, 3) or crops.dtype != np.uint8:
        raise ArtifactError(
            Problem(
                str(path / "crops.npy"),
                f"({len(labels)}, {SIDE}, {SIDE}, 3) uint8",
                f"{crops.shape} {crops.dtype}",
                "prepare the folder anew",
            )
        )
    return PreparedFolder(crops, labels)


def _open_map(path: Path) -> ImageFolder:
    """Return the images that `val_map.txt` lists, beside it or in a folder `val`."""
    import numpy as np

    names, labels, problems = _read_map(path / MAP_FILE)
    base = path / "val" if (path / "val").is_dir() else path
    present = {file.relative_to(base).as_posix() for file in base.rglob("*")}
    absent = [name for name in names if name not in present]
    if absent:
        got = f"{len(absent)} absent, the first {absent[0]}"
        problems.append(
            Problem(
                str(base),
                f"the {len(names)} images of {MAP_FILE}",
                got,
                "copy the images, or take their lines out",
            )
        )
    if not names and not problems:
        problems.append(
            Problem(str(path / MAP_FILE), "lines of NAME LABEL", "none", "write one an image")
        )
    if problems:
        raise ArtifactError(problems)
    return ImageFolder([base / name for name in names], np.array(labels, dtype=np.int64))


def _read_map(path: Path) -> tuple[list[str], list[int], list[Problem]]:
    """Return names, labels and the problems of a map file, the first ten in full."""
    names, labels, problems = [], [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        name, _, label = line.strip().rpartition(" ")
        if not name or not label.isdecimal() or int(label) >= CLASSES:
            problems.append(
                Problem(
                    f"{path}:{number}",
                    f"NAME LABEL with a label of 0 to {CLASSES - 1}",
                    repr(line),
                    "mend the line",
                )
            )
            continue
        names.append(name.strip())
        labels.append(int(label))
    if len(problems) > _SHOWN:
        rest = f"{len(problems) - _SHOWN} more such lines"
        problems[_SHOWN:] = [Problem(str(path), "NAME LABEL lines", rest, "mend them too")]
    return names, labels, problems


def _open_classes(path: Path) -> ImageFolder:
    """Return the images of one subfolder a class; labels follow the sorted folder names."""
    import numpy as np

    folders = sorted(item.name for item in path.iterdir() if item.is_dir())
    listed = path / CLASS_FILE
    order = listed.read_text("utf-8").split() if listed.is_file() else folders
    strangers = [name for name in folders if name not in set(order)]
    if len(order) != CLASSES or strangers:
        got = f"{len(order)} class folders" if not strangers else f"folder {strangers[0]!r}"
        raise ArtifactError(
            Problem(
                str(path),
                f"{MAP_FILE}, or {CLASSES} class folders",
                got,
                f"add {MAP_FILE} with NAME LABEL lines, or {CLASS_FILE} with the names of "
                f"all {CLASSES} class folders in the order of their labels",
            )
        )
    label_of = {name: label for label, name in enumerate(order)}
    found = sorted((file.name, file) for name in folders for file in _images(path / name))
    if not found:
        raise ArtifactError(
            Problem(str(path), "images in the class folders", "none", "copy the images")
        )
    files = [file for _, file in found]
    labels = [label_of[file.parent.name] for file in files]
    return ImageFolder(files, np.array(labels, dtype=np.int64))


def _images(folder: Path) -> Iterator[Path]:
    """Yield the image files of a folder."""
    return (file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)


def _for_each(work: Callable[[int], None], count: int) -> None:
    """Do something for every number below `count` in threads; raise every problem at once."""
    from concurrent.futures import ThreadPoolExecutor

    problems: list[Problem] = []

    def attempt(row: int) -> None:
        try:
            work(row)
        except ArtifactError as error:
            problems.extend(error.problems)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(attempt, range(count)):
            pass
    if problems:
        raise ArtifactError(sorted(problems, key=lambda problem: problem.where))


def _note(images: int) -> str:
    """Return the wording for a part of the data set."""
    return "" if images == IMAGES else f"{images:,} of 50,000 images: no official accuracy"
