package org.ttvos.core

import java.nio.ByteBuffer
import kotlin.math.abs
import kotlin.random.Random

/** Of the spread of the features: kernels may round differently, and by far not as much as this. */
private const val TOLERANCE = 0.05

/**
 * Whether `encode`, `init` and `step` compute the same features of a frame, as they must: tried with a frame of noise.
 *
 * TensorFlow Lite 2.16.1 with XNNPACK does not if the weights are float16: all signatures but one give wrong values.
 *
 * @throws TtvosException it is not a TTVOS model, or cannot run.
 */
fun signaturesAgree(model: Model): Boolean {
    val size = checkModel(model)
    val frame = directBuffer(size.pixels * 3).put(Random(0).nextBytes(size.pixels * 3))
    val begun = run(model, "init", mapOf(FRAME.name to frame))
    val encoded = run(model, "encode", mapOf(FRAME.name to frame))
    val stepped = run(model, "step", begun + (FRAME.name to frame))
    val expected = values(model, "encode", FEAT16.name, encoded)
    return agree(expected, values(model, "init", STATE_FEAT16.name, begun)) &&
        agree(expected, values(model, "step", STATE_FEAT16.name, stepped))
}

/** Inputs that are not given are zero. */
private fun run(
    model: Model,
    signature: String,
    given: Map<String, ByteBuffer>,
): Map<String, ByteBuffer> {
    val spec = model.signatures.getValue(signature)
    val inputs = spec.inputs.mapValues { given[it.key] ?: directBuffer(it.value.bytes) }
    val outputs = spec.outputs.mapValues { directBuffer(it.value.bytes) }
    model.run(signature, inputs, outputs)
    return outputs
}

private fun values(
    model: Model,
    signature: String,
    name: String,
    outputs: Map<String, ByteBuffer>,
): List<Double> {
    val spec = model.signatures.getValue(signature).outputs.getValue(name)
    val buffer = outputs.getValue(name)
    return (0 until spec.bytes step spec.type.bytes).map {
        when (spec.type) {
            TensorType.FLOAT32 -> buffer.getFloat(it).toDouble()
            TensorType.INT8 -> buffer.get(it).toDouble()
            TensorType.UINT8 -> (buffer.get(it).toInt() and 0xFF).toDouble()
        }
    }
}

private fun agree(
    expected: List<Double>,
    found: List<Double>,
): Boolean {
    val middle = expected.average()
    val spread = expected.map { abs(it - middle) }.average()
    return expected.indices.map { abs(expected[it] - found[it]) }.average() <= TOLERANCE * spread
}
