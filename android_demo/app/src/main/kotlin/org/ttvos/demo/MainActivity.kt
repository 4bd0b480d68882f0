package org.ttvos.demo

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.content.res.Configuration
import android.net.Uri
import android.os.Bundle
import android.provider.Settings
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.CheckBox
import android.widget.LinearLayout
import android.widget.LinearLayout.LayoutParams
import android.widget.Spinner
import android.widget.TextView
import org.ttvos.core.Size

/** The only screen: the camera's picture with its masks, a line that tells the user what to do, and the choices. */
class MainActivity :
    Activity(),
    Worker.Listener {
    private lateinit var root: LinearLayout
    private lateinit var picture: PictureView
    private lateinit var message: TextView
    private lateinit var status: TextView
    private lateinit var controls: View
    private lateinit var modelChoice: Spinner
    private lateinit var threadsChoice: Spinner

    private lateinit var models: List<String>
    private val threads = listOf(1, 2, 4, 8).filter { it <= maxOf(2, Runtime.getRuntime().availableProcessors()) }
    private var camera = 0
    private var asked = false

    // Between onResume and onPause, if the camera is allowed.
    private var worker: Worker? = null
    private var running: Pair<Int, Int>? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.main)
        root = findViewById(R.id.root)
        picture = findViewById(R.id.picture)
        message = findViewById(R.id.message)
        status = findViewById(R.id.status)
        controls = findViewById(R.id.controls)
        modelChoice = findViewById(R.id.model)
        threadsChoice = findViewById(R.id.threads)
        camera = state?.getInt(CAMERA) ?: 0
        asked = state?.getBoolean(ASKED) ?: false
        models = Models(assets).names

        val add = findViewById<CheckBox>(R.id.add)
        picture.onDrag = { worker?.frozen = it }
        picture.onBox = { worker?.select(it, add.isChecked) }
        findViewById<Button>(R.id.clear).setOnClickListener { worker?.clear() }
        findViewById<Button>(R.id.switch_camera).setOnClickListener { worker?.switchCamera(++camera) }
        message.setOnClickListener { if (!isAllowed()) askAgain() }
        offer(modelChoice, models)
        offer(threadsChoice, threads.map { resources.getQuantityString(R.plurals.threads, it, it) })
        if (state == null) threadsChoice.setSelection(threads.lastIndex.coerceAtMost(FOUR_THREADS))
        arrange(resources.configuration)
    }

    override fun onResume() {
        super.onResume()
        when {
            isAllowed() -> begin()
            asked -> onMessage(getString(R.string.no_permission))
            else -> ask()
        }
    }

    override fun onPause() {
        super.onPause()
        worker?.stop()
        worker = null
        running = null
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putInt(CAMERA, camera)
        state.putBoolean(ASKED, asked)
    }

    override fun onConfigurationChanged(configuration: Configuration) {
        super.onConfigurationChanged(configuration)
        arrange(configuration)
    }

    override fun onPicture(
        pixels: IntArray,
        size: Size,
    ) = picture.show(pixels, size)

    override fun onMessage(message: String) =
        runOnUiThread { this.message.text = message.ifEmpty { getString(R.string.draw_a_box) } }

    override fun onStatus(status: String) = runOnUiThread { this.status.text = status }

    private fun begin() {
        if (models.isEmpty()) return onMessage(getString(R.string.no_model))
        worker = Worker(this, this)
        restart()
    }

    /** Runs what is chosen, unless it runs already: spinners report a choice when they are laid out, too. */
    private fun restart() {
        val worker = worker ?: return
        val chosen = Pair(modelChoice.selectedItemPosition, threadsChoice.selectedItemPosition)
        if (chosen == running) return
        running = chosen
        worker.start(models[chosen.first], threads[chosen.second], camera)
    }

    private fun offer(
        spinner: Spinner,
        choices: List<String>,
    ) {
        spinner.adapter = ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, choices)
        spinner.onItemSelectedListener =
            object : AdapterView.OnItemSelectedListener {
                override fun onItemSelected(
                    parent: AdapterView<*>,
                    view: View?,
                    position: Int,
                    id: Long,
                ) = restart()

                override fun onNothingSelected(parent: AdapterView<*>) = Unit
            }
    }

    private fun isAllowed() = checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

    // The answer comes with onResume.
    private fun ask() {
        asked = true
        requestPermissions(arrayOf(Manifest.permission.CAMERA), 0)
    }

    /** Android shows its question no more once it was refused for good: then only the settings help. */
    private fun askAgain() {
        if (shouldShowRequestPermissionRationale(Manifest.permission.CAMERA)) return ask()
        startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", packageName, null)))
    }

    /** The controls below the picture, or beside it where the screen is wide. */
    private fun arrange(configuration: Configuration) {
        val wide = configuration.orientation == Configuration.ORIENTATION_LANDSCAPE
        val beside = (CONTROLS_DP * resources.displayMetrics.density).toInt()
        root.orientation = if (wide) LinearLayout.HORIZONTAL else LinearLayout.VERTICAL
        picture.layoutParams =
            if (wide) LayoutParams(0, LayoutParams.MATCH_PARENT, 1f) else LayoutParams(LayoutParams.MATCH_PARENT, 0, 1f)
        controls.layoutParams =
            if (wide) {
                LayoutParams(beside, LayoutParams.MATCH_PARENT)
            } else {
                LayoutParams(LayoutParams.MATCH_PARENT, LayoutParams.WRAP_CONTENT)
            }
    }

    private companion object {
        const val CAMERA = "camera"
        const val ASKED = "asked"
        const val CONTROLS_DP = 280

        // Index in `threads`: as many as phones have fast cores.
        const val FOUR_THREADS = 2
    }
}
