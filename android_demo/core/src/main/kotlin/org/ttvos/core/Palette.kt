package org.ttvos.core

/**
 * The colours of DAVIS and PASCAL VOC: 256 times 0xRRGGBB, by id. The bits of the id are dealt out to red, green and
 * blue in turn, most significant colour bit first.
 */
val DAVIS_PALETTE =
    IntArray(256) { id ->
        var color = 0
        for (bit in 0 until 8) {
            for (channel in 0 until 3) {
                val on = (id shr (3 * bit + channel)) and 1
                color = color or (on shl (7 - bit) shl (16 - 8 * channel))
            }
        }
        color
    }
