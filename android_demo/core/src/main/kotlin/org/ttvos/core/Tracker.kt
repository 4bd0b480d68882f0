package org.ttvos.core

/**
 * Labels every frame of a video, given boxes of the objects in its first one: what `ttvos_tf.runtime.Tracker` does,
 * with the same masks. One object runs the signature `step`; several share one `encode` a frame, are segmented one by one,
 * joined by soft aggregation, and updated one by one with their share of it.
 *
 * A step allocates nothing. Not thread-safe: one thread owns a tracker and its model.
 *
 * @throws TtvosException it is not a TTVOS model.
 */
class Tracker(
    private val model: Model,
    private val timings: Timings = Timings(),
) {
    /** (height, width) of the model's frames. */
    val modelSize: Size = checkModel(model)

    private var fitter: Fitter? = null
    private var features: SharedFeatures? = null
    private val objects = ArrayList<TrackedObject>(MAX_OBJECTS)
    private val maps = ArrayList<FloatArray>(MAX_OBJECTS)

    // Buffers of removed objects, for the next ones. They fit frames of the fitter's size only.
    private val spare = ArrayList<TrackedObject>(MAX_OBJECTS)

    /** The last frame's labels, uint8 (H, W): ids, 0 where the background is. Written over by every call. */
    var labels = ByteArray(0)
        private set

    /** How many objects are tracked. */
    val count: Int get() = objects.size

    /** Their ids, in the order in which they came. */
    val ids: List<Int> get() = objects.map { it.id }

    /** Forgets the video: the next call is [start]. */
    fun reset() {
        spare.addAll(objects)
        objects.clear()
        maps.clear()
        labels.fill(0)
    }

    /**
     * Begins a video, dropping the one before.
     *
     * @param frame its first frame; later ones have its size.
     * @param boxes one for each object; the ids are 1, 2, ...
     * @return [labels]: the boxes, later ones on top.
     * @throws TtvosException a box without area or outside the frame, no box, too many, or a frame too small. What was
     *   tracked before is tracked on.
     */
    fun start(
        frame: RgbFrame,
        boxes: List<Box>,
    ): ByteArray {
        if (boxes.isEmpty()) throw TtvosException("no box was drawn: draw at least one")
        checkCount(boxes.size)
        val covered = boxes.map { it.pixels(frame.size) }
        val fit = fit(frame.size, modelSize)
        reset()
        prepare(fit)
        pack(frame)
        covered.forEachIndexed { index, pixels -> add(index + 1, pixels) }
        return label()
    }

    /**
     * Takes up one more object in the frame that [start] or [step] saw last.
     *
     * @return its id: the lowest that is free.
     * @throws TtvosException as [start].
     */
    fun addObject(
        frame: RgbFrame,
        box: Box,
    ): Int {
        val covered = box.pixels(frame.size)
        checkStarted(frame)
        checkCount(objects.size + 1)
        val id = (1..MAX_OBJECTS).first { it !in ids }
        pack(frame)
        add(id, covered)
        label()
        return id
    }

    /**
     * Stops tracking an object; without any, [step] gives zeros until one is added.
     *
     * @throws TtvosException it is not tracked.
     */
    fun removeObject(id: Int) {
        val index = objects.indexOfFirst { it.id == id }
        if (index < 0) throw TtvosException("object $id is not tracked: tracked are $ids")
        spare.add(objects.removeAt(index))
        maps.removeAt(index)
    }

    /**
     * Labels the next frame.
     *
     * @return [labels].
     * @throws TtvosException [start] was not called, the frame has another size, or the model cannot run.
     */
    fun step(frame: RgbFrame): ByteArray {
        checkStarted(frame)
        pack(frame)
        if (objects.size == 1) {
            timings.measure(Stage.MODEL) { objects[0].step() }
        } else if (objects.size > 1) {
            stepSeveral()
        }
        return timings.measure(Stage.MASKS) {
            for (index in objects.indices) fitter!!.mapToSource(maps[index], objects[index].soft)
            label()
        }
    }

    private fun stepSeveral() {
        timings.measure(Stage.MODEL) {
            features!!.encode()
            for (index in objects.indices) objects[index].segment()
            softAggregate(maps)
            for (index in objects.indices) objects[index].update()
        }
    }

    private fun prepare(fit: Fit) {
        if (fitter?.fit == fit) return
        val fitter = Fitter(fit)
        this.fitter = fitter
        features = SharedFeatures(model, fitter)
        spare.clear()
        labels = ByteArray(fit.source.pixels)
    }

    private fun pack(frame: RgbFrame) = timings.measure(Stage.RESIZE) { fitter!!.packFrame(frame) }

    private fun add(
        id: Int,
        covered: PixelBox,
    ) {
        val fitter = fitter!!
        val added = spare.removeLastOrNull() ?: TrackedObject(model, fitter, features!!)
        added.id = id
        fitter.packBox(covered)
        added.initInBox()
        for (other in objects) fill(other.soft, covered, 0f)
        added.soft.fill(0f)
        fill(added.soft, covered, 1f)
        objects.add(added)
        maps.add(added.map)
    }

    private fun fill(
        soft: FloatArray,
        covered: PixelBox,
        value: Float,
    ) {
        val width = fitter!!.fit.source.width
        for (y in covered.top until covered.bottom) {
            soft.fill(value, y * width + covered.left, y * width + covered.right)
        }
    }

    /** The most probable id of every pixel; the background, which has what the objects leave, wins a tie. */
    private fun label(): ByteArray {
        for (pixel in labels.indices) {
            var best = 1f
            for (index in objects.indices) best -= objects[index].soft[pixel]
            var id = 0
            for (index in objects.indices) {
                val soft = objects[index].soft[pixel]
                if (soft > best) {
                    best = soft
                    id = objects[index].id
                }
            }
            labels[pixel] = id.toByte()
        }
        return labels
    }

    private fun checkStarted(frame: RgbFrame) {
        val begun = fitter?.fit?.source ?: throw TtvosException("no video has begun: draw a box first")
        if (frame.size == begun) return
        throw TtvosException("the frame is ${frame.size}, but the video began with $begun: start again")
    }

    private fun checkCount(count: Int) {
        if (count > MAX_OBJECTS) throw TtvosException("$count objects, but at most $MAX_OBJECTS can be tracked at once")
    }
}
