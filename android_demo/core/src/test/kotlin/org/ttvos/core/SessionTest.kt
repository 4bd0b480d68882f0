package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

class SessionTest {
    private val model = FakeModel()
    private val session = Session(model)
    private val upright = Orientation(0, false)
    private val box = Box(8.0, 4.0, 12.0, 12.0)

    private fun camera(size: Size = Size(32, 48)): YuvFrame {
        val frame = YuvFrame(size)
        frame.y.set(ByteBuffer.allocateDirect(size.pixels), size.width, 1)
        frame.u.set(ByteBuffer.wrap(ByteArray(size.pixels / 2) { 127 }), size.width, 2)
        frame.v.set(ByteBuffer.wrap(ByteArray(size.pixels / 2) { 127 }), size.width, 2)
        return frame
    }

    private fun track(): YuvFrame {
        val frame = camera()
        session.frame("0", upright, frame)
        session.select(box, add = false)
        session.frame("0", upright, frame)
        assertEquals(1, session.objects)
        return frame
    }

    /** Runs of the step, of which starting takes one: the network looks for the object in its box. */
    private val steps get() = model.runs.getValue("step")[0]

    @Test
    fun `the camera is shown before anything is tracked`() {
        assertFalse(session.select(box, add = false), "no frame, no target")
        assertTrue(session.frame("0", upright, camera()))
        assertEquals(32 * 48, session.pixels!!.size)
        assertEquals(0, session.objects)
        assertEquals(0, model.runs.values.sumOf { it[0] })
        assertNull(session.lastReset)
    }

    @Test
    fun `a new target replaces the others, an added one joins them`() {
        track()
        session.select(box, add = true)
        assertEquals(2, session.objects)
        session.select(box, add = false)
        assertEquals(1, session.objects)
        assertEquals(ResetReason.NEW_TARGET, session.lastReset)
        assertEquals(2f, model.lastCount, "the state of the box, and the step that finds nothing in it")
    }

    @Test
    fun `tracking ends where the frames come from elsewhere`() {
        val small = camera(Size(32, 40))
        val changes =
            mapOf<ResetReason, (YuvFrame) -> Boolean>(
                ResetReason.CAMERA to { session.frame("1", upright, it) },
                ResetReason.ROTATION to { session.frame("0", Orientation(90, false), it) },
                ResetReason.SIZE to { session.frame("0", upright, small) },
            )
        for ((reason, change) in changes) {
            val frame = track()
            val before = steps
            assertTrue(change(frame))
            assertEquals(0, session.objects, "$reason")
            assertEquals(reason, session.lastReset)
            assertEquals(before, steps, "no step with a state from elsewhere")
            assertEquals(session.size!!.pixels, session.pixels!!.size)
            session.frame("0", upright, frame)
        }
    }

    @Test
    fun `nothing is reported where nothing was tracked`() {
        session.frame("0", upright, camera())
        session.frame("1", Orientation(90, false), camera())
        assertNull(session.lastReset)
    }

    @Test
    fun `a box without area changes nothing`() {
        val frame = track()
        for (add in listOf(true, false)) {
            assertThrows(TtvosException::class.java) { session.select(Box(5.0, 5.0, 0.0, 0.0), add) }
        }
        assertEquals(1, session.objects)
        session.frame("0", upright, frame)
        assertEquals(1 + 2, steps)
    }

    @Test
    fun `a frame under way when the app is paused does nothing`() {
        val frame = track()
        val picture = session.pixels!!.copyOf()
        session.close()
        session.close()
        assertFalse(session.frame("0", upright, frame))
        assertFalse(session.select(box, add = true))
        session.clear()
        assertEquals(1 + 1, steps)
        assertEquals(1, model.closes)
        assertArrayEquals(picture, session.pixels)
    }

    @Test
    fun `a model that fails ends tracking, not the camera`() {
        val frame = track()
        model.fails = true
        assertThrows(TtvosException::class.java) { session.frame("0", upright, frame) }
        assertEquals(0, session.objects)
        assertTrue(session.frame("0", upright, frame))
        assertThrows(TtvosException::class.java) { session.select(box, add = false) }
        model.fails = false
        assertTrue(session.select(box, add = false))
    }

    @Test
    fun `clear shows the camera again`() {
        track()
        session.clear()
        assertEquals(0, session.objects)
        assertTrue(session.frame("0", upright, camera()))
        assertEquals(1 + 1, steps)
    }
}
