package org.ttvos.core

/**
 * Checks that a model is one of TTVOS, as `check` in `ttvos_tf/contract.py` does.
 *
 * @return (height, width) of its frames.
 * @throws TtvosException a signature, an input or an output is missing, unknown, or of another type or shape.
 */
fun checkModel(model: Model): Size {
    for (name in SIGNATURES.keys - model.signatures.keys) throw notTtvos(model, "it has no signature '$name'")
    val outputs = model.signatures.values.flatMap { it.outputs.keys }
    val keys = TENSORS.any { it.optional && it.name in outputs }
    for ((name, expected) in SIGNATURES) checkNames(model, name, expected, keys)
    return checkTensors(model)
}

private fun checkNames(
    model: Model,
    name: String,
    expected: ContractSignature,
    keys: Boolean,
) {
    fun names(tensors: List<ContractTensor>) = tensors.filter { keys || !it.optional }.map { it.name }.toSet()

    val found = model.signatures.getValue(name)
    val (inputs, outputs) = names(expected.inputs) to names(expected.outputs)
    (outputs - found.outputs.keys).minOrNull()?.let { throw notTtvos(model, "'$name' lacks the output '$it'") }
    (found.outputs.keys - outputs).minOrNull()?.let { throw notTtvos(model, "'$name' has an unknown output '$it'") }
    (found.inputs.keys - inputs).minOrNull()?.let { throw notTtvos(model, "'$name' has an unknown input '$it'") }
}

/** Compares each tensor, in each signature that has it, with the contract. */
private fun checkTensors(model: Model): Size {
    val signatures = SIGNATURES.keys.map { model.signatures.getValue(it) }
    val tensors = signatures.flatMap { it.inputs.entries + it.outputs.entries }
    val int8 = tensors.any { it.value.type == TensorType.INT8 }
    val values = HashMap<String, Int>()
    for (expected in TENSORS) {
        val type = if (int8) expected.int8Type else expected.type
        val terms = expected.shape.split(", ")
        for (found in tensors.filter { it.key == expected.name }.map { it.value }) {
            if (found.shape.size == terms.size) terms.zip(found.shape) { term, size -> noteLetter(term, size, values) }
            val shape = terms.map { sizeOf(it, values) }
            if (found.type == type && found.shape.map { it.toString() } == shape) continue
            throw notTtvos(model, "'${expected.name}' is ${found.type} ${found.shape}, not $type $shape")
        }
    }
    val size = Size(values.getValue("H"), values.getValue("W"))
    if (size.height % SIZE_STEP == 0 && size.width % SIZE_STEP == 0) return size
    throw notTtvos(model, "its frames are $size: not multiples of $SIZE_STEP")
}

/** What a letter stands for is what is found where it is met first. */
private fun noteLetter(
    term: String,
    size: Int,
    values: MutableMap<String, Int>,
) {
    val (factor, letter, _) = parts(term)
    if (letter.isNotEmpty() && letter !in values && size > 0 && size % factor == 0) values[letter] = size / factor
}

/** A term of a shape as a number, if its letter is known. */
private fun sizeOf(
    term: String,
    values: Map<String, Int>,
): String {
    val (factor, letter, divisor) = parts(term)
    return values[letter]?.let { (factor * it / divisor).toString() } ?: term
}

/** Factor, letter, divisor: "2N" is 2, N, 1; "H/16" is 1, H, 16; a number has no letter. */
private fun parts(term: String): Triple<Int, String, Int> {
    if (term.toIntOrNull() != null) return Triple(1, "", 1)
    val factor = if (term.startsWith("2")) 2 else 1
    return Triple(factor, term.removePrefix("2").substringBefore("/"), term.substringAfter("/", "1").toInt())
}

private fun notTtvos(
    model: Model,
    why: String,
) = TtvosException("${model.name}: not a TTVOS model: $why")
