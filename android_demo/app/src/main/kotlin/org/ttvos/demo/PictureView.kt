package org.ttvos.demo

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import org.ttvos.core.Box
import org.ttvos.core.Letterbox
import org.ttvos.core.Size

/** Shows pictures with their overlay, never stretched, and lets the user drag a box. */
class PictureView(
    context: Context,
    attributes: AttributeSet,
) : View(context, attributes) {
    /** Called when a drag begins (true) and when it has ended (false): the picture has to stand still between. */
    var onDrag: (Boolean) -> Unit = {}

    /** Called with the box that was dragged, in pixels of the picture; it may be of any size and reach outside. */
    var onBox: (Box) -> Unit = {}

    private val lock = Any()
    private var bitmap: Bitmap? = null
    private val place = RectF()
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val rubber =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            style = Paint.Style.STROKE
            strokeWidth = 2 * resources.displayMetrics.density
            color = Color.WHITE
        }

    private var dragging = false
    private var startX = 0f
    private var startY = 0f
    private var endX = 0f
    private var endY = 0f

    /** Shows a picture, 0xAARRGGBB of [size]; from any thread. */
    fun show(
        pixels: IntArray,
        size: Size,
    ) {
        synchronized(lock) {
            val fitting =
                bitmap?.takeIf { it.width == size.width && it.height == size.height }
                    ?: Bitmap.createBitmap(size.width, size.height, Bitmap.Config.ARGB_8888).also { bitmap = it }
            fitting.setPixels(pixels, 0, size.width, 0, 0, size.width, size.height)
        }
        postInvalidate()
    }

    override fun onDraw(canvas: Canvas) {
        synchronized(lock) {
            val bitmap = bitmap ?: return
            val letterbox = letterbox(bitmap)
            val left = letterbox.left.toFloat()
            val top = letterbox.top.toFloat()
            place.set(left, top, width - left, height - top)
            canvas.drawBitmap(bitmap, null, place, smooth)
        }
        if (dragging) {
            canvas.drawRect(minOf(startX, endX), minOf(startY, endY), maxOf(startX, endX), maxOf(startY, endY), rubber)
        }
    }

    @SuppressLint("ClickableViewAccessibility")
    override fun onTouchEvent(event: MotionEvent): Boolean {
        endX = event.x
        endY = event.y
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                startX = endX
                startY = endY
                dragging = true
                onDrag(true)
            }
            MotionEvent.ACTION_UP -> {
                dragging = false
                box()?.let(onBox)
                onDrag(false)
            }
            MotionEvent.ACTION_CANCEL -> {
                dragging = false
                onDrag(false)
            }
        }
        invalidate()
        return true
    }

    private fun box(): Box? =
        synchronized(lock) {
            bitmap?.let { letterbox(it).box(startX.toDouble(), startY.toDouble(), endX.toDouble(), endY.toDouble()) }
        }

    private fun letterbox(bitmap: Bitmap) = Letterbox(Size(height, width), Size(bitmap.height, bitmap.width))
}
