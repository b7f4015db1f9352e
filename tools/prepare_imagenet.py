"""Crop the ImageNet validation images once, so that later runs map one file.

    python tools/prepare_imagenet.py SOURCE TARGET

`harness run --workload resnet50 --data TARGET` then starts without decoding
images; the samples are the same, byte by byte. 50,000 images take 7.5 GB.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runtime.errors import HarnessError
from runtime.workloads import imagenet


def main() -> int:
    """Prepare the folder and return the exit code."""
    parser = argparse.ArgumentParser(description="Crop the ImageNet validation images once.")
    parser.add_argument("source", type=Path, help="folder with the images")
    parser.add_argument("target", type=Path, help="folder to make")
    given = parser.parse_args()
    try:
        folder = imagenet.prepare(given.source, given.target)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{len(folder):,} images in {given.target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
