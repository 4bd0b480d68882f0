package org.ttvos.core

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min

/**
 * The weights that resample a row (or column) of [from] pixels to [to]: linear interpolation between pixel centres, as
 * OpenCV's INTER_LINEAR; or, where it shrinks and [averaging] is asked for, means of the covered pixels, as INTER_AREA.
 *
 * Output i is the sum over k < [count] of `weights[i * count + k] * input[first[i] + k]`.
 */
internal class Taps(
    from: Int,
    to: Int,
    averaging: Boolean,
) {
    private val scale = from.toDouble() / to
    private val averages = averaging && scale > 1

    /** Taps of each output, the same for all: unused ones weigh 0. */
    val count: Int = min(from, if (averages) ceil(scale).toInt() + 1 else 2)

    /** Where the taps of each output begin; first + count <= from. */
    val first = IntArray(to)

    /** See the class. */
    val weights = FloatArray(to * count)

    init {
        for (index in 0 until to) {
            if (averages) average(index, from) else interpolate(index, from)
        }
    }

    private fun average(
        index: Int,
        from: Int,
    ) {
        val begin = index * scale
        val end = min(begin + scale, from.toDouble())
        first[index] = min(floor(begin).toInt(), from - count)
        for (tap in 0 until count) {
            val pixel = first[index] + tap
            val covered = min(end, pixel + 1.0) - max(begin, pixel.toDouble())
            weights[index * count + tap] = (max(covered, 0.0) / (end - begin)).toFloat()
        }
    }

    private fun interpolate(
        index: Int,
        from: Int,
    ) {
        val centre = ((index + 0.5) * scale - 0.5).coerceIn(0.0, from - 1.0)
        first[index] = min(floor(centre).toInt(), from - count)
        val right = (centre - first[index]).toFloat()
        weights[index * count] = 1 - right
        if (count == 2) weights[index * count + 1] = right
    }
}
