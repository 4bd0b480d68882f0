package org.ttvos.core

import java.io.Closeable
import java.nio.ByteBuffer

/** Type of a tensor's values. */
enum class TensorType(
    val bytes: Int,
) {
    UINT8(1),
    INT8(1),
    FLOAT32(4),
}

/** Type and shape of an input or output. */
data class TensorSpec(
    val type: TensorType,
    val shape: List<Int>,
) {
    /** Its size in memory. */
    val bytes: Int get() = type.bytes * shape.fold(1, Int::times)
}

/** Inputs and outputs of a signature, by name. */
data class SignatureSpec(
    val inputs: Map<String, TensorSpec>,
    val outputs: Map<String, TensorSpec>,
)

/** A TTVOS `.tflite` file in some TensorFlow Lite runtime. One thread at a time may use it. */
interface Model : Closeable {
    /** `<backbone>_<H>x<W>_<precision>`. */
    val name: String

    /** What the file has, by name. */
    val signatures: Map<String, SignatureSpec>

    /**
     * Runs a signature.
     *
     * @param inputs a direct buffer for every input, by name, read whole whatever its position is.
     * @param outputs a direct buffer for every output, by name, written whole; none of them is an input.
     * @throws TtvosException the runtime cannot run it.
     */
    fun run(
        signature: String,
        inputs: Map<String, ByteBuffer>,
        outputs: Map<String, ByteBuffer>,
    )
}
