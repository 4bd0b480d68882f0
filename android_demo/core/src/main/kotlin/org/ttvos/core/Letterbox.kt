package org.ttvos.core

import kotlin.math.abs
import kotlin.math.min

/** A picture of size [frame] in a view of size [view]: as large as fits, in the middle, never stretched. */
class Letterbox(
    view: Size,
    frame: Size,
) {
    /** View pixels a frame pixel. */
    val scale: Double = min(view.width.toDouble() / frame.width, view.height.toDouble() / frame.height)

    /** View coordinates of the frame's top left corner. */
    val left: Double = (view.width - frame.width * scale) / 2
    val top: Double = (view.height - frame.height * scale) / 2

    /** The box in the frame between two corners that were touched in the view, in any order. */
    fun box(
        x0: Double,
        y0: Double,
        x1: Double,
        y1: Double,
    ) = Box((min(x0, x1) - left) / scale, (min(y0, y1) - top) / scale, abs(x1 - x0) / scale, abs(y1 - y0) / scale)
}
