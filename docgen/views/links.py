"""Places of the generated pages, and MyST links to them and to objects."""

from __future__ import annotations

from docgen.catalog import Entry, FieldSpec, Source
from docgen.foreign import is_plain
from docgen.views.text import code, inline


def target_page(name: str) -> str:
    """Return the path of a target's guide."""
    return f"targets/{name}/index.md"


def settings_page(target: str, workload: str) -> str:
    """Return the path of the settings of one workload on one target."""
    return f"targets/{target}/{workload}.md"


def workload_page(name: str) -> str:
    """Return the path of a workload's page."""
    return f"workloads/{name}.md"


def doc(path: str, words: str) -> str:
    """Return a link to a page."""
    return f"{{doc}}`{_words(words)} </{path.strip('/').removesuffix('.md')}>`"


def ref(label: str, words: str) -> str:
    """Return a link to a labelled place."""
    return f"{{ref}}`{_words(words)} <{label}>`"


def target(name: str, words: str = "") -> str:
    """Return a link to a target."""
    return _object("target", name, words)


def config(entry: Entry, words: str = "") -> str:
    """Return a link to an entry."""
    return _object("config", entry.key, words)


def field(spec: FieldSpec, words: str = "") -> str:
    """Return a link to a field of the reference."""
    return _object("field", f"{spec.owner}.{spec.name}", words or spec.name)


def policy(name: str, words: str = "") -> str:
    """Return a link to a policy."""
    return _object("policy", name, words)


def src(source: Source, words: str = "") -> str:
    """Return a link to a line of the source, by its place or in other words."""
    if not source.path:
        return _words(words)
    place = f"{source.path}:{source.line}" if source.line else source.path
    if not is_plain(source):
        return code(f"{words} ({place})" if words else place)
    return f"{{bench:src}}`{_words(words)} <{place}>`" if words else f"{{bench:src}}`{place}`"


def short_src(source: Source) -> str:
    """Return a link to a line of the source by file and line alone, for narrow columns."""
    return src(source, f"{source.path.rpartition('/')[2]}:{source.line}")


def badge(state: str, words: str = "") -> str:
    """Return a badge of a state."""
    return f"{{bench:badge}}`{_words(words)} <{state}>`" if words else f"{{bench:badge}}`{state}`"


def _object(kind: str, name: str, words: str) -> str:
    """Return a link to an object of the domain."""
    return f"{{bench:{kind}}}`{_words(words)} <{name}>`" if words else f"{{bench:{kind}}}`{name}`"


def _words(words: str) -> str:
    """Return words that can stand in a role: no backtick, no angle bracket."""
    return words.replace("`", "\u2032").replace("<", "\u2039").replace(">", "\u203a")


__all__ = [
    "badge",
    "code",
    "config",
    "doc",
    "field",
    "inline",
    "policy",
    "ref",
    "settings_page",
    "short_src",
    "src",
    "target",
    "target_page",
    "workload_page",
]
