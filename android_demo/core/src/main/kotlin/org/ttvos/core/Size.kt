package org.ttvos.core

/** Size of a picture in pixels, in the order of array shapes: (height, width). */
data class Size(
    val height: Int,
    val width: Int,
) {
    /** How many pixels it has. */
    val pixels: Int get() = height * width

    /** As people write it: width x height, "854x480". */
    override fun toString() = "${width}x$height"
}
