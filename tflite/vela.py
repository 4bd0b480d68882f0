"""What share of an int8 file Arm's compiler for Ethos-U microNPUs maps to the NPU.

    pip install ethos-u-vela
    python tflite/vela.py out/ttvos_mobilenet_v2_480x864_int8.tflite [--accelerator ethos-u65-512] [--json FILE]

Compiles the file with `vela` and counts, for each signature, the file's operators that no longer stand for themselves
in the compiled file: those run on the NPU. What is left is listed with Vela's reason.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from ttvos_tf.command_line import Parser, run_script
from ttvos_tf.commands.options import add_json_argument, open_json
from ttvos_tf.errors import TTVOSError
from ttvos_tf.runtime.flatbuffer import verify

NPU = "custom:ethos-u"


@run_script("vela.py")
def main(argv: list[str]) -> None:
    """Runs the command line."""
    parser = Parser(description=__doc__)
    parser.add_argument("model", type=Path, help="an int8 .tflite file")
    parser.add_argument("--accelerator", default="ethos-u65-512", help="as vela names it (default: ethos-u65-512)")
    add_json_argument(parser)
    parser.add_argument("--vela", default="vela", metavar="COMMAND", help="the compiler (default: vela)")
    args = parser.parse_args(argv)
    with open_json(args.json, [args.model]) as write_json:
        report = compile_file(args.model, args.accelerator, args.vela)
        write_json(report)
    for name, each in report["signatures"].items():
        left = ", ".join(f"{count} {operator}" for operator, count in each["on_cpu"].items()) or "nothing"
        print(f"{name:<8} {100 * each['npu_share']:5.1f} % of {each['operators']} operators; on the CPU: {left}")
    for line in report["reasons"]:
        print(f"  {line}")


def compile_file(model: Path, accelerator: str = "ethos-u65-512", vela: str = "vela") -> dict:
    """Compiles a file.

    Returns:
        "accelerator"; "signatures": name -> {"operators", "npu_share", "on_cpu": operator -> count}; "reasons": Vela's,
        one line an operator and reason.

    Raises:
        TTVOSError: not a TFLite file, a float one, no vela, or Vela refuses the file.
    """
    from ttvos_tf.inspection.operators import holds_int8, operators

    verify(model)
    if not holds_int8(model.read_bytes()):
        raise TTVOSError(f"{model}: a float file; Ethos-U takes int8 ones, which convert.py makes of quantised weights")
    with tempfile.TemporaryDirectory() as folder:
        command = [vela, str(model), "--accelerator-config", accelerator, "--output-dir", folder]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise TTVOSError(f"{vela}: cannot be run ({error.strerror}): pip install ethos-u-vela") from error
        compiled = Path(folder) / f"{model.stem}_vela.tflite"
        if done.returncode or not compiled.is_file():
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
            raise TTVOSError(f"{model}: vela does not compile it: {lines[-1]}")
        left = operators(compiled.read_bytes())
    signatures = {}
    for name, counts in operators(model.read_bytes()).items():
        on_cpu: Counter[str] = Counter()
        for (operator, _), count in left[name].items():
            if operator != NPU:
                on_cpu[operator] += count
        total = sum(counts.values())
        share = 1 - sum(on_cpu.values()) / total
        signatures[name] = {"operators": total, "npu_share": round(share, 4), "on_cpu": dict(on_cpu.most_common())}
    refused = re.findall(r"operator: (\w+), ofm: .*\nReason: (.*)", done.stdout)
    reasons = sorted({f"{operator}: {re.sub(r' *[(].*', '', reason)}" for operator, reason in refused})
    return {"accelerator": accelerator, "signatures": signatures, "reasons": reasons}


if __name__ == "__main__":
    sys.exit(main())
