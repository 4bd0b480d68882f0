import pytest

from tests.commands_in_text import check_command, commands_in
from ttvos_tf.errors import TTVOSError

TEXT = """
Run `ttvos models`, not ``ttvos nothing``, then

    $ ttvos segment walk.mp4 --box 1,2,3,4 \\
        --out masks   # writes masks
      ttvos info hrnet --size 480x853     # a network
pip install ttvos-tf
"""


def test_commands_are_found():
    assert [" ".join(command) for command in commands_in(TEXT)] == [
        "ttvos segment walk.mp4 --box 1,2,3,4 --out masks",
        "ttvos info hrnet --size 480x853",
        "ttvos models",
    ]


@pytest.mark.parametrize(
    "command", ["models", "segment a.mp4 --model hrnet", "info hrnet", "COMMAND --help", "--version"]
)
def test_good_commands(command):
    check_command(["ttvos", *command.split()])


@pytest.mark.parametrize(
    "command",
    [
        "fly",
        "segment",
        "segment a.mp4 --model hrnet_480x864_float32",
        "segment a.mp4 --fast",
        "benchmark x --threads two",
    ],
)
def test_bad_commands(command):
    with pytest.raises(TTVOSError):
        check_command(["ttvos", *command.split()])
