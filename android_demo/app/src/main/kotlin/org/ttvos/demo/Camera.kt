package org.ttvos.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import org.ttvos.core.Size

/**
 * A camera of the phone.
 *
 * @property size of the pictures that it is asked for.
 * @property sensorOrientation clockwise degrees from the sensor's picture to the phone held naturally.
 * @property front whether it looks at the user.
 */
data class CameraInfo(
    val id: String,
    val size: Size,
    val sensorOrientation: Int,
    val front: Boolean,
)

/**
 * A camera that hands out its newest frame.
 *
 * Frames, errors and all of Camera2's callbacks come on [handler]'s thread, which is also the only one that may call
 * the methods. The thread takes a frame when it is free; those that came while it was busy are dropped.
 *
 * @param onFrame called with each frame, YUV_420_888; it is closed afterwards.
 * @param onError called with a line for the user; no frames come after it.
 */
class Camera(
    context: Context,
    private val handler: Handler,
    private val onFrame: (Image) -> Unit,
    private val onError: (String) -> Unit,
) {
    private val manager = context.getSystemService(CameraManager::class.java)
    private var reader: ImageReader? = null
    private var device: CameraDevice? = null

    // Counts openings: a callback that belongs to an earlier one is out of date.
    private var opening = 0

    /** The cameras that can be used; none if there is none, or if the system keeps them from this app. */
    fun list(): List<CameraInfo> =
        try {
            manager.cameraIdList.mapNotNull { info(it, manager.getCameraCharacteristics(it)) }
        } catch (error: CameraAccessException) {
            emptyList()
        }

    /** Begins to hand out frames of a camera. The permission must have been granted. */
    @SuppressLint("MissingPermission")
    fun open(camera: CameraInfo) {
        close()
        val reader = ImageReader.newInstance(camera.size.width, camera.size.height, ImageFormat.YUV_420_888, IMAGES)
        reader.setOnImageAvailableListener({ it.acquireLatestImage()?.use(onFrame) }, handler)
        this.reader = reader
        try {
            manager.openCamera(camera.id, Opened(opening, reader), handler)
        } catch (error: CameraAccessException) {
            fail("the camera cannot be opened: ${error.message}")
        } catch (error: SecurityException) {
            fail("the camera is not allowed: ${error.message}")
        }
    }

    /** Stops; nothing is called any more. */
    fun close() {
        opening++
        device?.close()
        device = null
        reader?.setOnImageAvailableListener(null, null)
        reader?.close()
        reader = null
    }

    private inner class Opened(
        private val mine: Int,
        private val reader: ImageReader,
    ) : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            if (mine != opening) return camera.close()
            device = camera
            try {
                // Deprecated since Android 9, whose replacement Android 8 lacks.
                @Suppress("DEPRECATION")
                camera.createCaptureSession(listOf(reader.surface), Configured(mine, reader), handler)
            } catch (error: CameraAccessException) {
                fail("the camera cannot be used: ${error.message}")
            }
        }

        override fun onDisconnected(camera: CameraDevice) {
            camera.close()
            if (mine == opening) fail("another app took the camera")
        }

        override fun onError(
            camera: CameraDevice,
            error: Int,
        ) {
            camera.close()
            if (mine == opening) fail("the camera failed (error $error)")
        }
    }

    private inner class Configured(
        private val mine: Int,
        private val reader: ImageReader,
    ) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            if (mine != opening) return
            try {
                val request = session.device.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
                request.addTarget(reader.surface)
                request.set(CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_VIDEO)
                session.setRepeatingRequest(request.build(), null, handler)
            } catch (error: CameraAccessException) {
                fail("the camera cannot be used: ${error.message}")
            } catch (error: IllegalStateException) {
                fail("the camera was closed while it began")
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) {
            if (mine == opening) fail("the camera refuses the picture size")
        }
    }

    private fun fail(message: String) {
        close()
        onError(message)
    }

    /** Of the sizes it takes the largest up to 864x480, as the resize would throw more away; else the smallest. */
    private fun info(
        id: String,
        about: CameraCharacteristics,
    ): CameraInfo? {
        val map = about.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
        val sizes = map?.getOutputSizes(ImageFormat.YUV_420_888).orEmpty().map { Size(it.height, it.width) }
        val enough = sizes.filter { it.height <= 480 && it.width <= 864 }.maxByOrNull { it.pixels }
        val size = enough ?: sizes.minByOrNull { it.pixels } ?: return null
        val front = about.get(CameraCharacteristics.LENS_FACING) == CameraCharacteristics.LENS_FACING_FRONT
        return CameraInfo(id, size, about.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0, front)
    }

    private companion object {
        // acquireLatestImage needs one to hold and one to fill.
        const val IMAGES = 3
    }
}
