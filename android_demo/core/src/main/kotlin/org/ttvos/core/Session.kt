package org.ttvos.core

import java.io.Closeable

/**
 * What the app does with frames and boxes, from the first camera frame until it is paused. One thread owns it: the
 * app's inference thread. After [close] every call does nothing, so a frame that was already under way harms nothing.
 *
 * @param model closed with the session, also where this constructor throws.
 * @throws TtvosException it is not a TTVOS model.
 */
class Session(
    private val model: Model,
    val timings: Timings = Timings(),
) : Closeable {
    private val tracker =
        try {
            Tracker(model, timings)
        } catch (error: TtvosException) {
            model.close()
            throw error
        }
    private var source: FrameSource? = null
    private var frame: RgbFrame? = null
    private var closed = false

    /** The last picture with its overlay, 0xAARRGGBB; null before the first frame. */
    var pixels: IntArray? = null
        private set

    /** The size of [pixels]. */
    val size: Size? get() = frame?.size

    /** How many objects are tracked. */
    val objects: Int get() = tracker.count

    /** Why tracking ended or began anew last; null if it never did. */
    var lastReset: ResetReason? = null
        private set

    /**
     * Tracks through a camera's frame and draws it. Where it comes from another camera, is turned otherwise or has
     * another size than the one before, tracking ends first.
     *
     * @return whether there is a new picture: not after [close].
     * @throws TtvosException the model cannot run; tracking has ended, the next frame is shown as it is.
     */
    fun frame(
        camera: String,
        orientation: Orientation,
        yuv: YuvFrame,
    ): Boolean {
        if (closed) return false
        val before = source
        if (before == null || before.camera != camera || before.orientation != orientation || before.size != yuv.size) {
            begin(FrameSource(camera, orientation, yuv.size))
        }
        val frame = frame!!
        timings.measure(Stage.FRAME) {
            timings.measure(Stage.CONVERT) { yuv.toRgb(orientation, frame) }
            if (tracker.count > 0) endOnError { tracker.step(frame) }
            timings.measure(Stage.DRAW) { draw() }
        }
        timings.frame()
        return true
    }

    /**
     * Takes a box of the last frame as a target.
     *
     * @param add whether to track it beside the others; else instead of them.
     * @return whether there is a new picture: not before the first frame, nor after [close].
     * @throws TtvosException the box cannot be used; what was tracked is tracked on.
     */
    fun select(
        box: Box,
        add: Boolean,
    ): Boolean {
        val frame = frame
        if (closed || frame == null) return false
        box.pixels(frame.size)
        if (add && tracker.count > 0) {
            tracker.addObject(frame, box)
        } else {
            endOnError { tracker.start(frame, listOf(box)) }
            lastReset = ResetReason.NEW_TARGET
            timings.clear()
        }
        draw()
        return true
    }

    /** Stops tracking; the camera's picture goes on. */
    fun clear() {
        if (closed) return
        tracker.reset()
        timings.clear()
        if (frame != null) draw()
    }

    /** Ends the session and closes the model; again has no effect. */
    override fun close() {
        if (closed) return
        closed = true
        model.close()
    }

    private fun begin(now: FrameSource) {
        val reason = resetReason(source, now)
        if (reason != null) {
            if (tracker.count > 0) lastReset = reason
            tracker.reset()
            timings.clear()
        }
        source = now
        frame = RgbFrame(now.orientation.upright(now.size))
        pixels = IntArray(now.size.pixels)
    }

    private fun draw() {
        if (tracker.count > 0) drawOverlay(frame!!, tracker.labels, pixels!!) else drawFrame(frame!!, pixels!!)
    }

    private inline fun endOnError(run: () -> Unit) {
        try {
            run()
        } catch (error: TtvosException) {
            tracker.reset()
            throw error
        }
    }
}
