package org.ttvos.core

import java.nio.Buffer
import java.nio.ByteBuffer

/** One plane of a camera's picture, copied, so that the camera has its memory back at once. */
class YuvPlane {
    internal var bytes = ByteArray(0)
    internal var rowStride = 0
    internal var pixelStride = 0

    /** Copies a plane: [rowStride] and [pixelStride] bytes from a row, a pixel to the next. */
    fun set(
        plane: ByteBuffer,
        rowStride: Int,
        pixelStride: Int,
    ) {
        (plane as Buffer).rewind()
        if (bytes.size != plane.remaining()) bytes = ByteArray(plane.remaining())
        plane.get(bytes)
        this.rowStride = rowStride
        this.pixelStride = pixelStride
    }
}

/**
 * A camera's picture as Android's YUV_420_888 has it: full-range BT.601, the colours at half the size.
 *
 * @property size of the sensor's picture, before it is brought upright.
 */
class YuvFrame(
    val size: Size,
) {
    val y = YuvPlane()
    val u = YuvPlane()
    val v = YuvPlane()

    /** Converts to RGB, turned and mirrored; [output] has the size `orientation.upright(size)`. */
    fun toRgb(
        orientation: Orientation,
        output: RgbFrame,
    ) {
        check(orientation.isUpright(output.size, size)) { "a picture of $size does not become ${output.size}" }
        val width = output.size.width
        for (row in 0 until output.size.height) {
            // Along a row of the output, the sensor's pixel moves by (stepX, stepY).
            var sensorX: Int
            var sensorY: Int
            var stepX = 0
            var stepY = 0
            when (orientation.rotation) {
                0 -> { sensorX = 0; sensorY = row; stepX = 1 }
                90 -> { sensorX = row; sensorY = size.height - 1; stepY = -1 }
                180 -> { sensorX = size.width - 1; sensorY = size.height - 1 - row; stepX = -1 }
                else -> { sensorX = size.width - 1 - row; sensorY = 0; stepY = 1 }
            }
            if (orientation.mirrored) {
                sensorX += stepX * (width - 1)
                sensorY += stepY * (width - 1)
                stepX = -stepX
                stepY = -stepY
            }
            var position = row * width * 3
            repeat(width) {
                convert(sensorX, sensorY, output.bytes, position)
                sensorX += stepX
                sensorY += stepY
                position += 3
            }
        }
    }

    private fun convert(
        x: Int,
        y: Int,
        output: ByteArray,
        position: Int,
    ) {
        val light = (this.y.bytes[y * this.y.rowStride + x * this.y.pixelStride].toInt() and 0xFF) shl 16
        val blue = (u.bytes[(y / 2) * u.rowStride + (x / 2) * u.pixelStride].toInt() and 0xFF) - 128
        val red = (v.bytes[(y / 2) * v.rowStride + (x / 2) * v.pixelStride].toInt() and 0xFF) - 128
        output[position] = toByte(light + RED_FROM_V * red)
        output[position + 1] = toByte(light - GREEN_FROM_U * blue - GREEN_FROM_V * red)
        output[position + 2] = toByte(light + BLUE_FROM_U * blue)
    }

    private fun toByte(value: Int): Byte = ((value + HALF) shr 16).coerceIn(0, 255).toByte()

    private companion object {
        // BT.601 as JPEG files have it, in 1 / 65536.
        const val RED_FROM_V = 91881
        const val GREEN_FROM_U = 22554
        const val GREEN_FROM_V = 46802
        const val BLUE_FROM_U = 116130
        const val HALF = 1 shl 15
    }
}
