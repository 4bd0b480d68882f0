"""The command line scripts as modules: their folders are no packages."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def load_script(path: str) -> ModuleType:
    """The module of a script, given its path in the repository."""
    spec = importlib.util.spec_from_file_location(f"{Path(path).stem}_script", ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
