package org.ttvos.core

/**
 * Where a frame comes from. A state is worth nothing for frames from elsewhere.
 *
 * @property size of the sensor's picture, before it is brought upright.
 */
data class FrameSource(
    val camera: String,
    val orientation: Orientation,
    val size: Size,
)

/** Why tracking began anew. */
enum class ResetReason(
    val text: String,
) {
    NEW_TARGET("new target"),
    CAMERA("the camera was switched: draw the box again"),
    ROTATION("the phone was turned: draw the box again"),
    SIZE("the picture's size changed: draw the box again"),
}

/** What makes the state of frames from [before] useless for a frame from [now]; null if nothing does. */
fun resetReason(
    before: FrameSource?,
    now: FrameSource,
): ResetReason? =
    when {
        before == null || before == now -> null
        before.camera != now.camera -> ResetReason.CAMERA
        before.orientation != now.orientation -> ResetReason.ROTATION
        else -> ResetReason.SIZE
    }
