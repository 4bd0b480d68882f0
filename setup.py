"""Leaves the models that are fetched out of the wheel; all else about the package is in pyproject.toml."""

import json
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDER = Path(__file__).parent / "ttvos_tf" / "models"


class BuildPy(build_py):
    """Takes of the models those that models.json calls inside."""

    def find_data_files(self, package: str, src_dir: str) -> list[str]:
        """The package's files that are no modules."""
        manifest = json.loads((FOLDER / "models.json").read_text())
        outside = {entry["file"] for name, entry in manifest.items() if name != "default" and not entry["inside"]}
        return [file for file in super().find_data_files(package, src_dir) if Path(file).name not in outside]


setup(cmdclass={"build_py": BuildPy})
