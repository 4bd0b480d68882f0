"""Makes the models that come with the package: ttvos_tf/models/*.tflite and models.json, from the weights in weights/.

python tflite/ship.py
python tflite/ship.py --own-outputs     # the files that are there, with no output that is an input; no conversion
"""

import hashlib
import json
import sys
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.contract import file_name, model_name
from ttvos_tf.export.checksum import with_checksum
from ttvos_tf.export.own_outputs import give_own_outputs
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.runtime.installed import FOLDER

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
PRECISIONS = (("float16", ""), ("int8", "_int8"))
# Name -> weights, frame size and precision. float32 files are not shipped: convert.py makes them, at twice the size.
MODELS = {
    model_name(backbone, size, precision): (f"{backbone}{suffix}.npz", size, precision)
    for backbone, size, precisions in (
        ("mobilenet_v2", (240, 432), PRECISIONS),
        ("mobilenet_v2", (352, 640), PRECISIONS[1:]),
        ("mobilenet_v2", (480, 864), PRECISIONS),
        ("hrnet", (240, 432), PRECISIONS),
        ("hrnet", (480, 864), PRECISIONS),
    )
    for precision, suffix in precisions
}
DEFAULT = "mobilenet_v2_480x864_int8"
INSIDE = (DEFAULT, "mobilenet_v2_240x432_int8")  # the package; the other files are fetched when they are asked for


@run_script("ship.py")
def main(argv: list[str]) -> None:
    """Makes the files, and lists them with their checksums."""
    parser = Parser(description=__doc__)
    parser.add_argument("--own-outputs", action="store_true", help="only repair outputs of the files that are there")
    make = _repaired if parser.parse_args(argv).own_outputs else _converted
    FOLDER.mkdir(exist_ok=True)
    manifest: dict = {"default": DEFAULT}
    for name in MODELS:
        content = make(name)
        file = file_name(name)
        with atomic_file(FOLDER / file) as path:
            path.write_bytes(content)
        manifest[name] = {
            "file": file,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
            "inside": name in INSIDE,
        }
        print(f"{file}  {len(content) / 1e6:.1f} MB")
    with atomic_file(FOLDER / "models.json") as path:
        path.write_text(json.dumps(manifest, indent=2) + "\n")


def _converted(name: str) -> bytes:
    from ttvos_tf.export.convert import convert
    from ttvos_tf.factory import load_model

    weights, (height, width), precision = MODELS[name]
    return convert(load_model(WEIGHTS / weights, height=height, width=width), precision)


def _repaired(name: str) -> bytes:
    return with_checksum(give_own_outputs((FOLDER / file_name(name)).read_bytes()))


if __name__ == "__main__":
    sys.exit(main())
