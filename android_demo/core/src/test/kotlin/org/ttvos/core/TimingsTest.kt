package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class TimingsTest {
    private var now = 0L
    private val timings = Timings(window = 10, clock = { now })

    @Test
    fun `percentiles are of the last frames only`() {
        for (millis in listOf(500, 500, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) {
            timings.measure(Stage.MODEL) { now += millis * 1_000_000L }
        }
        assertEquals(5.0, timings.milliseconds(Stage.MODEL, 50))
        assertEquals(9.0, timings.milliseconds(Stage.MODEL, 90))
        assertEquals(10.0, timings.milliseconds(Stage.MODEL, 100))
        assertEquals(0.0, timings.milliseconds(Stage.DRAW, 50))
    }

    @Test
    fun `frames a second come from the time between frames`() {
        timings.frame()
        assertEquals(0.0, timings.framesPerSecond(50))
        for (millis in List(8) { 20 } + listOf(40, 100)) {
            now += millis * 1_000_000L
            timings.frame()
        }
        assertEquals(50.0, timings.framesPerSecond(50), 1e-9)
        assertEquals(25.0, timings.framesPerSecond(90), 1e-9)
        timings.clear()
        assertEquals(0.0, timings.framesPerSecond(50))
    }

    @Test
    fun `the summary has the stages that ran`() {
        for (millis in listOf(20, 40)) {
            timings.measure(Stage.MODEL) { now += millis * 1_000_000L }
            timings.frame()
        }
        assertEquals("FPS p50 25.0, p90 25.0\nms p50/p90: model 20.0/40.0", timings.summary())
    }
}
