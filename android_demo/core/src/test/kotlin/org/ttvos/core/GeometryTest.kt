package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class GeometryTest {
    @Test
    fun `a frame that nearly fills the model keeps its pixels`() {
        assertEquals(Size(480, 854), fit(Size(480, 854), Size(480, 864)).inner)
        assertEquals(Size(480, 800), fit(Size(480, 800), Size(480, 864)).inner)
    }

    @Test
    fun `any other frame keeps its aspect`() {
        assertEquals(Size(240, 427), fit(Size(480, 854), Size(240, 432)).inner)
        assertEquals(Size(240, 180), fit(Size(640, 480), Size(240, 432)).inner)
        assertEquals(Size(240, 320), fit(Size(120, 160), Size(240, 432)).inner)
    }

    @Test
    fun `a frame must have 16 pixels`() {
        assertThrows(TtvosException::class.java) { fit(Size(15, 300), Size(240, 432)) }
    }

    @Test
    fun `boxes are rounded to even and clipped`() {
        assertEquals(PixelBox(0, 2, 10, 8), Box(-3.0, 2.5, 13.2, 5.0).pixels(Size(20, 10)))
    }

    @Test
    fun `a box needs an area in the frame`() {
        val size = Size(100, 100)
        val bad =
            listOf(
                Box(10.0, 10.0, 0.0, 5.0),
                Box(10.0, 10.0, 5.0, -1.0),
                Box(10.0, 10.0, 0.2, 0.2),
                Box(100.0, 10.0, 5.0, 5.0),
                Box(-9.0, 10.0, 5.0, 5.0),
                Box(Double.NaN, 10.0, 5.0, 5.0),
            )
        for (box in bad) assertThrows(TtvosException::class.java, { box.pixels(size) }, "$box")
    }

    @Test
    fun `touches become boxes of the frame, whichever corner was first`() {
        // 640x480 in a view of 1000x1500: scaled by 1.5625 to 1000x750, with 375 above and below.
        val letterbox = Letterbox(Size(1500, 1000), Size(480, 640))
        val box = Box(64.0, 32.0, 320.0, 160.0)
        assertEquals(box, letterbox.box(100.0, 425.0, 600.0, 675.0))
        assertEquals(box, letterbox.box(600.0, 675.0, 100.0, 425.0))
        assertEquals(0.0, letterbox.box(100.0, 425.0, 100.0, 425.0).width)
    }
}
