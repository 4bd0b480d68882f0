package org.ttvos.core

/**
 * How a camera's picture is brought upright.
 *
 * @property rotation clockwise, in degrees: 0, 90, 180 or 270.
 * @property mirrored left and right are swapped after it, as people expect of a front camera.
 */
data class Orientation(
    val rotation: Int,
    val mirrored: Boolean,
) {
    init {
        require(rotation in setOf(0, 90, 180, 270)) { "rotation must be 0, 90, 180 or 270, not $rotation" }
    }

    private val lies = rotation % 180 != 0

    /** Size of the upright picture of a sensor that gives pictures of [sensor]. */
    fun upright(sensor: Size) = if (lies) Size(sensor.width, sensor.height) else sensor

    /** Whether [size] is [upright] of [sensor]; makes no object of it. */
    fun isUpright(
        size: Size,
        sensor: Size,
    ) = if (lies) size.height == sensor.width && size.width == sensor.height else size == sensor
}

/**
 * The orientation of a camera on a phone.
 *
 * @param sensor clockwise degrees from the sensor's picture to the phone held naturally, as Camera2 gives it.
 * @param display counter-clockwise degrees by which the phone is turned: the display's rotation.
 * @param front whether the camera looks at the user.
 */
fun orientation(
    sensor: Int,
    display: Int,
    front: Boolean,
) = Orientation(Math.floorMod(if (front) sensor + display else sensor - display, 360), front)
