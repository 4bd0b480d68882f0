package org.ttvos.core

/** A picture the right way up; its memory is used again for every frame. */
class RgbFrame(
    val size: Size,
) {
    /** uint8 (height, width, 3), red first. */
    val bytes = ByteArray(size.pixels * 3)
}
