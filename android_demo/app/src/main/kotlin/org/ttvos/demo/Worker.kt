package org.ttvos.demo

import android.content.Context
import android.hardware.display.DisplayManager
import android.media.Image
import android.os.Handler
import android.os.HandlerThread
import android.view.Display
import org.ttvos.core.Box
import org.ttvos.core.Session
import org.ttvos.core.Size
import org.ttvos.core.TtvosException
import org.ttvos.core.YuvFrame
import org.ttvos.core.orientation
import org.ttvos.core.signaturesAgree

/**
 * The inference thread: camera and model live on it, from [start] to [stop]. Methods are called on the UI thread; what
 * they do happens on the inference thread, in order, between two frames.
 */
class Worker(
    private val context: Context,
    private val listener: Listener,
) {
    /** Called on the inference thread. */
    interface Listener {
        /** A new picture, 0xAARRGGBB of [size], valid during the call. */
        fun onPicture(
            pixels: IntArray,
            size: Size,
        )

        /** What the user should read; an empty line takes the last one away. */
        fun onMessage(message: String)

        /** A few times a second: speed and what runs. */
        fun onStatus(status: String)
    }

    /** While true, frames are dropped: the picture stands still. */
    @Volatile
    var frozen = false

    private val thread = HandlerThread("inference").apply { start() }
    private val handler = Handler(thread.looper)
    private val camera = Camera(context, handler, ::onFrame, ::onCameraError)
    private val models = Models(context.assets)
    private val display = context.getSystemService(DisplayManager::class.java).getDisplay(Display.DEFAULT_DISPLAY)

    // All below belong to the inference thread.
    private var session: Session? = null
    private var description = ""
    private var info: CameraInfo? = null
    private var yuv: YuvFrame? = null
    private var nextStatus = 0L

    /**
     * Loads a model and opens a camera; tracking begins anew.
     *
     * @param model one of [Models.names].
     * @param camera counts through the cameras there are, over and over.
     */
    fun start(
        model: String,
        threads: Int,
        camera: Int,
    ) = post {
        close()
        listener.onMessage("")
        try {
            load(model, threads)
        } catch (error: TtvosException) {
            listener.onMessage(error.message.orEmpty())
            return@post
        }
        openCamera(camera)
    }

    /** Takes another camera; the model stays loaded. */
    fun switchCamera(camera: Int) = post { if (session != null) openCamera(camera) }

    /** Tracks what is in the box of the picture shown last, beside the others or instead of them. */
    fun select(
        box: Box,
        add: Boolean,
    ) = post {
        report {
            if (it.select(box, add)) listener.onPicture(it.pixels!!, it.size!!)
            listener.onMessage("")
        }
    }

    /** Stops tracking. */
    fun clear() = post { session?.clear() }

    /** Ends everything, after the frame that is under way; returns when camera and model are closed. */
    fun stop() {
        handler.removeCallbacksAndMessages(null)
        handler.post {
            close()
            thread.quit()
        }
        thread.join()
    }

    private fun post(action: () -> Unit) {
        handler.post(action)
    }

    /** Takes the fast kernels where they are right. */
    private fun load(
        name: String,
        threads: Int,
    ) {
        val file = models.map(name)
        val fast = InterpreterModel(name, file, threads, xnnpack = true)
        val right =
            try {
                signaturesAgree(fast)
            } catch (error: TtvosException) {
                fast.close()
                throw error
            }
        if (!right) fast.close()
        session = Session(if (right) fast else InterpreterModel(name, file, threads, xnnpack = false))
        val kernels = if (right) "XNNPACK" else "XNNPACK is off: wrong in this TensorFlow Lite"
        description = "CPU ($kernels), $threads threads; the GPU is not used"
    }

    private fun openCamera(number: Int) {
        val cameras = camera.list()
        if (cameras.isEmpty()) return listener.onMessage(context.getString(R.string.no_camera))
        val chosen = cameras[number % cameras.size]
        info = chosen
        camera.open(chosen)
    }

    private fun onFrame(image: Image) {
        val info = info
        if (frozen || info == null) return
        // Surface.ROTATION_90 is 1: the phone is turned counter-clockwise by 90 degrees.
        val upright = orientation(info.sensorOrientation, 90 * display.rotation, info.front)
        report { session ->
            val frame = copy(image)
            val before = session.lastReset
            if (session.frame(info.id, upright, frame)) {
                listener.onPicture(session.pixels!!, session.size!!)
            }
            val reset = session.lastReset
            if (reset != before && reset != null) listener.onMessage(reset.text)
            reportStatus(session)
        }
    }

    private fun copy(image: Image): YuvFrame {
        val size = Size(image.height, image.width)
        val frame = yuv?.takeIf { it.size == size } ?: YuvFrame(size).also { yuv = it }
        val (y, u, v) = image.planes
        frame.y.set(y.buffer, y.rowStride, y.pixelStride)
        frame.u.set(u.buffer, u.rowStride, u.pixelStride)
        frame.v.set(v.buffer, v.rowStride, v.pixelStride)
        return frame
    }

    private fun reportStatus(session: Session) {
        val now = System.nanoTime()
        if (now < nextStatus) return
        nextStatus = now + STATUS_NANOS
        listener.onStatus("${session.timings.summary()}\n$description")
    }

    private fun onCameraError(message: String) = listener.onMessage(message)

    private inline fun report(action: (Session) -> Unit) {
        val session = session ?: return
        try {
            action(session)
        } catch (error: TtvosException) {
            listener.onMessage(error.message.orEmpty())
        }
    }

    private fun close() {
        camera.close()
        session?.close()
        session = null
    }

    private companion object {
        const val STATUS_NANOS = 500_000_000L
    }
}
