package org.ttvos.core

import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Path
import kotlin.io.path.readBytes
import kotlin.io.path.readLines

/** What tools/write_reference.py wrote; its folder is the system property `reference`. */
object Reference {
    private val folder = Path.of(System.getProperty("reference"))
    private val lines = folder.resolve("clip.txt").readLines()

    /** Number of frames: the beginning of the sample clip. */
    val count: Int
    val size: Size

    /** A model and boxes in the first frame. */
    class Case(
        val name: String,
        val model: Path,
        val boxes: List<Box>,
    )

    val cases: List<Case>

    init {
        val (count, height, width) = lines[0].split(" ").map { it.toInt() }
        this.count = count
        size = Size(height, width)
        cases =
            lines.drop(1).map { line ->
                val words = line.split("\t")
                Case(words[0], Path.of(words[1]), words.drop(2).map(::parseBox))
            }
    }

    /** Reads a frame of the clip into [frame]. */
    fun readFrame(
        index: Int,
        frame: RgbFrame,
    ) = read("frames.rgb", index, frame.bytes)

    /** Reads what Python's tracker made of a frame into [labels], uint8 (H, W). */
    fun readLabels(
        case: Case,
        index: Int,
        labels: ByteArray,
    ) = read("${case.name}.labels", index, labels)

    fun bytes(name: String): ByteArray = folder.resolve(name).readBytes()

    fun floats(name: String): FloatArray {
        val buffer = ByteBuffer.wrap(bytes(name)).order(ByteOrder.nativeOrder()).asFloatBuffer()
        return FloatArray(buffer.remaining()).also { buffer.get(it) }
    }

    /** Lines of a text file, split at blanks. */
    fun table(name: String) = folder.resolve(name).readLines().map { it.split(" ") }

    fun parseBox(text: String): Box {
        val (x, y, width, height) = text.split(",").map { it.toDouble() }
        return Box(x, y, width, height)
    }

    private fun read(
        name: String,
        index: Int,
        bytes: ByteArray,
    ) = RandomAccessFile(folder.resolve(name).toFile(), "r").use {
        it.seek(index.toLong() * bytes.size)
        it.readFully(bytes)
    }
}
