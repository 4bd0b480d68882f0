package org.ttvos.demo

import android.content.res.AssetManager
import org.ttvos.core.TtvosException
import java.io.FileInputStream
import java.io.IOException
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel

/** The `.tflite` files among the app's assets. */
class Models(
    private val assets: AssetManager,
) {
    /** `<backbone>_<H>x<W>_<precision>`, sorted: the smaller pictures first. */
    val names: List<String> =
        assets.list("").orEmpty().filter { it.endsWith(SUFFIX) }.map { it.removeSurrounding(PREFIX, SUFFIX) }.sorted()

    /**
     * Maps a file into memory, which needs it to be stored uncompressed in the APK.
     *
     * @throws TtvosException there is no such file, or it is compressed.
     */
    fun map(name: String): MappedByteBuffer =
        try {
            assets.openFd("$PREFIX$name$SUFFIX").use { file ->
                FileInputStream(file.fileDescriptor).use {
                    it.channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
                }
            }
        } catch (error: IOException) {
            throw TtvosException("$name: cannot be mapped: it must be an uncompressed asset (${error.message})")
        }

    private companion object {
        const val PREFIX = "ttvos_"
        const val SUFFIX = ".tflite"
    }
}
