"""Modules of the tree as Python would import them, and the names that imports bind."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from typing import Any

from docgen.catalog import Source
from docgen.evaluation.objects import (
    Binding,
    External,
    Import,
    ModuleRef,
    NotStatic,
    Owner,
    Unknown,
)
from docgen.evaluation.scopes import Frame
from docgen.evaluation.tree import Module, Tree


class Modules(ABC):
    """Executes modules statically on first use and follows what they import."""

    def __init__(self, tree: Tree) -> None:
        """Follow imports within a tree."""
        self.tree = tree
        self._running: list[str] = []

    @abstractmethod
    def execute(self, module: Module) -> None:
        """Bind the names of a module by executing its body statically."""

    def module(self, name: str) -> Module | None:
        """Return a module with its names bound, executing it on first use.

        Packages are executed before their modules, as Python does. None where the
        tree has no such module. A module that is being executed is returned with
        the names that it has so far.
        """
        parent = name.rpartition(".")[0]
        if parent and self.tree.owns(parent):
            self.module(parent)
        module = self.tree.module(name)
        if module is not None and module.state == "new":
            module.state = "running"
            self._running.append(name)
            self.execute(module)
            self._running.pop()
            module.state = "done"
        return module

    def import_name(self, name: str, source: Source) -> Any:
        """Return a module of the tree or an External, by absolute dotted name."""
        if not self.tree.owns(name):
            return External(name)
        module = self.module(name)
        if module is not None:
            return ModuleRef(module)
        if self.tree.is_namespace(name):
            return External(name)
        raise NotStatic(
            source,
            f"module {name!r}, which is not there",
            want="a module of the tree",
            do="mend the name or add the file",
            fails=True,
        )

    def module_attribute(self, module: Module, name: str, source: Source) -> Any:
        """Return a name of a module, or its sub-module."""
        self.module(module.name)
        bound = module.names.get(name)
        own = bound.value if bound is not None else None
        if isinstance(own, Import) and (own.module, own.name) == (module.name, name):
            bound = None
        if bound is not None:
            return self.follow(bound)
        below = f"{module.name}.{name}"
        if module.is_package and (self.tree.module(below) or self.tree.is_namespace(below)):
            return self.import_name(below, source)
        if module.state == "running":
            path = [*self._running[self._running.index(module.name) :], module.name]
            raise NotStatic(
                source,
                f"{module.name}.{name} while that module is still being read",
                code="import-cycle",
                want="imports without a circle",
                do="break the circle " + " -> ".join(path),
            )
        if module.node is None:
            got = f"a name of {module.path}, which is not Python"
            raise NotStatic(source, got, do="mend it", fails=True)
        if module.open_star:
            raise NotStatic(source, f"{name!r}, perhaps from `import *` of {module.open_star}")
        got = f"{name!r}, which {module.name} does not define"
        want = "a name of that module"
        raise NotStatic(source, got, want=want, do="mend the name", fails=True)

    def load(self, found: Import, binding: Binding) -> None:
        """Execute what an import statement loads; what it names may stay open till its use."""
        if not self.tree.owns(found.module):
            return
        package = self.module(found.module)
        if found.name is None or package is None:
            return
        known = package.names.get(found.name)
        if known is None or known is binding:
            if package.is_package:
                self.module(f"{found.module}.{found.name}")
            return
        if not isinstance(known.value, (Import, Unknown)):
            binding.value = known.value

    def follow(self, binding: Binding) -> Any:
        """Return the value of a binding, following its import; raise NotStatic if unknown."""
        value = binding.value
        if isinstance(value, Import):
            cause = NotStatic(
                value.source,
                f"{value.name or value.module!r}, which its own import leads back to",
                code="import-cycle",
                want="imports without a circle",
                do="import it from the module that defines it",
            )
            binding.value = Unknown(cause)
            try:
                binding.value = self._follow_import(value, binding)
            except NotStatic as found:
                binding.value = Unknown(found)
                raise
        return self.use(binding.value)

    def _follow_import(self, found: Import, binding: Binding) -> Any:
        """Return what the import of a binding gives."""
        if found.name is None:
            return self.import_name(found.module, found.source)
        if not self.tree.owns(found.module):
            return External(f"{found.module}.{found.name}")
        package = self.module(found.module)
        if package is None and self.tree.is_namespace(found.module):
            return self.import_name(f"{found.module}.{found.name}", found.source)
        if package is None:
            self.import_name(found.module, found.source)
            return External(f"{found.module}.{found.name}")
        if package.names.get(found.name) is binding:
            return self.import_name(f"{found.module}.{found.name}", found.source)
        return self.module_attribute(package, found.name, found.source)

    def use(self, value: Any) -> Any:
        """Return a value; raise its cause where it is Unknown."""
        if isinstance(value, Unknown):
            raise value.cause
        return value

    def absolute(self, module: Module, node: ast.ImportFrom, source: Source) -> str:
        """Return the absolute name of the module in a `from ... import`."""
        if not node.level:
            return node.module or ""
        parts = module.name.split(".")
        if not module.is_package:
            parts = parts[:-1]
        up = node.level - 1
        if up >= len(parts):
            raise NotStatic(source, "a relative import that leaves its package", do="mend it")
        base = parts[: len(parts) - up]
        return ".".join([*base, node.module] if node.module else base)

    def star_import(self, name: str, frame: Frame, source: Source) -> None:
        """Bind what `from module import *` gives."""
        module = self.module(name) if self.tree.owns(name) else None
        if module is None or module.node is None or module.state == "running":
            frame.module.open_star = name
            return
        if module.open_star:
            frame.module.open_star = module.open_star
        exported = module.names.get("__all__")
        listed = exported.value if exported is not None else None
        if isinstance(listed, (list, tuple)) and all(isinstance(n, str) for n in listed):
            names = list(listed)
        elif exported is not None:
            frame.module.open_star = name
            return
        else:
            names = [n for n in module.names if not n.startswith("_")]
        for each in names:
            found = module.names.get(each)
            frame.names[each] = found or Binding(
                Import(name, each, source), source, Owner(f"{name}.{each}")
            )
