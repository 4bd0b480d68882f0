package org.ttvos.core

/**
 * Resizes pictures of one size to another, columns first, then rows. Owns all the memory that it needs.
 *
 * @param channels values of a pixel, interleaved.
 * @param averaging see [Taps].
 */
internal class Resampler(
    private val from: Size,
    private val to: Size,
    private val channels: Int,
    averaging: Boolean,
) {
    private val columns = Taps(from.width, to.width, averaging)
    private val rows = Taps(from.height, to.height, averaging)

    private val line = FloatArray(from.width * channels)
    private val sum = FloatArray(to.width * channels)

    // The last input rows, resampled to the new width: neighbouring outputs share them.
    private val narrowed = Array(rows.count) { FloatArray(to.width * channels) }
    private val narrowedRow = IntArray(rows.count)

    /** uint8; [outputStride] values from a row of the output to the next. */
    fun resize(
        input: ByteArray,
        output: ByteArray,
        outputStride: Int,
    ) = resize(
        { row ->
            for (index in line.indices) line[index] = (input[row * line.size + index].toInt() and 0xFF).toFloat()
        },
        { y -> for (index in sum.indices) output[y * outputStride + index] = (sum[index] + 0.5f).toInt().toByte() },
    )

    /** float32; [inputStride] and [outputStride] values from a row to the next. */
    fun resize(
        input: FloatArray,
        inputStride: Int,
        output: FloatArray,
        outputStride: Int,
    ) = resize(
        { row -> System.arraycopy(input, row * inputStride, line, 0, line.size) },
        { y -> System.arraycopy(sum, 0, output, y * outputStride, sum.size) },
    )

    /** [read] puts an input row into `line`; [write] takes an output row from `sum`. Inlined: no object is made. */
    private inline fun resize(
        read: (Int) -> Unit,
        write: (Int) -> Unit,
    ) {
        narrowedRow.fill(-1)
        for (y in 0 until to.height) {
            sum.fill(0f)
            for (tap in 0 until rows.count) {
                val weight = rows.weights[y * rows.count + tap]
                if (weight == 0f) continue
                val row = rows.first[y] + tap
                if (narrowedRow[row % rows.count] != row) {
                    read(row)
                    narrow(row)
                }
                add(row, weight)
            }
            write(y)
        }
    }

    /** Resamples `line`, which is input row [row], to the new width. */
    private fun narrow(row: Int) {
        val slot = row % rows.count
        val output = narrowed[slot]
        for (x in 0 until to.width) {
            val start = columns.first[x] * channels
            for (channel in 0 until channels) {
                var value = 0f
                for (tap in 0 until columns.count) {
                    value += columns.weights[x * columns.count + tap] * line[start + tap * channels + channel]
                }
                output[x * channels + channel] = value
            }
        }
        narrowedRow[slot] = row
    }

    private fun add(
        row: Int,
        weight: Float,
    ) {
        val values = narrowed[row % rows.count]
        for (index in sum.indices) sum[index] += weight * values[index]
    }
}
