package org.ttvos.core

import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.FloatBuffer

private typealias Buffers = Map<String, ByteBuffer>

private fun allocate(specs: Map<String, TensorSpec>): Buffers = specs.mapValues { directBuffer(it.value.bytes) }

/** A map of the model's size that it reads or writes: float32 (1, h, w, 1). */
private class MapBuffer(
    size: Size,
) {
    val bytes = directBuffer(size.pixels * 4)
    private val values: FloatBuffer = bytes.asFloatBuffer()

    fun get(map: FloatArray) {
        (values as Buffer).clear()
        values.get(map)
    }

    fun put(map: FloatArray) {
        (values as Buffer).clear()
        values.put(map)
    }
}

/** A signature with the buffers that it runs on, of which it takes those that it has. */
private class Run(
    private val model: Model,
    private val signature: String,
    given: Buffers,
    results: Buffers,
) {
    private val inputs = model.signatures.getValue(signature).inputs.mapValues { given.getValue(it.key) }
    private val outputs = model.signatures.getValue(signature).outputs.mapValues { results.getValue(it.key) }

    operator fun invoke() = model.run(signature, inputs, outputs)
}

/** The features of the last frame, which all objects share. */
internal class SharedFeatures(
    model: Model,
    fitter: Fitter,
) {
    val buffers: Map<String, ByteBuffer> = allocate(model.signatures.getValue("encode").outputs)
    private val encode = Run(model, "encode", mapOf(FRAME.name to fitter.frame), buffers)

    /** Computes them from the fitter's frame. */
    fun encode() = encode.invoke()
}

/**
 * One object's state, in two sets of buffers: a run reads one and writes the other, then they swap. The arguments of
 * every run are put together once, so that a frame allocates nothing.
 *
 * @param fitter holds the frame and mask that the runs read.
 */
internal class TrackedObject(
    model: Model,
    private val fitter: Fitter,
    features: SharedFeatures,
) {
    /** Its label, 1 to 254. */
    var id = 0

    /** Its probability in the last frame, (H, W) of the source. */
    val soft = FloatArray(fitter.fit.source.pixels)

    /** (h, w) of the model: logits after [segment], probabilities after [step]; what [update] takes. */
    val map = FloatArray(fitter.fit.model.pixels)

    private val mapBuffer = MapBuffer(fitter.fit.model)
    private val states = List(2) { allocate(model.signatures.getValue("init").outputs) }
    private var current = 0

    private val frameAndMask = mapOf(FRAME.name to fitter.frame, MASK.name to fitter.mask)
    private val inits = states.map { Run(model, "init", frameAndMask, it) }
    private val segments =
        states.map { Run(model, "segment", features.buffers + it, mapOf(LOGIT.name to mapBuffer.bytes)) }
    private val steps =
        List(2) {
            val results = states[1 - it] + (PROBABILITY.name to mapBuffer.bytes)
            Run(model, "step", states[it] + (FRAME.name to fitter.frame), results)
        }
    private val updates =
        List(2) {
            val given = features.buffers + states[it] + (MASK_PROB.name to mapBuffer.bytes)
            Run(model, "update", given, states[1 - it])
        }

    /**
     * Begins with the fitter's frame and mask, a box. That holds background too, so the state is that of what the network
     * finds in it; of the box, if nothing.
     */
    fun initInBox() {
        inits[current].invoke()
        steps[current].invoke()
        mapBuffer.get(map)
        if (fitter.narrowMask(map)) inits[current].invoke()
    }

    /** Segments the fitter's frame and updates the state; leaves probabilities in [map]. */
    fun step() {
        steps[current].invoke()
        mapBuffer.get(map)
        current = 1 - current
    }

    /** Segments the shared features; leaves logits in [map]. */
    fun segment() {
        segments[current].invoke()
        mapBuffer.get(map)
    }

    /** Updates the state with the probabilities in [map]. */
    fun update() {
        mapBuffer.put(map)
        updates[current].invoke()
        current = 1 - current
    }
}
