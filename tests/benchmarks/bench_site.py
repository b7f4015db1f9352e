"""What a site build costs beside Sphinx with as many plain pages, in one run.

    python tests/benchmarks/bench_site.py [--root DIR | --source TREE | --synthetic SYSTEMS]
        [--plain twin|short] [--rounds 3] [--jobs 1] [--json]

Builds a copy of the tree (our own, one that others wrote, or a made one with that many systems):
cold, without a change, and after an edit of one value; each step is `docgen build` that runs
nothing, so it includes reading the source and rendering. The plain site has as many pages, the
same theme and parser, and nothing of docgen; its edit changes one page. Its pages are `twin`s:
each has the name, the headings, the menu entries and the bytes of one of docgen's, all of it
prose; or `short`: three sections of prose, a small table, a link, no nested menu. Prints the
median of CPU seconds (own and children), wall seconds, pages read, and their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RACK = ROOT / "tests/docgen/fixtures_exports/rack"
MODEL = "configs/Y9x1"
"""Folder of the made tree's first system; the others are copies."""
EDITED = "runtime/targets/h200_sxm_141gb.py"
QPS = re.compile(r"((?:target|expected|offline|server)_qps(?: ?= ?|: ))([0-9][0-9_]*)")
WORDS = "A sentence of prose stands here so that the page has something to be parsed. "

CONF = """
extensions = ["myst_parser", "sphinx_design", "sphinx_copybutton"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {"navigation_depth": 3, "collapse_navigation": False}
html_show_sourcelink = False
html_copy_source = False
"""


def timed(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Return CPU seconds, wall seconds and output of a command; its children count too."""
    environment = {**os.environ, "DOCGEN_CACHE": str(folder.parent / "cache")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, done.stdout


def copy_tree(root: Path, to: Path) -> None:
    """Copy what a build reads, without what an earlier build wrote."""
    ignore = shutil.ignore_patterns("__pycache__", "*.onnx")
    for name in ("runtime", "docgen", "templates"):
        shutil.copytree(root / name, to / name, ignore=ignore)
    manifest = root / "docs/.docgen-manifest.json"
    generated = set(json.loads(manifest.read_text())["files"]) if manifest.is_file() else set()
    for path in (root / "docs").rglob("*"):
        name = path.relative_to(root / "docs").as_posix()
        if path.is_file() and name not in generated and not path.name.startswith("."):
            (to / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to / "docs" / name)
    shutil.copy(root / "pyproject.toml", to / "pyproject.toml")


def measure_ours(
    root: Path, jobs: int, work: Path, *, foreign: bool
) -> dict[str, dict[str, float]]:
    """Return figures of docgen's build of a copy of the tree."""
    tree = work / "tree"
    command = [sys.executable, "-m", "docgen", "build", "--json", "-j", str(jobs)]
    if foreign:
        shutil.copytree(root, tree, symlinks=True)
        command += ["--source", str(tree), "--output", str(work / "site")]
    else:
        copy_tree(root, tree)
        command += ["--no-run", "--allow-warnings", "--root", str(tree)]
    found = {}
    for step in ("cold", "no change", "one edit"):
        if step == "one edit":
            edit_value(find_edited(tree) if foreign else tree / EDITED)
        cpu, wall, out = timed(command, tree)  # the copy of docgen, whatever is edited meanwhile
        report = json.loads(out)
        found[step] = {
            "cpu_s": cpu,
            "wall_s": wall,
            "read": report["pages_read"],
            "written": report["pages_written"],
            "generated": report["generated"]["written"],
        }
    found["cold"]["pages"] = found["cold"]["read"]
    return found


def find_edited(tree: Path) -> Path:
    """Return the first configuration of a foreign tree that sets an expected rate."""
    for file in sorted((tree / "configs").rglob("*.py")):
        if QPS.search(file.read_text("utf-8", "replace")):
            return file
    raise SystemExit(f"{tree}: want a configuration with an expected rate, got none")


def edit_value(file: Path) -> None:
    """Change the first expected rate of a file by one."""
    text = file.read_text()
    match = QPS.search(text)
    if match is None:
        raise SystemExit(f"{file}: want a target_qps, got none; name another file in EDITED")
    value = int(match[2].replace("_", "")) + 1
    file.write_text(text.replace(match[0], f"{match[1]}{value}", 1))


def make_tree(systems: int, to: Path) -> None:
    """Write a tree in the EXPORTS dialect with that many systems, copies of one."""
    shutil.copytree(RACK, to, symlinks=True)
    for number in range(2, systems + 1):
        shutil.copytree(to / MODEL, to / f"configs/Y9x{number}")


def write_short(pages: int, source: Path) -> Path:
    """Write that many short pages and return the one to edit."""
    names = [f"p{number}" for number in range(pages - 1)]
    listed = "\n".join(names)
    (source / "index.md").write_text(f"# Index\n\n```{{toctree}}\n{listed}\n```\n")
    for name, after in zip(names, [*names[1:], "index"], strict=True):
        (source / f"{name}.md").write_text(make_plain(name, after))
    return source / "p0.md"


def write_twins(pages: Path, source: Path) -> Path:
    """Write a page of prose for each of docgen's pages and return the one to edit."""
    edited = source / "index.md"
    for page in sorted(pages.rglob("*.md")):
        to = source / page.relative_to(pages)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(make_twin(page.read_text("utf-8")))
        edited = to if page.name != "index.md" else edited
    return edited


def make_twin(text: str) -> str:
    """Return prose with the headings, the menu entries and the bytes of a page."""
    menus = re.findall(r"^```\{toctree\}\n.*?^```$", text, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ .*$", text, re.MULTILINE) or ["# Page"]
    kept = sum(len(part) + 2 for part in (*menus, *heads))
    lines = max(len(text.encode()) - kept, 0) // len(heads) // len(WORDS)
    prose = "\n\n".join([WORDS * 5] * (lines // 5) + [WORDS * (lines % 5)])
    return "\n\n".join([*(f"{head}\n\n{prose}" for head in heads), *menus]) + "\n"


def measure_plain(
    pages: int, jobs: int, work: Path, docs: Path | None
) -> dict[str, dict[str, float]]:
    """Return figures of Sphinx alone with twins of docgen's pages, or that many short ones."""
    source = work / "plain"
    source.mkdir()
    (source / "conf.py").write_text(CONF)
    edited = write_twins(docs, source) if docs is not None else write_short(pages, source)
    command = [sys.executable, "-m", "sphinx", "-q", "-j", str(jobs), "-b", "html"]
    command += [str(source), str(work / "plain-site")]
    found = {}
    for step in ("cold", "no change", "one edit"):
        if step == "one edit":
            edited.write_text(edited.read_text() + "\nMore.\n")
        cpu, wall, _ = timed(command, work)
        found[step] = {"cpu_s": cpu, "wall_s": wall}
    return found


def make_plain(name: str, after: str) -> str:
    """Return a plain page."""
    rows = "".join(f"| {number} | value {number} |\n" for number in range(5))
    sections = "".join(f"## Part {number} of {name}\n\n{WORDS * 5}\n\n" for number in range(3))
    table = f"| a | b |\n| --: | :-- |\n{rows}"
    return f"# Page {name}\n\n{sections}{table}\nNext: {{doc}}`{after}`.\n"


def summarise(rounds: list[tuple[dict, dict]]) -> dict[str, dict[str, float]]:
    """Return medians and ratios by step."""
    found = {}
    for step in ("cold", "no change", "one edit"):
        ours = [a[step]["cpu_s"] for a, _ in rounds]
        plain = [b[step]["cpu_s"] for _, b in rounds]
        ratios = [x / y for x, y in zip(ours, plain, strict=True)]
        first = rounds[-1][0][step]
        found[step] = {
            "docgen_cpu_s": round(statistics.median(ours), 2),
            "sphinx_cpu_s": round(statistics.median(plain), 2),
            "ratio": round(statistics.median(ratios), 2),
            "docgen_wall_s": round(statistics.median(a[step]["wall_s"] for a, _ in rounds), 2),
            "sphinx_wall_s": round(statistics.median(b[step]["wall_s"] for _, b in rounds), 2),
            "pages_read": first["read"],
            "pages_written": first["written"],
            "files_generated": first["generated"],
        }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--source", type=Path, help="a tree that others wrote, closed/SUBMITTER")
    parser.add_argument("--synthetic", type=int, metavar="SYSTEMS", help="a made tree")
    parser.add_argument("--plain", choices=("twin", "short"), default="twin")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rounds = []
    for _ in range(asked.rounds):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            work.mkdir()
            tree = (asked.source or asked.root).resolve()
            if asked.synthetic:
                tree = Path(folder) / "made"
                make_tree(asked.synthetic, tree)
            foreign = bool(asked.source or asked.synthetic)
            ours = measure_ours(tree, asked.jobs, work, foreign=foreign)
            cache = work / "cache"
            docs = next(cache.glob("*/*/pages")) if foreign else work / "tree/docs"
            twins = docs if asked.plain == "twin" else None
            plain = measure_plain(int(ours["cold"]["pages"]), asked.jobs, work, twins)
        rounds.append((ours, plain))
    steps = summarise(rounds)
    pages = int(rounds[-1][0]["cold"]["pages"])
    if asked.json:
        print(json.dumps({"pages": pages, "rounds": asked.rounds, "steps": steps}, indent=2))
        return
    print(f"{pages} pages, median of {asked.rounds}, -j{asked.jobs}; CPU seconds")
    for step, row in steps.items():
        print(
            f"{step:10} docgen {row['docgen_cpu_s']:7.2f}  Sphinx {row['sphinx_cpu_s']:7.2f}  "
            f"ratio {row['ratio']:5.2f}  read {row['pages_read']}  written {row['pages_written']}"
        )


if __name__ == "__main__":
    main()
