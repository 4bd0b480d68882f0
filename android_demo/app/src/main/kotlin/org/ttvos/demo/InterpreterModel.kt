package org.ttvos.demo

import org.tensorflow.lite.DataType
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import org.ttvos.core.Model
import org.ttvos.core.SignatureSpec
import org.ttvos.core.TensorSpec
import org.ttvos.core.TensorType
import org.ttvos.core.TtvosException
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.MappedByteBuffer

/**
 * A model in TensorFlow Lite's (LiteRT 1.x) Interpreter, on the CPU.
 *
 * @param file the mapped `.tflite` file.
 * @param xnnpack whether to use the fast kernels.
 * @throws TtvosException the file is not a model, or needs what this runtime does not have.
 */
class InterpreterModel(
    override val name: String,
    file: MappedByteBuffer,
    threads: Int,
    xnnpack: Boolean,
) : Model {
    private val interpreter =
        orExplain("load it") { Interpreter(file, Interpreter.Options().setNumThreads(threads).setUseXNNPACK(xnnpack)) }

    override val signatures: Map<String, SignatureSpec> =
        try {
            interpreter.signatureKeys.associateWith(::signature)
        } catch (error: TtvosException) {
            interpreter.close()
            throw error
        }

    override fun run(
        signature: String,
        inputs: Map<String, ByteBuffer>,
        outputs: Map<String, ByteBuffer>,
    ) {
        // The interpreter moves the positions of the buffers that it is given.
        for (buffer in inputs.values) (buffer as Buffer).rewind()
        for (buffer in outputs.values) (buffer as Buffer).rewind()
        orExplain("run $signature") { interpreter.runSignature(inputs, outputs, signature) }
    }

    override fun close() = interpreter.close()

    private fun signature(key: String) =
        SignatureSpec(
            inputs = interpreter.getSignatureInputs(key)
                .associateWith { spec(interpreter.getInputTensorFromSignature(it, key)) },
            outputs = interpreter.getSignatureOutputs(key)
                .associateWith { spec(interpreter.getOutputTensorFromSignature(it, key)) },
        )

    private fun spec(tensor: Tensor): TensorSpec {
        val type =
            when (tensor.dataType()) {
                DataType.UINT8 -> TensorType.UINT8
                DataType.INT8 -> TensorType.INT8
                DataType.FLOAT32 -> TensorType.FLOAT32
                else -> throw TtvosException("$name: not a TTVOS model: '${tensor.name()}' is ${tensor.dataType()}")
            }
        return TensorSpec(type, tensor.shape().toList())
    }

    private inline fun <T> orExplain(
        what: String,
        action: () -> T,
    ): T =
        try {
            action()
        } catch (error: IllegalArgumentException) {
            throw explained(what, error)
        } catch (error: IllegalStateException) {
            throw explained(what, error)
        } catch (error: UnsatisfiedLinkError) { // none for this processor in the APK
            throw explained(what, error)
        }

    private fun explained(
        what: String,
        error: Throwable,
    ) = TtvosException("$name: TensorFlow Lite cannot $what: ${error.message?.lineSequence()?.first()}")
}
