"""The pages of the project, the examples among them, and what they hold: commands, Python, links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.scripts import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "weights/*.md", "training/*.md", "android_demo/*.md", "examples/*.py")
    for path in ROOT.glob(pattern)
)
OURS = re.compile(r"ttvos .|make .|python (-m ttvos_tf|training/|tflite/|docs/)")


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command of ours in a page's indented blocks, fenced shell blocks and inline code."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
    blocks = [body for kind, body in fence.findall(text) if kind in ("", "sh", "bash")]
    rest = fence.sub("", text)
    blocks += re.findall(r"(?:^ {4}.*\n)+", rest, re.MULTILINE)
    for block in blocks:
        yield from shell_commands(block)
    for code in re.findall(r"`([^`]+)`", re.sub(r"^ {4}.*\n", "", rest, flags=re.MULTILINE)):
        yield from shell_commands(code.replace("\n", " "))


def shell_commands(script: str) -> Iterator[list[str]]:
    """Commands of a few lines of shell: variables, continued lines and comments, no more."""
    variables: dict[str, str] = {}
    for line in script.replace("\\\n", " ").splitlines():
        line = re.sub(r"\$(\w+)", lambda match: variables.get(match[1], match[0]), line.strip())
        if assigned := re.fullmatch(r'(\w+)="(.*)"', line):
            variables[assigned[1]] = assigned[2]
            continue
        if OURS.match(line):
            yield shlex.split(line, comments=True)


def links(text: str) -> list[str]:
    """The files that a page links to, relative to it, without anchors."""
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link.split("#")[0] for link in found if not re.match(r"\w+:|#", link)]


def python_examples(text: str) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def read(page: str) -> str:
    """The text of a page; of an example, what is not code."""
    text = Path(ROOT / page).read_text()
    if not page.endswith(".py"):
        return text
    cells = re.findall(r"^# %% \[markdown\]\n((?:#.*\n)+)", text, re.MULTILINE)
    return "\n".join(re.sub(r"^# ?", "", cell, flags=re.MULTILINE) for cell in cells)
