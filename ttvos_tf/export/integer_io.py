"""Integers at the door of an int8 file: camera bytes in as they are, features as the encoder's own int8.

The converter writes float32 inputs and outputs around an int8 graph (it can change all of a file's tensors or none, and
the template has to stay float32), so a whole frame would go through float arithmetic and back, and features through
DEQUANTIZE and QUANTIZE between signatures. These are taken out of the flatbuffer here; no value changes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttvos_tf.contract import FEAT_KEY, FEATURES, FRAME, STATE_FEAT16, STATE_MEMORY_KEY, names
from ttvos_tf.errors import TTVOSError
from ttvos_tf.inspection import schema

# Written by `encode`, so all of one scale and zero point wherever they come in or go out.
ENCODED = {
    **{name: name for name in names(FEATURES, keys=True)},
    STATE_FEAT16.name: "feat16",
    STATE_MEMORY_KEY.name: FEAT_KEY.name,
}

Quantization = dict[str, Any]
"""Feature -> QuantizationParametersT."""

_Kind = schema.BuiltinOperator


def encoded_quantization(content: bytes) -> Quantization:
    """Scale and zero point of each feature that a converted file's `encode` gives.

    Raises:
        TTVOSError: they are float32: the network was not quantised.
    """
    encode = _graphs(schema.parse(content))["encode"]
    return {name: encode.output_quantization(name) for name in encode.outputs}


def integer_inputs_and_outputs(content: bytes, quantization: Quantization) -> bytes:
    """Turns `frame` to uint8 bytes that are quantised, not computed with, and encoded features to int8.

    Args:
        content: a converted file of a network with fake quantisation.
        quantization: what `encoded_quantization` says of the same network.

    Raises:
        TTVOSError: a signature computes with one of these tensors in float32.
    """
    model = schema.parse(content)
    for graph in _graphs(model).values():
        if FRAME.name in graph.inputs:
            graph.take_bytes(FRAME.name)
        for name, feature in ENCODED.items():
            if name in graph.inputs:
                graph.take_int8(name, quantization[feature])
            if name in graph.outputs:
                graph.give_int8(name)
        graph.prune()
    return schema.pack(model)


def _graphs(model: schema.ModelT) -> dict[str, "_Graph"]:
    return {signature.signatureKey.decode(): _Graph(model, signature) for signature in model.signatureDefs}


class _Graph:
    """One signature of a parsed file; changes the file."""

    def __init__(self, model: schema.ModelT, signature: schema.SignatureDefT):
        self.name = signature.signatureKey.decode()
        self.graph = model.subgraphs[signature.subgraphIndex]
        self.inputs = {each.name.decode(): each.tensorIndex for each in signature.inputs}
        self.outputs = {each.name.decode(): each for each in signature.outputs}
        self._kinds: dict[int, int] = {
            id(operator): schema.builtin_of(model, operator) for operator in self.graph.operators
        }

    def take_bytes(self, name: str) -> None:
        """Input -> CAST, MUL, ADD, ... -> QUANTIZE becomes input -> QUANTIZE from uint8 of the same scale."""
        given = self.inputs[name]
        index, steps = given, []
        while True:
            (operator,) = self._readers(index)
            if self._kinds[id(operator)] == _Kind.QUANTIZE:
                break
            if self._kinds[id(operator)] not in (_Kind.CAST, _Kind.MUL, _Kind.ADD, _Kind.SUB):
                raise TTVOSError(f"signature {self.name}: {name} is computed with before it is quantised")
            steps.append(operator)
            index = operator.outputs[0]
        target = self._tensor(operator.outputs[0]).quantization
        quantization = schema.QuantizationParametersT()
        quantization.scale = np.array(target.scale, np.float32)
        quantization.zeroPoint = np.array([target.zeroPoint[0] + 128], np.int64)
        self._tensor(given).quantization = quantization
        operator.inputs = [given]
        self._drop(steps)

    def take_int8(self, name: str, quantization: Any) -> None:
        """Float input -> QUANTIZE becomes an int8 input."""
        index = self.inputs[name]
        for operator in self._readers(index):
            written = operator.outputs[0]
            if self._kinds[id(operator)] != _Kind.QUANTIZE or not _same(self._tensor(written), quantization):
                raise TTVOSError(f"signature {self.name}: {name} is not quantised as the encoder gives it")
            for reader in self._readers(written):
                reader.inputs = [index if each == written else each for each in reader.inputs]
            self._drop([operator])
        self._tensor(index).type = schema.TensorType.INT8
        self._tensor(index).quantization = quantization

    def give_int8(self, name: str) -> None:
        """DEQUANTIZE -> float output becomes an int8 output."""
        output = self.outputs[name]
        writer = self._writer(output.tensorIndex)
        if writer is None:  # an input handed on
            return
        source = writer.inputs[0]
        self.graph.outputs = [source if each == output.tensorIndex else each for each in self.graph.outputs]
        output.tensorIndex = source

    def output_quantization(self, name: str) -> Any:
        """Scale and zero point of an output that comes out of a DEQUANTIZE."""
        writer = self._writer(self.outputs[name].tensorIndex)
        if writer is None or self._kinds[id(writer)] != _Kind.DEQUANTIZE:
            raise TTVOSError(f"signature {self.name}: {name} is not int8: the network was not quantised")
        return self._tensor(writer.inputs[0]).quantization

    def prune(self) -> None:
        """Drops operators whose results nobody reads."""
        while True:
            needed = set(self.graph.outputs).union(*(each.inputs for each in self.graph.operators))
            unread = [each for each in self.graph.operators if not needed.intersection(each.outputs)]
            if not unread:
                return
            self._drop(unread)

    def _tensor(self, index: int) -> Any:
        return self.graph.tensors[index]

    def _readers(self, index: int) -> list:
        return [each for each in self.graph.operators if index in each.inputs]

    def _writer(self, index: int) -> Any | None:
        return next((each for each in self.graph.operators if index in each.outputs), None)

    def _drop(self, operators: Sequence) -> None:
        gone = {id(each) for each in operators}
        self.graph.operators = [each for each in self.graph.operators if id(each) not in gone]


def _same(tensor: Any, quantization: Any) -> bool:
    other = tensor.quantization
    return bool(other.scale[0] == quantization.scale[0] and other.zeroPoint[0] == quantization.zeroPoint[0])
