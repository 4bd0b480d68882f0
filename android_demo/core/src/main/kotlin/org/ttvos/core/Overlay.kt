package org.ttvos.core

import kotlin.math.max
import kotlin.math.min

private const val OPAQUE = 0xFF shl 24

/**
 * Draws a frame with every object tinted in its DAVIS colour and outlined, as `ttvos segment --overlay` does.
 *
 * @param labels uint8 (H, W) ids of the frame's size, 0 background.
 * @param output 0xAARRGGBB for every pixel: what an Android bitmap takes.
 */
fun drawOverlay(
    frame: RgbFrame,
    labels: ByteArray,
    output: IntArray,
) {
    val (height, width) = frame.size
    for (y in 0 until height) {
        for (x in 0 until width) {
            val pixel = y * width + x
            val label = labels[pixel].toInt() and 0xFF
            val color = DAVIS_PALETTE[label]
            output[pixel] =
                when {
                    label == 0 -> rgb(frame.bytes, pixel)
                    isOutline(labels, frame.size, y, x) -> OPAQUE or color
                    else -> tint(rgb(frame.bytes, pixel), color)
                }
        }
    }
}

/** Draws a frame as it is; [output] as for [drawOverlay]. */
fun drawFrame(
    frame: RgbFrame,
    output: IntArray,
) {
    for (pixel in 0 until frame.size.pixels) output[pixel] = rgb(frame.bytes, pixel)
}

private fun rgb(
    bytes: ByteArray,
    pixel: Int,
): Int {
    val red = bytes[pixel * 3].toInt() and 0xFF
    val green = bytes[pixel * 3 + 1].toInt() and 0xFF
    val blue = bytes[pixel * 3 + 2].toInt() and 0xFF
    return OPAQUE or (red shl 16) or (green shl 8) or blue
}

private fun tint(
    picture: Int,
    color: Int,
): Int = OPAQUE or mix(picture, color, 16) or mix(picture, color, 8) or mix(picture, color, 0)

private fun mix(
    picture: Int,
    color: Int,
    shift: Int,
): Int {
    val under = (picture shr shift) and 0xFF
    val over = (color shr shift) and 0xFF
    return (under * (1 - OPACITY) + over * OPACITY + 0.5f).toInt() shl shift
}

/** Whether one of the eight pixels round it has another label: neighbouring objects are told apart too. */
private fun isOutline(
    labels: ByteArray,
    size: Size,
    y: Int,
    x: Int,
): Boolean {
    val own = labels[y * size.width + x]
    for (row in max(y - 1, 0)..min(y + 1, size.height - 1)) {
        for (column in max(x - 1, 0)..min(x + 1, size.width - 1)) {
            if (labels[row * size.width + column] != own) return true
        }
    }
    return false
}
