package org.ttvos.core

import kotlin.math.exp
import kotlin.math.max

/**
 * Joins the objects' logits to probabilities (section 3.1 of the paper): per pixel a softmax over
 * [-max(d), d_1, ..., d_K], of which the first is the background.
 *
 * @param maps a map for each object, all of one size: foreground minus background logits, replaced by probabilities.
 */
fun softAggregate(maps: List<FloatArray>) {
    for (pixel in maps[0].indices) {
        var highest = maps[0][pixel]
        for (k in 1 until maps.size) highest = max(highest, maps[k][pixel])
        val largest = max(highest, -highest)
        var sum = exp(-highest - largest)
        for (k in maps.indices) {
            val odds = exp(maps[k][pixel] - largest)
            maps[k][pixel] = odds
            sum += odds
        }
        for (k in maps.indices) maps[k][pixel] /= sum
    }
}
