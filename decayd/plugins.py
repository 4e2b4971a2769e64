"""Plug-ins are the modules of a folder: one file is one detector, or one format."""

import importlib
import pkgutil
from types import ModuleType

from decayd.errors import UsageError


def names(package: ModuleType) -> list[str]:
    """List the plug-ins of a package folder, sorted by name, without importing them."""
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__))


def load(package: ModuleType, name: str) -> ModuleType:
    """Import one plug-in by its file name; hyphens may stand for underscores.

    Raises
    ------
    UsageError
        When no such file is in the folder; the hint lists those that are.
    """
    module = name.replace("-", "_")
    known = names(package)
    if module not in known:
        shown = ", ".join(n.replace("_", "-") for n in known)
        raise UsageError(
            f"no {package.__name__} plug-in is called {name!r}", hint=f"one of: {shown}"
        )
    return importlib.import_module(f"{package.__name__}.{module}")
