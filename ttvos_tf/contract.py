"""What every room agrees on: the tensors and signatures of a TTVOS file, its name, and what a mask's pixels mean.

Network, export, runtime, `ttvos info`, docs/contract.md and the phone app's Contract.kt follow this.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ttvos_tf.errors import TTVOSError

TARGET = 1  # in a training clip's mask; 0 is everything else
VOID = 255  # in any mask: unknown, left out of losses and scores
SIZE_STEP = 16  # a network's height and width are multiples of it: the coarsest features have that stride

FLOAT_PRECISIONS = ("float16", "float32")
PRECISIONS = ("int8", *FLOAT_PRECISIONS)  # in the order in which they are preferred
SUFFIX = ".tflite"
_PREFIX = "ttvos_"

SYMBOLS = {
    "H": "height of a frame",
    "W": "width of a frame",
    "N": "how many previous masks the state holds: `past_masks` of the config",
    "C4": "channels of `feat4`",
    "C8": "channels of `feat8`",
    "C16": "channels of `feat16`",
    "T": "side of the template",
    "K": "channels of a key: `key_channels` of the config",
    "P": "how many places are remembered: every second column of two frames' keys, so about (H/16) * (W/16)",
}
"""Letter of a shape -> meaning."""


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a signature.

    Attributes:
        name: in every file.
        shape: numbers, and terms of SYMBOLS: "H", "H/16", "2N".
        dtype: in a float file, float16 weights or not.
        meaning: what it is.
        initial: of state: what it is after the first frame.
        int8_dtype: in an int8 file, where that is another; "" for the same.
        optional: only in networks that have keys (`key_channels` > 0 in the config).
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    meaning: str
    initial: str = ""
    int8_dtype: str = ""
    optional: bool = False

    def dtype_in(self, int8: bool) -> str:
        """Its dtype in an int8 file, or in a float one."""
        return self.int8_dtype if int8 and self.int8_dtype else self.dtype


@dataclass(frozen=True)
class Signature:
    """An entry point of a file: what goes in and what comes out."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


class Tensor(NamedTuple):
    """A tensor of a file: its shape, and its dtype as NumPy names it."""

    shape: tuple[int, ...]
    dtype: str


_MAP = (1, "H", "W", 1)
FRAME = TensorSpec("frame", (1, "H", "W", 3), "uint8", "RGB, as a camera gives it")
MASK = TensorSpec("mask", _MAP, "float32", "the first frame's mask, 0 to 1")
MASK_PROB = TensorSpec("mask_prob", _MAP, "float32", "an object's share of each pixel among all objects, 0 to 1")
PROBABILITY = TensorSpec("probability", _MAP, "float32", "of the foreground, 0 to 1, of a single object")
LOGIT = TensorSpec("logit", _MAP, "float32", "foreground minus background, before soft aggregation")

FEAT4 = TensorSpec("feat4", (1, "H/4", "W/4", "C4"), "float32", "the frame's terms in the decoder", "", "int8")
FEAT8 = TensorSpec(
    "feat8", (1, "H/8", "W/8", "C8"), "float32", "the frame's terms in template attention and update", "", "int8"
)
FEAT16 = TensorSpec(
    "feat16",
    (1, "H/16", "W/16", "C16"),
    "float32",
    "the frame's terms in short-term matching, now and one frame later",
    "",
    "int8",
)
FEAT_KEY = TensorSpec(
    "feat_key", (1, "H/16", "W/16", "K"), "float32", "key of each place, of length 1", "", "int8", optional=True
)
FEATURES = (FEAT4, FEAT8, FEAT16, FEAT_KEY)
"""What objects share of a frame. Terms of convolutions, not the backbone's maps: graph/sharing.py."""

STATE_MASK = TensorSpec(
    "state_mask",
    (1, "H/8", "W/8", "2N"),
    "float32",
    "previous heatmaps, newest first, of each the background first",
    "the given mask, N times",
)
STATE_FEAT16 = TensorSpec(
    "state_feat16",
    FEAT16.shape,
    "float32",
    "`feat16` of the previous frame, for short-term matching",
    "`feat16` of the first frame",
    "int8",
)
STATE_TEMPLATE = TensorSpec(
    "state_template",
    (1, "T", "T"),
    "float32",
    "TP of Eq. 2, a running mean; float, since int8 would freeze it",
    "I of Eq. 1, of the first frame",
)
STATE_COUNT = TensorSpec("state_count", (1,), "float32", "t of Eq. 2: how many frames are in the mean", "1")
STATE_MEMORY_KEY = TensorSpec(
    "state_memory_key",
    (1, "P", "K"),
    "float32",
    "keys of the remembered places: of the given frame and a recent one",
    "the first frame's keys",
    "int8",
    optional=True,
)
STATE_MEMORY_MASK = TensorSpec(
    "state_memory_mask",
    (1, "P", 1),
    "float32",
    "the target's share of each remembered place, 0 to 1",
    "of the given mask",
    optional=True,
)
STATE = (STATE_MASK, STATE_FEAT16, STATE_TEMPLATE, STATE_COUNT, STATE_MEMORY_KEY, STATE_MEMORY_MASK)
"""What an object carries from frame to frame."""

ALL = (FRAME, MASK, MASK_PROB, PROBABILITY, LOGIT, *FEATURES, *STATE)
"""Every tensor. Those that say what H and W are come first."""

_MEMORY = (STATE_MEMORY_KEY, STATE_MEMORY_MASK)
SIGNATURES = {
    "init": Signature((FRAME, MASK), STATE),
    "step": Signature((FRAME, *STATE), (PROBABILITY, *STATE)),
    "encode": Signature((FRAME,), FEATURES),
    "segment": Signature((*FEATURES, STATE_MASK, STATE_FEAT16, STATE_TEMPLATE, *_MEMORY), (LOGIT,)),
    "update": Signature((FEAT8, FEAT16, FEAT_KEY, MASK_PROB, STATE_MASK, STATE_TEMPLATE, STATE_COUNT, *_MEMORY), STATE),
}
"""Of a whole file. `init` and `step` are what one object needs; the others serve several on one encoded frame."""

HEAD_SIGNATURES = {
    "init": Signature((FEAT8, FEAT16, FEAT_KEY, MASK), STATE),
    "step": Signature((*FEATURES, *STATE), (PROBABILITY, *STATE)),
    "segment": SIGNATURES["segment"],
    "update": SIGNATURES["update"],
}
"""Of the head's file of a pair: an accelerator runs `encode`, so features come in where frames do."""

Tensors = Mapping[str, Tensor]
Found = Mapping[str, tuple[Tensors, Tensors]]
"""What a file has: signature -> its inputs and its outputs, by name."""


def names(specs: Iterable[TensorSpec], keys: bool = False) -> tuple[str, ...]:
    """Names of tensors, in their order.

    Args:
        specs: STATE, for instance.
        keys: whether the network has keys; without, the optional tensors are left out.
    """
    return tuple(spec.name for spec in specs if keys or not spec.optional)


def check(found: Found, path: Path, signatures: Mapping[str, Signature] = SIGNATURES) -> dict[str, int]:
    """Checks that a file is one of TTVOS: names, shapes and dtypes.

    A signature may lack inputs, not outputs. The optional tensors are all there or none is.

    Args:
        found: what the file has.
        path: the file, for the message.
        signatures: what it should have.

    Returns:
        The letters of SYMBOLS that occur -> their values; H and W are its frames' size.

    Raises:
        TTVOSError: a tensor or signature is missing, unknown, or of another shape or dtype.
    """
    tensors: dict[str, list[tuple[str, Tensor]]] = {}
    for name in signatures:
        if name not in found:
            has = ", ".join(sorted(found)) or "none"
            raise _not_ttvos(path, f"it has no signature {name!r} (it has {has})")
    optional = {spec.name for signature in signatures.values() for spec in signature.outputs if spec.optional}
    keys = any(optional & outputs.keys() for _, outputs in found.values())
    for name, signature in signatures.items():
        inputs, outputs = found[name]
        expected_outputs = names(signature.outputs, keys)
        for problem, wrong in (
            ("lacks the output", set(expected_outputs) - outputs.keys()),
            ("has an unknown output", outputs.keys() - set(expected_outputs)),
            ("has an unknown input", inputs.keys() - set(names(signature.inputs, keys))),
        ):
            if wrong:
                raise _not_ttvos(path, f"signature {name!r} {problem} {min(wrong)!r}")
        for tensor_name, tensor in (*inputs.items(), *outputs.items()):
            tensors.setdefault(tensor_name, []).append((name, tensor))
    return _check_tensors(tensors, path)


def _check_tensors(tensors: Mapping[str, Sequence[tuple[str, Tensor]]], path: Path) -> dict[str, int]:
    """Compares each tensor, in each signature that has it, with its spec; returns what the letters stand for."""
    int8 = any(tensor.dtype == "int8" for found in tensors.values() for _, tensor in found)
    values: dict[str, int] = {}
    for spec in ALL:
        for signature, found in tensors.get(spec.name, ()):
            _note_letters(spec.shape, found.shape, values)
            shape, dtype = tuple(_size(term, values) for term in spec.shape), spec.dtype_in(int8)
            if (shape, dtype) != found:
                is_, not_ = f"{found.dtype} {_shape_text(found.shape)}", f"{dtype} {_shape_text(shape)}"
                raise _not_ttvos(path, f"signature {signature!r}: {spec.name!r} is {is_}, not {not_}")
    if values["H"] % SIZE_STEP or values["W"] % SIZE_STEP:
        raise _not_ttvos(path, f"its frames are {values['H']}x{values['W']}: not multiples of {SIZE_STEP}")
    return values


def _note_letters(terms: Sequence[int | str], sizes: Sequence[int], values: dict[str, int]) -> None:
    """What a letter stands for is what is found where it is met first."""
    if len(terms) == len(sizes):
        for term, size in zip(terms, sizes, strict=True):
            factor, letter, _ = _parts(term)
            if letter and size > 0 and size % factor == 0:
                values.setdefault(letter, size // factor)


def _size(term: int | str, values: Mapping[str, int]) -> int | str:
    """A term of a shape as a number, if its letter is known."""
    factor, letter, divisor = _parts(term)
    return factor * values[letter] // divisor if letter in values else term


def _parts(term: int | str) -> tuple[int, str, int]:
    """Factor, letter, divisor: "2N" is 2, N, 1; "H/16" is 1, H, 16; a number has no letter."""
    if isinstance(term, int):
        return term, "", 1
    letter, _, divisor = term.partition("/")
    return (2, letter[1:], 1) if letter.startswith("2") else (1, letter, int(divisor or 1))


def _shape_text(shape: Sequence[int | str]) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _not_ttvos(path: Path, why: str) -> TTVOSError:
    return TTVOSError(f"{path}: not a TTVOS model: {why}")


def model_name(backbone: str, size: tuple[int, int], precision: str) -> str:
    """`<backbone>_<H>x<W>_<precision>`: what a model is called."""
    return f"{backbone}_{size[0]}x{size[1]}_{precision}"


def file_name(name: str) -> str:
    """`ttvos_<name>.tflite`: the file of a model."""
    return f"{_PREFIX}{name}{SUFFIX}"


def name_of(path: Path) -> str:
    """The model's name in a file's."""
    return path.stem.removeprefix(_PREFIX)


def markdown_table() -> str:
    """Signatures, tensors and letters as the Markdown tables of docs/contract.md; optional names stand in brackets."""

    def listed(specs: Sequence[TensorSpec]) -> str:
        whole_state = set(STATE) <= set(specs)
        cells = [f"`{spec.name}`" for spec in specs if not spec.optional and not (whole_state and spec in STATE)]
        optional = [f"[`{spec.name}`]" for spec in specs if spec.optional and not (whole_state and spec in STATE)]
        return ", ".join([*cells, *(["`state_*`"] if whole_state else []), *optional])

    def signatures(title: str, table: Mapping[str, Signature]) -> str:
        return _table(
            (title, "in", "out"), [(f"`{name}`", listed(s.inputs), listed(s.outputs)) for name, s in table.items()]
        )

    def described(spec: TensorSpec) -> tuple[str, ...]:
        name = f"[`{spec.name}`]" if spec.optional else f"`{spec.name}`"
        dtype = f"{spec.dtype}; {spec.int8_dtype} in int8 files" if spec.int8_dtype else spec.dtype
        return name, _shape_text(spec.shape), dtype, spec.meaning

    columns = ("shape", "dtype", "what it is")
    return "\n\n".join(
        [
            signatures("signature", SIGNATURES),
            signatures("of a head", {name: s for name, s in HEAD_SIGNATURES.items() if s != SIGNATURES[name]}),
            _table(("tensor", *columns), [described(spec) for spec in ALL if spec not in STATE]),
            _table(("state", *columns, "after the first frame"), [(*described(spec), spec.initial) for spec in STATE]),
            _table(("letter", "meaning"), list(SYMBOLS.items())),
        ]
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))
