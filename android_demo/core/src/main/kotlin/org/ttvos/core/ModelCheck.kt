package org.ttvos.core

internal val STATE = setOf("state_mask", "state_feat16", "state_template", "state_count")
internal val FEATURES = setOf("feat4", "feat8", "feat16")

/** Name -> (inputs that it may have, outputs that it must have). The converter drops inputs that have no effect. */
private val SIGNATURES =
    mapOf(
        "init" to Pair(setOf("frame", "mask"), STATE),
        "step" to Pair(STATE + "frame", STATE + "probability"),
        "encode" to Pair(setOf("frame"), FEATURES),
        "segment" to Pair(FEATURES + STATE, setOf("logit")),
        "update" to Pair(FEATURES + STATE + "mask_prob", STATE),
    )

/**
 * Checks that a model is one of TTVOS.
 *
 * @return (height, width) of its frames.
 * @throws TtvosException a signature, an input or an output is missing, unknown, or of another type or shape.
 */
fun checkModel(model: Model): Size {
    for ((name, expected) in SIGNATURES) {
        val (inputs, outputs) = expected
        val found = model.signatures[name] ?: throw notTtvos(model, "it has no signature '$name'")
        (outputs - found.outputs.keys).minOrNull()?.let { throw notTtvos(model, "'$name' lacks the output '$it'") }
        (found.inputs.keys - inputs).minOrNull()?.let { throw notTtvos(model, "'$name' has an unknown input '$it'") }
    }
    val frame = model.signatures.getValue("init").inputs["frame"]
    if (frame == null || frame.type != TensorType.UINT8 || frame.shape.size != 4 || frame.shape[3] != 3) {
        throw notTtvos(model, "'init' needs a uint8 input 'frame' of shape (1, H, W, 3)")
    }
    val size = Size(frame.shape[1], frame.shape[2])
    for (spec in model.signatures.values) {
        for ((name, tensor) in spec.inputs.entries + spec.outputs.entries) checkTensor(model, name, tensor, size)
    }
    return size
}

private fun checkTensor(
    model: Model,
    name: String,
    found: TensorSpec,
    size: Size,
) {
    val map = TensorSpec(TensorType.FLOAT32, listOf(1, size.height, size.width, 1))
    val expected =
        when (name) {
            "frame" -> TensorSpec(TensorType.UINT8, listOf(1, size.height, size.width, 3))
            "mask", "mask_prob", "probability", "logit" -> map
            else -> allOf(model, name)
        }
    if (found == expected) return
    throw notTtvos(model, "'$name' is ${found.type} ${found.shape}, not ${expected.type} ${expected.shape}")
}

/** State and features may have any type and shape, as long as every signature has the same. */
private fun allOf(
    model: Model,
    name: String,
) = model.signatures.values.firstNotNullOf { it.outputs[name] }

private fun notTtvos(
    model: Model,
    why: String,
) = TtvosException("${model.name}: not a TTVOS model: $why")
