"""Prints what the fixture's own registry resolves: the program itself is the oracle."""

import enum
import importlib
import json
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
sys.modules.pop("code", None)


def plain(value):
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, dict):
        texts = {k: plain(k) for k in value}
        return {t if isinstance(t, str) else str(t): plain(value[k]) for k, t in texts.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=json.dumps)
    named = isinstance(value, pathlib.PurePath) or type(value).__str__ is not object.__str__
    return str(value) if named else value


def key_of(key):
    benchmark, scenario, system, setting = key
    parts = (benchmark, scenario, system)
    parts += (setting.harness_type, setting.accuracy_target, setting.power_setting)
    return "/".join(part.name if isinstance(part, enum.Enum) else str(part) for part in parts)


configuration = importlib.import_module("configs.configuration")
registry = configuration.ConfigRegistry
refused = []
registry._on_error = lambda config, key, error: refused.append((key_of(key), config))
for folder in sorted(root.glob("configs/*/*/")):
    name = ".".join(folder.relative_to(root).parts)
    for module, file in ((name, "__init__.py"), (f"{name}.custom", "custom.py")):
        if (folder / file).is_file():
            importlib.import_module(module)
listed = sys.modules.get("code.common.systems.system_list")
systems = listed.KnownSystem.__members__ if listed is not None else {}
found = {
    "accepted": {key_of(k): plain(c.as_dict()) for k, c in registry._registry.items()},
    "bases": {
        key_of(k): [f"{b.__module__}.{b.__qualname__}" for b in c.__mro__]
        for k, c in registry._registry.items()
    },
    "refused": sorted([key, config.__name__, plain(config.as_dict())] for key, config in refused),
    "systems": {name: member.name for name, member in systems.items()},
}
json.dump(found, sys.stdout)
