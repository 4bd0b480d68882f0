"""Makes the models that come with the package: ttvos_tf/models/*.tflite and models.json, from the weights in weights/.

python tflite/ship.py
"""

import hashlib
import json
import sys
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.contract import file_name, model_name
from ttvos_tf.media.atomic import atomic_file
from ttvos_tf.runtime.installed import FOLDER

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
# Name -> weights, frame size and precision. float32 files are not shipped: convert.py makes them, at twice the size.
MODELS = {
    model_name(backbone, size, precision): (f"{backbone}{suffix}.npz", size, precision)
    for backbone in ("mobilenet_v2", "hrnet")
    for size in ((240, 432), (480, 864))
    for precision, suffix in (("float16", ""), ("int8", "_int8"))
}
DEFAULT = "mobilenet_v2_480x864_int8"


@run_script("ship.py")
def main(argv: list[str]) -> None:
    """Converts, and lists the files with their checksums."""
    Parser(description=__doc__).parse_args(argv)
    from ttvos_tf.export.convert import convert
    from ttvos_tf.factory import load_model

    FOLDER.mkdir(exist_ok=True)
    manifest: dict = {"default": DEFAULT}
    for name, (weights, (height, width), precision) in MODELS.items():
        content = convert(load_model(WEIGHTS / weights, height=height, width=width), precision)
        file = file_name(name)
        with atomic_file(FOLDER / file) as path:
            path.write_bytes(content)
        manifest[name] = {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        print(f"{file}  {len(content) / 1e6:.1f} MB")
    with atomic_file(FOLDER / "models.json") as path:
        path.write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
