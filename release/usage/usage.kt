// Tracks one object with the Interpreter of LiteRT 1.x or TensorFlow Lite, on Android or a desktop's Java.
// Arguments: MODEL.tflite frames.rgb first.gray masks.gray
import org.tensorflow.lite.Interpreter
import java.io.File
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder

fun main(arguments: Array<String>) {
    val (model, framesFile, firstFile, masksFile) = arguments
    val network = Interpreter(File(model), Interpreter.Options().setNumThreads(2))
    val frames = File(framesFile).readBytes()
    val first = File(firstFile).readBytes()

    fun buffer(bytes: Int) = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())

    fun run(signature: String, known: Map<String, ByteBuffer>): Map<String, ByteBuffer> {
        val inputs = network.getSignatureInputs(signature).associateWith { known.getValue(it) }
        val outputs = network.getSignatureOutputs(signature)
            .associateWith { buffer(network.getOutputTensorFromSignature(it, signature).numBytes()) }
        for (each in inputs.values) (each as Buffer).rewind()
        network.runSignature(inputs, outputs, signature)
        for (each in outputs.values) (each as Buffer).rewind()
        return outputs
    }

    fun frame(t: Int) = buffer(3 * first.size).put(frames, 3 * first.size * t, 3 * first.size)
    val mask = buffer(4 * first.size)
    for (value in first) mask.putFloat(if (value.toInt() and 255 > 127) 1f else 0f)

    var state = run("init", mapOf("frame" to frame(0), "mask" to mask))
    File(masksFile).outputStream().buffered().use { masks ->
        for (t in 1 until frames.size / (3 * first.size)) {
            state = run("step", state + ("frame" to frame(t))) // the whole state goes in, the next one comes out
            val probability = state.getValue("probability")
            repeat(first.size) { masks.write(if (probability.getFloat() > 0.5f) 255 else 0) }
        }
    }
}
