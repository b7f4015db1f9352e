"""`docgen serve`: a preview that follows edits."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from docgen.cli.group import load_config, main
from docgen.errors import Problem, SiteError


@main.command("serve")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Tree to work on; without it, the nearest one whose pyproject.toml has [tool.docgen].",
)
@click.option("--port", default=8000, show_default=True, metavar="N", help="Port; 0 takes any.")
@click.option("--run", is_flag=True, help="Execute stale snippets too, after every edit.")
def serve_site(root: Path | None, port: int, run: bool) -> None:
    """Build, serve on this machine only, and build again when source, pages or templates change.

    Ends at Ctrl-C.
    """
    from docgen.serve import HOST, Inputs, follow, open_server, rebuild, watch_folders

    config = load_config(root)
    inputs = Inputs(config)
    server = open_server(config.site, port)
    good, said = rebuild(config, run=run)
    click.echo(said, err=not good)
    if not good and not (config.site / "index.html").is_file():
        server.server_close()
        raise SiteError(Problem("site", "a first build", "none", "mend the errors above"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    click.echo(f"serving http://{HOST}:{server.server_port}/ - Ctrl-C ends it")

    def note(changed: list[Path]) -> None:
        click.echo(f"changed: {', '.join(path.name for path in changed)}; building")
        good, said = rebuild(config, run=run)
        click.echo("built" if good else said, err=not good)

    try:
        follow(inputs, watch_folders(inputs), note)
    except KeyboardInterrupt:
        pass
    finally:
        server.shutdown()
        server.server_close()
        click.echo("stopped")
