package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.math.exp

class SoftAggregationTest {
    @Test
    fun `one object has sigmoid of twice its logit`() {
        val map = floatArrayOf(-3f, 0f, 0.5f, 60f)
        val expected = map.map { (1 / (1 + exp(-2.0 * it))).toFloat() }
        softAggregate(listOf(map))
        for (pixel in map.indices) assertEquals(expected[pixel], map[pixel], 1e-6f)
    }

    @Test
    fun `several share by their odds`() {
        val logits = listOf(floatArrayOf(1.5f, -100f), floatArrayOf(-0.5f, -90f), floatArrayOf(2f, -95f))
        val odds = logits.map { exp(it[0].toDouble()) }
        val expected = odds.map { it / (odds.sum() + exp(-2.0)) }
        softAggregate(logits)
        for (k in 0 until 3) {
            assertEquals(expected[k], logits[k][0].toDouble(), 1e-6)
            assertEquals(0f, logits[k][1], 1e-6f)
        }
    }
}
