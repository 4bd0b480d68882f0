package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import java.awt.image.BufferedImage
import java.io.File
import javax.imageio.ImageIO
import kotlin.math.abs

/** The same as the Python runtime: resize, masks, overlay. */
class PythonParityTest {
    @TestFactory
    fun `every shipped model gives Python's masks`(): List<DynamicTest> =
        Reference.cases.map { case -> dynamicTest(case.name) { compare(case) } }

    private fun compare(case: Reference.Case) {
        val frame = RgbFrame(Reference.size)
        val expected = ByteArray(Reference.size.pixels)
        DesktopModel(case.model, threads = 2).use { model ->
            assertTrue(signaturesAgree(model))
            val tracker = Tracker(model)
            var worst = 1.0
            for (index in 0 until Reference.count) {
                Reference.readFrame(index, frame)
                Reference.readLabels(case, index, expected)
                val labels = if (index == 0) tracker.start(frame, case.boxes) else tracker.step(frame)
                for (id in tracker.ids) {
                    val iou = intersectionOverUnion(labels, expected, id)
                    assertTrue(iou >= 0.99, "frame $index, object $id: IoU $iou")
                    val tracked = expected.any { it.toInt() == id }
                    assertTrue(tracked || index > TRACKED, "frame $index: Python lost object $id")
                    worst = minOf(worst, iou)
                }
                if (index == OVERLAY_FRAME) writePicture(case, frame, labels)
            }
            println("${case.name}: ${Reference.count} frames, lowest IoU %.4f".format(worst))
        }
    }

    private fun intersectionOverUnion(
        labels: ByteArray,
        expected: ByteArray,
        id: Int,
    ): Double {
        val either = labels.indices.count { labels[it].toInt() == id || expected[it].toInt() == id }
        val both = labels.indices.count { labels[it].toInt() == id && expected[it].toInt() == id }
        return if (either == 0) 1.0 else both.toDouble() / either
    }

    private fun writePicture(
        case: Reference.Case,
        frame: RgbFrame,
        labels: ByteArray,
    ) {
        val pixels = IntArray(frame.size.pixels)
        drawOverlay(frame, labels, pixels)
        val (height, width) = frame.size
        val image = BufferedImage(width, height, BufferedImage.TYPE_INT_RGB)
        image.setRGB(0, 0, width, height, pixels, 0, width)
        ImageIO.write(image, "png", File(System.getProperty("pictures"), "${case.name}.png"))
    }

    @Test
    fun `the overlay is Python's`() {
        val case = Reference.cases[0]
        val frame = RgbFrame(Reference.size)
        val labels = ByteArray(Reference.size.pixels)
        Reference.readFrame(OVERLAY_FRAME, frame)
        Reference.readLabels(case, OVERLAY_FRAME, labels)
        val pixels = IntArray(Reference.size.pixels)
        drawOverlay(frame, labels, pixels)
        val expected = Reference.bytes("overlay.rgb")
        val worst =
            expected.indices.maxOf { index ->
                val value = (pixels[index / 3] shr (16 - index % 3 * 8)) and 0xFF
                abs(value - (expected[index].toInt() and 0xFF))
            }
        assertTrue(worst <= 1, "off by $worst")
    }

    @TestFactory
    fun `frames, masks and maps are resized as OpenCV does`(): List<DynamicTest> =
        Reference.table("fits.txt").map { row -> dynamicTest(row[0]) { compareFit(row) } }

    private fun compareFit(row: List<String>) {
        val (height, width, modelHeight, modelWidth) = row.subList(1, 5).map { it.toInt() }
        val source = Size(height, width)
        val fitter = Fitter(fit(source, Size(modelHeight, modelWidth)))

        val clip = RgbFrame(Reference.size).also { Reference.readFrame(0, it) }
        val frame = RgbFrame(source)
        for (y in 0 until height) {
            System.arraycopy(clip.bytes, y * Reference.size.width * 3, frame.bytes, y * width * 3, width * 3)
        }
        fitter.packFrame(frame)
        val bytes = Reference.bytes("${row[0]}.frame")
        assertEquals(bytes.size, fitter.frame.capacity())
        val off = bytes.indices.maxOf { abs((bytes[it].toInt() and 0xFF) - (fitter.frame.get(it).toInt() and 0xFF)) }
        assertTrue(off <= 1, "frame: off by $off")

        fitter.packBox(Reference.parseBox(row[5]).pixels(source))
        val mask = Reference.floats("${row[0]}.mask")
        val values = FloatArray(mask.size).also { fitter.mask.asFloatBuffer().get(it) }
        for (pixel in mask.indices) assertEquals(mask[pixel], values[pixel], 1e-4f, "mask, pixel $pixel")

        val soft = FloatArray(source.pixels)
        fitter.mapToSource(mask, soft)
        val expected = Reference.floats("${row[0]}.soft")
        for (pixel in soft.indices) assertEquals(expected[pixel], soft[pixel], 1e-4f, "map, pixel $pixel")
    }

    private companion object {
        const val OVERLAY_FRAME = 30

        // Until this frame the Python tracker must have every object: equal empty masks would prove nothing.
        const val TRACKED = 20
    }
}
