package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

class FramePackingTest {
    /** 4x2 pixels; the left half is red, the right half is blue, brighter from pixel to pixel. */
    private fun picture(): YuvFrame {
        val frame = YuvFrame(Size(2, 4))
        // Rows of 6 bytes, 4 of them pixels; colours interleaved, as phones have them.
        frame.y.set(buffer(50, 60, 70, 80, 0, 0, 90, 100, 110, 120), 6, 1)
        frame.u.set(buffer(100, 0, 180), 4, 2)
        frame.v.set(buffer(180, 0, 100), 4, 2)
        return frame
    }

    private fun buffer(vararg bytes: Int) = ByteBuffer.wrap(ByteArray(bytes.size) { bytes[it].toByte() })

    private fun rgb(orientation: Orientation): RgbFrame {
        val output = RgbFrame(orientation.upright(Size(2, 4)))
        picture().toRgb(orientation, output)
        return output
    }

    /** Green, which grows with the brightness, in rows. */
    private fun greens(orientation: Orientation): List<List<Int>> {
        val frame = rgb(orientation)
        val greens = frame.bytes.indices.filter { it % 3 == 1 }.map { frame.bytes[it].toInt() and 0xFF }
        return greens.chunked(frame.size.width)
    }

    @Test
    fun `colours are those of BT 601, full range`() {
        val bytes = rgb(Orientation(0, false)).bytes.map { it.toInt() and 0xFF }
        // By hand: R = 50 + 1.402 * 52, G = 50 + 0.344136 * 28 - 0.714136 * 52 = 22.501, B = 50 - 1.772 * 28.
        assertEquals(listOf(123, 23, 0), bytes.subList(0, 3))
        // R = 70 - 1.402 * 28, G = 70 - 0.344136 * 52 + 0.714136 * 28, B = 70 + 1.772 * 52.
        assertEquals(listOf(31, 72, 162), bytes.subList(6, 9))
    }

    @Test
    fun `every orientation puts the pixels where they belong`() {
        val upright = greens(Orientation(0, false))
        fun turned(rows: List<List<Int>>) = rows[0].indices.map { x -> rows.map { it[x] }.reversed() }

        var expected = upright
        for (rotation in listOf(0, 90, 180, 270)) {
            assertEquals(expected, greens(Orientation(rotation, false)), "$rotation")
            assertEquals(expected.map { it.reversed() }, greens(Orientation(rotation, true)), "$rotation, mirrored")
            expected = turned(expected)
        }
    }

    @Test
    fun `a phone's camera is turned upright`() {
        assertEquals(Orientation(90, false), orientation(sensor = 90, display = 0, front = false))
        assertEquals(Orientation(0, false), orientation(sensor = 90, display = 90, front = false))
        assertEquals(Orientation(180, false), orientation(sensor = 90, display = 270, front = false))
        assertEquals(Orientation(270, true), orientation(sensor = 270, display = 0, front = true))
        assertEquals(Orientation(0, true), orientation(sensor = 270, display = 90, front = true))
    }

    @Test
    fun `padding repeats the last column and row`() {
        val fitter = Fitter(Fit(Size(16, 16), Size(18, 19), Size(16, 16)))
        val frame = RgbFrame(Size(16, 16))
        frame.bytes.indices.forEach { frame.bytes[it] = (it % 251).toByte() }
        fitter.packFrame(frame)
        for (y in 0 until 18) {
            for (x in 0 until 19) {
                for (channel in 0 until 3) {
                    val source = (minOf(y, 15) * 16 + minOf(x, 15)) * 3 + channel
                    assertEquals(frame.bytes[source], fitter.frame.get((y * 19 + x) * 3 + channel))
                }
            }
        }
    }
}
