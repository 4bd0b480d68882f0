package org.ttvos.core

import java.util.Locale
import kotlin.math.ceil

/** What the time of a frame goes into. */
enum class Stage(
    val label: String,
) {
    CONVERT("convert"),
    RESIZE("resize"),
    MODEL("model"),
    MASKS("masks"),
    DRAW("draw"),
    FRAME("frame"),
}

/** The last [window] durations, and their percentiles. */
class Durations(
    window: Int,
) {
    private val nanos = LongArray(window)
    private val sorted = LongArray(window)
    private var next = 0

    /** How many are held. */
    var count = 0
        private set

    fun add(duration: Long) {
        nanos[next] = duration
        next = (next + 1) % nanos.size
        if (count < nanos.size) count++
    }

    fun clear() {
        count = 0
        next = 0
    }

    /** The duration in nanoseconds that [percent] of them do not exceed (nearest rank); 0 if there is none. */
    fun percentile(percent: Int): Long {
        if (count == 0) return 0
        System.arraycopy(nanos, 0, sorted, 0, count)
        sorted.sort(0, count)
        return sorted[(ceil(count * percent / 100.0).toInt() - 1).coerceIn(0, count - 1)]
    }
}

/** Tells the time in nanoseconds from any start. Not a function type, which would make an object of every time. */
fun interface Clock {
    fun nanos(): Long
}

/** How long each stage takes, over the last [window] frames. */
class Timings(
    window: Int = 100,
    private val clock: Clock = Clock(System::nanoTime),
) {
    private val stages = Array(Stage.entries.size) { Durations(window) }
    private val intervals = Durations(window)
    private var lastFrame = NONE

    /** Adds what [block] takes to a stage. */
    inline fun <T> measure(
        stage: Stage,
        block: () -> T,
    ): T {
        val start = now()
        try {
            return block()
        } finally {
            add(stage, now() - start)
        }
    }

    /** See [Clock.nanos]. */
    fun now(): Long = clock.nanos()

    fun add(
        stage: Stage,
        nanos: Long,
    ) = stages[stage.ordinal].add(nanos)

    /** Counts a frame that was shown. */
    fun frame() {
        val time = now()
        if (lastFrame != NONE) intervals.add(time - lastFrame)
        lastFrame = time
    }

    /** Milliseconds that [percent] of the last frames did not exceed. */
    fun milliseconds(
        stage: Stage,
        percent: Int,
    ): Double = stages[stage.ordinal].percentile(percent) / 1e6

    /** Frames a second that [percent] of the last frames reached; 0 before the second frame. */
    fun framesPerSecond(percent: Int): Double {
        val nanos = intervals.percentile(percent)
        return if (nanos == 0L) 0.0 else 1e9 / nanos
    }

    /** For the screen: frames a second, then p50 / p90 milliseconds of each stage that ran. */
    fun summary(): String {
        val speed = "FPS p50 %.1f, p90 %.1f".format(Locale.ROOT, framesPerSecond(50), framesPerSecond(90))
        val ran = Stage.entries.filter { stages[it.ordinal].count > 0 }
        val times = ran.map { "${it.label} %.1f/%.1f".format(Locale.ROOT, milliseconds(it, 50), milliseconds(it, 90)) }
        return "$speed\nms p50/p90: ${times.joinToString(", ")}"
    }

    fun clear() {
        for (stage in stages) stage.clear()
        intervals.clear()
        lastFrame = NONE
    }

    private companion object {
        const val NONE = Long.MIN_VALUE
    }
}
