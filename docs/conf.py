"""The documentation site: `make docs` builds it into out/site. Warnings are errors, links that lead nowhere among them.

The source folder is the repository, so that a page's links are right in a checkout and on the site. What they lead to
beside pages, code for instance, is on the site at the repository's address, if pyproject.toml has one
(`project.urls.Source`), and a copy of the file if not. Examples are run, and shown with what they print and draw.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from ttvos_tf import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"].get("Source")
NAVIGATION = ROOT / "docs" / "navigation.txt"

project = "TTVOS-TF"
author = "TTVOS-TF contributors"
copyright = author
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "weights/*.md", "training/*.md", "android_demo/README.md", "examples/*.py"]
exclude_patterns = [".*", "out", "dist", "build", "runs", "web_demo", "android_demo/build", "tests", "ttvos_tf"]
default_role = "code"  # docstrings are Markdown more than reStructuredText
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autoclass_content = "both"
napoleon_use_rtype = False

myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "out" / "notebooks")
nb_execution_in_temp = True
nb_execution_timeout = 1800  # seconds for a cell
nb_execution_raise_on_error = True
nb_merge_streams = True

html_theme = "furo"
html_title = "TTVOS-TF"
html_copy_source = False
html_show_sphinx = False
html_static_path = [os.environ["MERMAID"]]

LINK = re.compile(r"(?<=\]\()(?P<path>[\w./-]+)(?P<anchor>#[\w-]+)?(?=\))")
DRAWING = re.compile(r"^```mermaid\n(.*?)^```", re.DOTALL | re.MULTILINE)


def setup(app: "Sphinx") -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("html-page-context", _draw)


def _read(app: "Sphinx", name: str, source: list[str]) -> None:
    """A page as the site has it."""
    folder = (ROOT / name).parent
    source[0] = LINK.sub(lambda link: on_site(folder, link["path"], link["anchor"] or ""), source[0])
    source[0] = DRAWING.sub(r'<pre class="mermaid">\n\1</pre>', source[0])
    if name == root_doc:
        source[0] += NAVIGATION.read_text()


def _draw(app: "Sphinx", name: str, template: str, context: dict, doctree: object) -> None:
    """Drawings are made in the browser, by a copy of Mermaid that `make docs` fetched: from nowhere else."""
    if 'class="mermaid"' in context.get("body", ""):
        app.add_js_file(Path(os.environ["MERMAID"]).name)


def on_site(folder: Path, path: str, anchor: str) -> str:
    """Where a page's relative link leads on the site; pages and pictures stay as they are."""
    target = (folder / path).resolve()
    is_page = path.endswith(".md") or target.parent == ROOT / "examples"
    if is_page or path.endswith((".webp", ".png", ".svg")) or not target.exists():  # Sphinx finds what is missing
        return path + anchor
    if REPOSITORY:
        return f"{REPOSITORY}/blob/main/{target.relative_to(ROOT)}{anchor}"
    return f"path:{path}"  # a copy
