package org.ttvos.core

import java.nio.ByteBuffer

/**
 * A model that sees bright red: its probability is the red of the frame, its logit 16 times the distance from the
 * middle. `state_count` counts the frames of an object. It allocates nothing when it runs.
 */
class FakeModel(
    size: Size = Size(32, 48),
    override val signatures: Map<String, SignatureSpec> = fakeSignatures(size),
) : Model {
    override val name = "fake_32x48_float32"
    private val pixels = size.pixels

    /** Runs of each signature. */
    val runs = signatures.keys.associateWith { intArrayOf(0) }

    /** What `state_count` was in the last run that wrote one. */
    var lastCount = 0f
    var closes = 0

    /** A signature whose features are wrong. */
    var wrong = ""
    var fails = false

    override fun run(
        signature: String,
        inputs: Map<String, ByteBuffer>,
        outputs: Map<String, ByteBuffer>,
    ) {
        check(closes == 0) { "$signature runs on a closed model" }
        if (fails) throw TtvosException("$name: cannot run $signature")
        runs.getValue(signature)[0]++
        (outputs["feat16"] ?: outputs["state_feat16"])?.let { writeFeatures(inputs["frame"], it, signature == wrong) }
        outputs["probability"]?.let { write(inputs.getValue("frame"), it, 0f, 1f) }
        outputs["feat4"]?.let { write(inputs.getValue("frame"), it, -16f, 32f) }
        outputs["logit"]?.let { output ->
            val input = inputs.getValue("feat4")
            for (pixel in 0 until pixels) output.putFloat(pixel * 4, input.getFloat(pixel * 4))
        }
        outputs["state_count"]?.let { output ->
            val input = inputs["state_count"]
            check(input !== output) { "$signature writes the state that it reads" }
            lastCount = (input?.getFloat(0) ?: 0f) + 1
            output.putFloat(0, lastCount)
        }
    }

    override fun close() {
        closes++
    }

    private fun writeFeatures(
        frame: ByteBuffer?,
        output: ByteBuffer,
        flipped: Boolean,
    ) {
        if (frame == null) return
        for (index in 0 until output.capacity()) {
            val value = frame.get(index * 3).toInt()
            output.put(index, (if (flipped) value xor 0xFF else value).toByte())
        }
    }

    private fun write(
        frame: ByteBuffer,
        output: ByteBuffer,
        low: Float,
        range: Float,
    ) {
        for (pixel in 0 until pixels) {
            val red = frame.get(pixel * 3).toInt() and 0xFF
            output.putFloat(pixel * 4, low + range * red / 255)
        }
    }
}

/** Signatures like those of a converted int8 model, with features of toy size; with [keys], the optional tensors too. */
fun fakeSignatures(
    size: Size,
    keys: Boolean = false,
): Map<String, SignatureSpec> {
    fun float(vararg shape: Int) = TensorSpec(TensorType.FLOAT32, shape.toList())

    fun int8(vararg shape: Int) = TensorSpec(TensorType.INT8, shape.toList())

    val frame = mapOf("frame" to TensorSpec(TensorType.UINT8, listOf(1, size.height, size.width, 3)))
    val map = float(1, size.height, size.width, 1)
    val state =
        mapOf(
            "state_mask" to float(1, size.height / 8, size.width / 8, 2),
            "state_feat16" to int8(1, size.height / 16, size.width / 16, 4),
            "state_template" to float(1, 2, 2),
            "state_count" to float(1),
        )
    val memory = mapOf("state_memory_key" to int8(1, 8, 5), "state_memory_mask" to float(1, 8, 1))
    val features =
        mapOf(
            "feat4" to int8(1, size.height / 4, size.width / 4, 64), // as large as a float map of the frame's size
            "feat8" to int8(1, size.height / 8, size.width / 8, 2),
            "feat16" to state.getValue("state_feat16"),
        )
    return signatures(
        frame,
        map,
        if (keys) state + memory else state,
        if (keys) features + ("feat_key" to int8(1, size.height / 16, size.width / 16, 5)) else features,
    )
}

private fun signatures(
    frame: Map<String, TensorSpec>,
    map: TensorSpec,
    state: Map<String, TensorSpec>,
    features: Map<String, TensorSpec>,
) = mapOf(
    "init" to SignatureSpec(frame + ("mask" to map), state),
    "step" to SignatureSpec(frame + state, state + ("probability" to map)),
    "encode" to SignatureSpec(frame, features),
    "segment" to SignatureSpec(features + (state - "state_count"), mapOf("logit" to map)),
    "update" to SignatureSpec(features - "feat4" + (state - "state_feat16") + ("mask_prob" to map), state),
)

/** A picture of one red, brighter in a box. */
fun redFrame(
    size: Size,
    box: PixelBox,
): RgbFrame {
    val frame = RgbFrame(size)
    for (y in 0 until size.height) {
        for (x in 0 until size.width) {
            val inside = y in box.top until box.bottom && x in box.left until box.right
            frame.bytes[(y * size.width + x) * 3] = (if (inside) 250 else 10).toByte()
        }
    }
    return frame
}
