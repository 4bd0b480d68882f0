package org.ttvos.core

import kotlin.math.round

/** A box round an object, in pixels of the frame; it may reach over the frame's edges. */
data class Box(
    val x: Double,
    val y: Double,
    val width: Double,
    val height: Double,
) {
    override fun toString() = listOf(x, y, width, height).joinToString(",") { "%.0f".format(it) }
}

/** Whole pixels: rows [top, bottom) and columns [left, right). */
data class PixelBox(
    val left: Int,
    val top: Int,
    val right: Int,
    val bottom: Int,
)

/**
 * The pixels of a frame of [size] that a box covers: rounded (half to even), then clipped to the frame.
 *
 * @throws TtvosException the box has no area, or lies outside the frame.
 */
fun Box.pixels(size: Size): PixelBox {
    if (!(x.isFinite() && y.isFinite() && width.isFinite() && height.isFinite())) {
        throw TtvosException("box $this: must be four finite numbers")
    }
    if (width <= 0 || height <= 0) throw TtvosException("box $this: has no area: drag from corner to corner")
    val covered =
        PixelBox(
            round(x).toInt().coerceAtLeast(0),
            round(y).toInt().coerceAtLeast(0),
            round(x + width).toInt().coerceAtMost(size.width),
            round(y + height).toInt().coerceAtMost(size.height),
        )
    if (covered.left >= covered.right || covered.top >= covered.bottom) {
        throw TtvosException("box $this: covers no pixel of the $size frame")
    }
    return covered
}
