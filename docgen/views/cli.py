"""The command line reference, one page per console script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from docgen import formatting as fmt
from docgen.catalog import Catalog, Command, Flag
from docgen.views import links
from docgen.views.model import Config, Evidence, Page
from docgen.views.text import code, first_sentence, inline, prose, slug


def pages(catalog: Catalog, evidence: Evidence, config: Config) -> Iterable[Page]:
    """Yield the list of scripts and a page of each."""
    del evidence, config
    scripts: dict[str, list[Command]] = defaultdict(list)
    for command in catalog.commands:
        scripts[command.name.split()[0]].append(command)
    yield Page(
        path="reference/cli/index.md",
        template="cli.md.j2",
        context={
            "scripts": [
                (name, [(c.name, _label(c), first_sentence(c.help)) for c in commands])
                for name, commands in scripts.items()
            ]
        },
    )
    for name, commands in scripts.items():
        yield Page(
            path=f"reference/cli/{name}.md",
            template="script.md.j2",
            context={
                "script": name,
                "label": f"cli-{slug(name)}-script",
                "commands": [_command(c) for c in commands],
            },
        )


def _label(command: Command) -> str:
    """Return the label of a command's heading."""
    return f"cli-{slug(command.name)}"


def _command(command: Command) -> dict[str, object]:
    """Return one command as the page shows it."""
    return {
        "name": command.name,
        "label": _label(command),
        "help": prose(command.help),
        "usage": _usage(command),
        "flags": [_flag(f) for f in command.flags],
        "source": links.src(command.source),
    }


def _usage(command: Command) -> str:
    """Return how a command is typed: required parts plain, the others in brackets."""
    parts = [command.name]
    for flag in command.flags:
        if flag.argument:
            text = flag.names[0].upper() + (" ..." if flag.multiple else "")
        else:
            text = _long(flag) + ("" if flag.is_flag else f" {_meta(flag)}")
        parts.append(text if flag.required else f"[{text}]")
    return " ".join(parts)


def _flag(flag: Flag) -> dict[str, object]:
    """Return one option or argument as the page shows it."""
    suffix = "" if flag.is_flag or flag.argument else f" <{_meta(flag).lower()}>"
    names = [flag.names[0].upper()] if flag.argument else list(flag.names)
    details = []
    if flag.choices:
        details.append("one of " + ", ".join(code(c) for c in flag.choices))
    if flag.required:
        details.append("required")
    elif not flag.is_flag and flag.default not in (None, "", [], False):
        details.append(f"default {code(fmt.value(flag.default))}")
    if flag.multiple:
        details.append("can be repeated")
    return {
        "signature": ", ".join(f"{n}{suffix}" for n in names),
        "help": inline(flag.help),
        "details": "; ".join(details),
    }


def _long(flag: Flag) -> str:
    """Return the long spelling of an option."""
    return next((n for n in flag.names if n.startswith("--")), flag.names[0])


def _meta(flag: Flag) -> str:
    """Return the placeholder of an option's value."""
    if flag.choices:
        return "CHOICE"
    return _long(flag).lstrip("-").replace("-", "_").upper()
