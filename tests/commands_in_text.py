"""Commands that help and pages show: found, parsed, and their models resolved. Nothing is run.

for command in commands_in(Path("README.md").read_text()):
    check_command(command)
"""

import re
import shlex

from ttvos_tf import cli
from ttvos_tf.config import BACKBONES
from ttvos_tf.runtime.installed import SUFFIX, full_name

# Words that stand for something else: `ttvos COMMAND --help`, `--model NAME`.
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]+|\.\.\.|<.*>")


def commands_in(text: str) -> list[list[str]]:
    """The commands `ttvos ...` of a text, each split into words.

    A command begins a line, perhaps after `$ `, or stands in single backquotes. Lines that end with a backslash go on;
    a comment after `#` is left out.
    """
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    lines = re.findall(r"^[ \t]*(?:\$ )?(ttvos .*?)(?: +#.*)?$", joined, re.MULTILINE)
    return [shlex.split(command) for command in [*lines, *re.findall(r"(?<!`)`(ttvos [^`\n]+)`(?!`)", joined)]]


def check_command(command: list[str]) -> None:
    """Parses a command `["ttvos", ...]`, and looks up the models in it.

    Raises:
        TTVOSError: an option or value that the command does not take, or a model that is not installed.
    """
    name, *options = command[1:]
    if PLACEHOLDER.fullmatch(name) or name == "--version" or (options == ["--help"] and name in cli.COMMANDS):
        return
    args = cli.parser(name).parse_args([name, *options])
    model = getattr(args, "model", None)
    is_network = name == "info" and model in BACKBONES
    if model and not is_network and not model.endswith((SUFFIX, ".toml", ".json")) and not PLACEHOLDER.fullmatch(model):
        full_name(model)
