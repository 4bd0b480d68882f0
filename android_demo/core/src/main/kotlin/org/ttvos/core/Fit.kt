package org.ttvos.core

import kotlin.math.min
import kotlin.math.round

/**
 * Where frames of one size lie in a model's input: as `ttvos_tf/runtime/letterbox.py` has it.
 *
 * A frame that fits and nearly fills the model in one dimension keeps its pixels and is only padded (854x480 in
 * 864x480); any other is resized with its aspect kept, then padded on the right and below.
 *
 * @property source size of the frames.
 * @property model size of the model's input.
 * @property inner size of the frame in the input's top left corner; equal to [source] if nothing is resampled.
 */
data class Fit(
    val source: Size,
    val model: Size,
    val inner: Size,
)

/**
 * Places frames of size [source] in a model of size [model].
 *
 * @throws TtvosException the frame is smaller than [MIN_SIZE] in a dimension.
 */
fun fit(
    source: Size,
    model: Size,
): Fit {
    if (min(source.height, source.width) < MIN_SIZE) {
        throw TtvosException("the frame is $source: it must be at least ${MIN_SIZE}x$MIN_SIZE")
    }
    val scale = min(model.height.toDouble() / source.height, model.width.toDouble() / source.width)
    if (scale in 1.0..1 / STRETCH_THRESHOLD) return Fit(source, model, source)
    return Fit(
        source,
        model,
        Size(
            round(source.height * scale).toInt().coerceIn(1, model.height),
            round(source.width * scale).toInt().coerceIn(1, model.width),
        ),
    )
}
