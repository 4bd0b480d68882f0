package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class TrackerTest {
    private val size = Size(32, 48)
    private val model = FakeModel(size)
    private val tracker = Tracker(model)
    private val bright = PixelBox(8, 4, 20, 16)
    private val frame = redFrame(size, bright)
    private val box = Box(8.0, 4.0, 12.0, 12.0)

    private fun label(
        x: Int,
        y: Int,
    ) = tracker.labels[y * size.width + x].toInt()

    @Test
    fun `the first labels are the boxes, later ones on top`() {
        tracker.start(frame, listOf(box, Box(15.0, 4.0, 20.0, 12.0)))
        assertEquals(listOf(0, 1, 2, 2), listOf(label(7, 4), label(8, 4), label(15, 4), label(34, 4)))
        assertEquals(listOf(1, 2), tracker.ids)
    }

    @Test
    fun `one object runs step, its state going round`() {
        tracker.start(frame, listOf(box))
        repeat(5) { tracker.step(frame) }
        assertEquals(1 + 5, model.runs.getValue("step")[0], "one to find the object in its box")
        assertEquals(0, model.runs.getValue("encode")[0])
        assertEquals(6f, model.lastCount)
        assertEquals(listOf(1, 1, 0), listOf(label(8, 4), label(19, 15), label(20, 15)))
    }

    @Test
    fun `several share one encode, each with a state of its own`() {
        tracker.start(frame, listOf(box, box, box))
        repeat(4) { tracker.step(frame) }
        assertEquals(4, model.runs.getValue("encode")[0])
        assertEquals(12, model.runs.getValue("segment")[0])
        assertEquals(12, model.runs.getValue("update")[0])
        assertEquals(5f, model.lastCount)
        assertEquals(1, label(8, 4), "equal objects: the first")
    }

    @Test
    fun `objects come and go, and ids are used again`() {
        tracker.start(frame, listOf(box, box))
        tracker.removeObject(1)
        assertEquals(1, tracker.addObject(frame, box))
        assertEquals(listOf(2, 1), tracker.ids)
        assertEquals(1f, model.lastCount, "a new object begins anew, in buffers used before")
        tracker.removeObject(1)
        tracker.removeObject(2)
        assertTrue(tracker.step(frame).all { it.toInt() == 0 })
        assertThrows(TtvosException::class.java) { tracker.removeObject(1) }
    }

    @Test
    fun `an unusable box leaves the video as it was`() {
        tracker.start(frame, listOf(box))
        assertThrows(TtvosException::class.java) { tracker.start(frame, listOf(box, Box(5.0, 5.0, 0.0, 4.0))) }
        assertThrows(TtvosException::class.java) { tracker.start(frame, emptyList()) }
        assertThrows(TtvosException::class.java) { tracker.start(frame, List(MAX_OBJECTS + 1) { box }) }
        assertThrows(TtvosException::class.java) { tracker.addObject(frame, Box(60.0, 5.0, 4.0, 4.0)) }
        assertEquals(listOf(1), tracker.ids)
        tracker.step(frame)
        assertEquals(2f, model.lastCount)
    }

    @Test
    fun `a step needs a start, and a frame of its size`() {
        assertThrows(TtvosException::class.java) { tracker.step(frame) }
        tracker.start(frame, listOf(box))
        assertThrows(TtvosException::class.java) { tracker.step(RgbFrame(Size(48, 32))) }
    }

    @Test
    fun `frames of another size begin another video`() {
        tracker.start(frame, listOf(box))
        tracker.start(redFrame(Size(64, 96), PixelBox(16, 8, 40, 32)), listOf(Box(16.0, 8.0, 24.0, 24.0)))
        assertEquals(64 * 96, tracker.labels.size)
    }
}
