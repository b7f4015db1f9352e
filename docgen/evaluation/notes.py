"""Collects what a reader of the source found: each thing once, at its place."""

from __future__ import annotations

from docgen.catalog import Diagnostic, Source
from docgen.evaluation.objects import Instance, NotStatic

ORDER = ("error", "warning", "info")
"""Severities, the gravest first."""


class Notes:
    """Diagnostics without repetition."""

    def __init__(self) -> None:
        """Start empty."""
        self._found: dict[tuple[str, str, int, int, str], Diagnostic] = {}

    def add(self, code: str, severity: str, message: str, source: Source) -> None:
        """Note a diagnostic, unless the same stands there already."""
        key = (code, source.path, source.line, source.column, message)
        self._found.setdefault(
            key, Diagnostic(code=code, severity=severity, message=message, source=source)
        )

    def add_all(self, diagnostics: list[Diagnostic]) -> None:
        """Note diagnostics that others made."""
        for item in diagnostics:
            self.add(item.code, item.severity, item.message, item.source)

    def unresolved(self, cause: NotStatic, severity: str = "error") -> None:
        """Note an expression that could not be resolved."""
        self.add(cause.code, severity, cause.message, cause.source)

    def findings(self, instance: Instance) -> None:
        """Note the mistakes in the calls that made an object."""
        for finding in instance.findings:
            self.add(finding.code, "error", finding.message, finding.source)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Return all, by severity, then by place."""
        return tuple(
            sorted(
                self._found.values(),
                key=lambda d: (
                    ORDER.index(d.severity),
                    d.source.path,
                    d.source.line,
                    d.source.column,
                    d.code,
                    d.message,
                ),
            )
        )
