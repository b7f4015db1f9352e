"""When a claim was last true: in earlier trees, or in the commits of the tree's own repository."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from docgen.prose.check import facts_of, judge
from docgen.prose.model import Verdict
from docgen.prose.reading import read

if TYPE_CHECKING:
    from docgen.config import Config
    from docgen.prose.facts import Facts

TIMEOUT_S = 60
"""Longest time that one question to git may take, in seconds."""

_SOURCES = ("*.py", "*.sh", "*.mk", "Makefile*", "*Dockerfile*", "*.cc", "*.h", "*.json")
_PATHS = frozenset({"path", "program", "link"})


def in_earlier(findings: list[Verdict], config: Config, earlier: Iterable[Path]) -> list[Verdict]:
    """Return findings with the first earlier tree in which the same words were true.

    Args:
        findings: What does not hold now.
        config: The tree that they were found in.
        earlier: Folders of earlier trees, the latest first.
    """
    found = list(findings)
    for tree in earlier:
        open_ones = {_key(v) for v in found if not v.since}
        if not open_ones:
            break
        facts = _facts(tree)
        names = dict.fromkeys(v.document for v in found if not v.since)
        documents = [read(config.root, name) for name in names if not name.endswith(".py")]
        held = {_key(v): v for v in judge(facts, documents).verdicts if v.holds}
        label = _label(tree)
        for place, one in enumerate(found):
            then = held.get(_key(one))
            if then is not None and not one.since:
                at = f" ({then.source.path}:{then.source.line})" if then.source else ""
                found[place] = msgspec.structs.replace(one, since=f"{label}{at}")
    return found


def _key(verdict: Verdict) -> tuple[str, int, str, str]:
    """Return what makes two verdicts ones on the same words."""
    return verdict.document, verdict.line, verdict.code, verdict.claimed


def _facts(tree: Path) -> Facts:
    """Return the facts of an earlier tree."""
    from docgen.trees import load_source

    return facts_of(load_source(tree))


def _label(tree: Path) -> str:
    """Return the name of a tree: with its round where it is in `<round>/closed/<submitter>`."""
    full = tree.expanduser().absolute()
    if full.parent.name in ("closed", "open", "network"):
        return f"{full.parent.parent.name}/{full.parent.name}/{full.name}"
    return full.name


def in_commits(findings: list[Verdict], root: Path) -> list[Verdict]:
    """Return findings with the last commit in which what they name was still there.

    Without git, or where the tree is in no repository, they come back as they are.
    """
    git = shutil.which("git")
    if git is None or _ask(git, root, "rev-parse", "--is-inside-work-tree") != "true":
        return findings
    found = []
    known: dict[str, str] = {}
    for one in findings:
        if one.since:
            found.append(one)
            continue
        key = f"{one.code}\0{one.claimed}"
        if key not in known:
            known[key] = _commit(git, root, one)
        found.append(msgspec.structs.replace(one, since=known[key]) if known[key] else one)
    return found


def _commit(git: str, root: Path, one: Verdict) -> str:
    """Return the last commit before what a finding names went away; empty where none is known."""
    arguments: tuple[str, ...]
    if one.code in _PATHS:
        path = re.sub(r"^\./|^(?:closed|open)/[^/]+/", "", one.claimed.partition("#")[0])
        arguments = ("--diff-filter=DR", "--", path)
    elif one.code == "make-target":
        name = re.escape(one.claimed.removeprefix("make "))
        arguments = (f"-G^{name}[ ]*:", "--", "Makefile*", "*.mk")
    else:
        word = _word(one)
        if not word:
            return ""
        arguments = ("-S", word, "--", *_SOURCES)
    gone = _ask(git, root, "log", "-1", "--format=%H", *arguments)
    if not gone:
        return ""
    before = _ask(git, root, "log", "-1", "--format=%h %cs", f"{gone}^")
    if not before:
        return ""
    tag = _ask(git, root, "describe", "--tags", "--abbrev=0", f"{gone}^")
    return f"{tag} ({before})" if tag else f"commit {before}"


def _word(one: Verdict) -> str:
    """Return the word whose going away made a claim untrue."""
    if one.code in ("flag", "flag-value"):
        words = one.claimed.split("=")[-1 if one.code == "flag-value" else 0].split()
        return words[-1].lstrip("-") if words else ""
    if one.code in ("environment", "field", "make-variable"):
        return one.claimed.rstrip("=")
    if one.code == "name":
        return one.claimed.partition(" ")[0].rpartition(".")[2]
    return ""


def _ask(git: str, root: Path, *arguments: str) -> str:
    """Return the answer of git; empty where it has none."""
    try:
        done = subprocess.run(
            [git, "-C", str(root), *arguments],
            capture_output=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
