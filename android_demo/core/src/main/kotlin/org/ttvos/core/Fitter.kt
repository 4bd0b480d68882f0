package org.ttvos.core

import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

/** A direct buffer of [bytes] bytes in the machine's order: what TensorFlow Lite reads and writes in place. */
internal fun directBuffer(bytes: Int): ByteBuffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())

/**
 * Brings frames and masks into a model's input, and the model's maps back. Padding repeats the last column and row, so
 * that undoing it is a crop. Owns all the memory that it needs: nothing is allocated after it is made.
 */
class Fitter(
    val fit: Fit,
) {
    /** The model's frame: uint8 (1, h, w, 3). */
    val frame: ByteBuffer = directBuffer(fit.model.pixels * 3)

    /** The model's mask: float32 (1, h, w, 1), the share of each pixel that is covered, 0 to 1. */
    val mask: ByteBuffer = directBuffer(fit.model.pixels * 4)

    private val resampled = fit.inner != fit.source
    private val frameResampler = if (resampled) Resampler(fit.source, fit.inner, 3, averaging = true) else null
    private val maskResampler = if (resampled) Resampler(fit.source, fit.inner, 1, averaging = true) else null
    private val mapResampler = if (resampled) Resampler(fit.inner, fit.source, 1, averaging = false) else null

    private val framePixels = ByteArray(fit.model.pixels * 3)
    private val maskPixels = FloatArray(fit.model.pixels)
    private val covered = FloatArray(fit.source.pixels)
    private val maskValues: FloatBuffer = mask.asFloatBuffer()

    /** Fills [frame] from a picture of the source's size. */
    fun packFrame(picture: RgbFrame) {
        check(picture.size == fit.source) { "the frame is ${picture.size}, not ${fit.source}" }
        val stride = fit.model.width * 3
        if (frameResampler != null) {
            frameResampler.resize(picture.bytes, framePixels, stride)
        } else {
            val row = fit.source.width * 3
            for (y in 0 until fit.source.height) System.arraycopy(picture.bytes, y * row, framePixels, y * stride, row)
        }
        for (y in 0 until fit.inner.height) {
            val last = y * stride + (fit.inner.width - 1) * 3
            for (index in last + 3 until (y + 1) * stride) framePixels[index] = framePixels[index - 3]
        }
        repeatLastRow(framePixels, stride)
        (frame as Buffer).clear()
        frame.put(framePixels)
    }

    /** Fills [mask] with a box of the source. */
    fun packBox(box: PixelBox) {
        covered.fill(0f)
        for (y in box.top until box.bottom) {
            covered.fill(1f, y * fit.source.width + box.left, y * fit.source.width + box.right)
        }
        val stride = fit.model.width
        if (maskResampler != null) {
            maskResampler.resize(covered, fit.source.width, maskPixels, stride)
        } else {
            val row = fit.source.width
            for (y in 0 until fit.source.height) System.arraycopy(covered, y * row, maskPixels, y * stride, row)
        }
        for (y in 0 until fit.inner.height) {
            val last = y * stride + fit.inner.width - 1
            maskPixels.fill(maskPixels[last], last + 1, (y + 1) * stride)
        }
        repeatLastRow(maskPixels, stride)
        (maskValues as Buffer).clear()
        maskValues.put(maskPixels)
    }

    /**
     * Leaves of [mask] what [map], probabilities (h, w) of the model, says of it.
     *
     * @return false if that is next to nothing: [mask] stays as it is.
     */
    fun narrowMask(map: FloatArray): Boolean {
        var given = 0.0
        var found = 0.0
        for (pixel in map.indices) {
            given += maskPixels[pixel]
            found += maskPixels[pixel] * map[pixel]
        }
        if (found < MIN_BOX_COVERAGE * given) return false
        for (pixel in map.indices) maskPixels[pixel] *= map[pixel]
        (maskValues as Buffer).clear()
        maskValues.put(maskPixels)
        return true
    }

    /** [map], (h, w) of the model, -> [output], (H, W) of the source; bilinear where it was resampled. */
    fun mapToSource(
        map: FloatArray,
        output: FloatArray,
    ) {
        if (mapResampler != null) {
            mapResampler.resize(map, fit.model.width, output, fit.source.width)
        } else {
            val row = fit.source.width
            for (y in 0 until fit.source.height) System.arraycopy(map, y * fit.model.width, output, y * row, row)
        }
    }

    // System.arraycopy takes arrays of any type, as long as both have the same.
    private fun repeatLastRow(
        pixels: Any,
        stride: Int,
    ) {
        val last = (fit.inner.height - 1) * stride
        for (y in fit.inner.height until fit.model.height) System.arraycopy(pixels, last, pixels, y * stride, stride)
    }
}
