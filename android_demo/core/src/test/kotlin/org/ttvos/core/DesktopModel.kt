package org.ttvos.core

import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.Pointer
import org.bytedeco.javacpp.PointerPointer
import org.bytedeco.tensorflowlite.BuiltinOpResolver
import org.bytedeco.tensorflowlite.FlatBufferModel
import org.bytedeco.tensorflowlite.Interpreter
import org.bytedeco.tensorflowlite.InterpreterBuilder
import org.bytedeco.tensorflowlite.SignatureRunner
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteFloat32
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteInt8
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteOk
import org.bytedeco.tensorflowlite.global.tensorflowlite.kTfLiteUInt8
import java.nio.ByteBuffer
import java.nio.file.Path
import kotlin.io.path.nameWithoutExtension
import kotlin.io.path.pathString

/** A model in TensorFlow Lite for the desktop, called as Android's Interpreter calls it. */
class DesktopModel(
    path: Path,
    threads: Int,
) : Model {
    override val name = path.nameWithoutExtension.removePrefix("ttvos_")

    // The native objects need one another: none may be freed before the model is.
    private val file =
        FlatBufferModel.BuildFromFile(path.pathString) ?: throw TtvosException("$path: is not a TFLite file")
    private val operators = BuiltinOpResolver()
    private val builder = InterpreterBuilder(file, operators)
    private val interpreter = Interpreter(null as Pointer?)
    private val runners: Map<String, SignatureRunner>
    override val signatures: Map<String, SignatureSpec>

    init {
        builder.SetNumThreads(threads)
        succeed("load", builder.apply(interpreter))
        succeed("allocate", interpreter.AllocateTensors())
        val keys = interpreter.signature_keys()
        runners = (0 until keys.size()).associate { index ->
            val key = keys.get(index).string
            key to interpreter.GetSignatureRunner(key)
        }
        for ((key, runner) in runners) succeed("allocate $key", runner.AllocateTensors())
        signatures =
            runners.mapValues { (_, runner) ->
                SignatureSpec(
                    names(runner.input_names(), runner.input_size()).associateWith { spec(runner.input_tensor(it)) },
                    names(runner.output_names(), runner.output_size()).associateWith { spec(runner.output_tensor(it)) },
                )
            }
    }

    override fun run(
        signature: String,
        inputs: Map<String, ByteBuffer>,
        outputs: Map<String, ByteBuffer>,
    ) {
        val runner = runners.getValue(signature)
        for ((name, buffer) in inputs) {
            val tensor = runner.input_tensor(name)
            check(buffer.capacity().toLong() == tensor.bytes()) { "$signature $name: ${buffer.capacity()} bytes" }
            Pointer.memcpy(tensor.data().data(), whole(buffer), tensor.bytes())
        }
        succeed(signature, runner.Invoke())
        for ((name, buffer) in outputs) {
            val tensor = runner.output_tensor(name)
            check(buffer.capacity().toLong() == tensor.bytes()) { "$signature $name: ${buffer.capacity()} bytes" }
            Pointer.memcpy(whole(buffer), tensor.data().data(), tensor.bytes())
        }
    }

    override fun close() {
        interpreter.deallocate()
        builder.deallocate()
        operators.deallocate()
        file.deallocate()
    }

    private fun whole(buffer: ByteBuffer) = BytePointer(buffer.duplicate().also { it.clear() })

    private fun names(
        names: PointerPointer<*>,
        count: Long,
    ) = (0 until count).map { BytePointer(names.get(it)).string }

    private fun spec(tensor: TfLiteTensor): TensorSpec {
        val type =
            when (tensor.type()) {
                kTfLiteUInt8 -> TensorType.UINT8
                kTfLiteInt8 -> TensorType.INT8
                kTfLiteFloat32 -> TensorType.FLOAT32
                else -> throw TtvosException("$name: not a TTVOS model: a tensor has type ${tensor.type()}")
            }
        val dims = tensor.dims()
        return TensorSpec(type, (0 until dims.size()).map { dims.data(it) })
    }

    private fun succeed(
        what: String,
        status: Int,
    ) {
        if (status != kTfLiteOk) throw TtvosException("$name: TensorFlow Lite cannot $what (status $status)")
    }
}
