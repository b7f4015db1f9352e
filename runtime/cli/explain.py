"""`harness explain`: what a code, an error, a rule or a term means, and what to do."""

from __future__ import annotations

from dataclasses import asdict

import click
from click.shell_completion import CompletionItem

from runtime.cli import options
from runtime.cli.group import main


def complete_word(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the words that start with a text, with their titles."""
    del ctx, param
    from runtime.explain import explanations

    return [
        CompletionItem(word, help=found.title)
        for word, found in sorted(explanations().items())
        if word.lower().startswith(incomplete.lower())
    ]


@main.command("explain")
@click.argument("code", required=False, shell_complete=complete_word)
@options.as_json("Print JSON to stdout.")
def explain_code(code: str | None, as_json: bool) -> None:
    """Print what CODE means and what to do: the section of the site, in the terminal.

    CODE is what a message names (latency-bound, H400), a rule (run.min-duration), or a
    word of the field (early stopping). Without it, prints every code of a message.

    \b
    Examples:
      harness explain latency-bound
      harness explain H400
      harness explain run.min-duration
      harness explain 'early stopping'
      harness explain --json | jq '.[].word'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    from runtime.cli.output import console, print_json, show_pairs
    from runtime.explain import explain, explanations

    if code is None:
        listed = [e for e in explanations().values() if e.kind in ("trouble", "error")]
        listed.sort(key=lambda e: (e.kind, e.word))
        if as_json:
            print_json([asdict(e) for e in listed])
        else:
            show_pairs(console(), [(e.word, e.title) for e in listed], indent=0)
        return
    found = explain(code)
    if as_json:
        print_json(asdict(found))
        return
    out = console()
    out.print(f"[bold]{found.word}[/]  ({found.kind})  {found.title}")
    show_pairs(out, [*found.parts, ("Page", found.page)])
