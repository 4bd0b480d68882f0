package org.ttvos.core

import com.sun.management.ThreadMXBean
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer

class AllocationTest {
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

    /** Camera frames larger than the model and turned: every buffer and resampler is in use. */
    @ParameterizedTest
    @ValueSource(ints = [0, 1, 3])
    fun `a frame allocates nothing`(objects: Int) {
        val size = Size(96, 128)
        val planes = List(3) { ByteBuffer.allocateDirect(if (it == 0) size.pixels else size.pixels / 2) }
        val yuv = YuvFrame(size)
        val orientation = Orientation(90, false)
        val session = Session(FakeModel())

        fun frame() {
            yuv.y.set(planes[0], size.width, 1)
            yuv.u.set(planes[1], size.width, 2)
            yuv.v.set(planes[2], size.width, 2)
            session.frame("0", orientation, yuv)
        }

        frame()
        repeat(objects) { session.select(Box(10.0, 10.0, 40.0, 40.0), add = true) }
        repeat(20) { frame() }
        val frames = 200
        val thread = Thread.currentThread().id
        val before = threads.getThreadAllocatedBytes(thread)
        repeat(frames) { frame() }
        val allocated = threads.getThreadAllocatedBytes(thread) - before
        // The smallest object has 16 bytes.
        assertTrue(allocated < 16 * frames, "$allocated bytes in $frames frames")
    }
}
