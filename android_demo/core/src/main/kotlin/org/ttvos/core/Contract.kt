package org.ttvos.core

// What `ttvos_tf/contract.py` says of a TTVOS file, and numbers that the Python runtime has too. A Python test compares.

/** Every object costs a pass of the network's head a frame: a phone is far from real time well before this. */
const val MAX_OBJECTS = 20

/** The coarsest features have a stride of 16: less is not a picture. */
const val MIN_SIZE = 16

/** Heights and widths of models are multiples of it. */
const val SIZE_STEP = 16

/** Share of a box that has to be found in it to be taken for the object. */
internal const val MIN_BOX_COVERAGE = 0.05

/** A frame that fills more of the model than this in one dimension is only padded. */
internal const val STRETCH_THRESHOLD = 0.9

/** Of an object's colour on its frame. */
internal const val OPACITY = 0.45f

/**
 * An input or output of a signature.
 *
 * @property shape numbers, and letters that stand for the same number in a whole file: "H", "H/16", "2N".
 * @property type in a float file.
 * @property int8Type in an int8 file.
 * @property optional only in networks that have keys: a file has all optional tensors or none.
 */
internal data class ContractTensor(
    val name: String,
    val shape: String,
    val type: TensorType,
    val int8Type: TensorType = type,
    val optional: Boolean = false,
)

/** What may go into a signature, and what has to come out. */
internal class ContractSignature(
    val inputs: List<ContractTensor>,
    val outputs: List<ContractTensor>,
)

internal val FRAME = ContractTensor("frame", "1, H, W, 3", TensorType.UINT8)
internal val MASK = ContractTensor("mask", "1, H, W, 1", TensorType.FLOAT32)
internal val MASK_PROB = ContractTensor("mask_prob", "1, H, W, 1", TensorType.FLOAT32)
internal val PROBABILITY = ContractTensor("probability", "1, H, W, 1", TensorType.FLOAT32)
internal val LOGIT = ContractTensor("logit", "1, H, W, 1", TensorType.FLOAT32)
internal val FEAT4 = ContractTensor("feat4", "1, H/4, W/4, C4", TensorType.FLOAT32, TensorType.INT8)
internal val FEAT8 = ContractTensor("feat8", "1, H/8, W/8, C8", TensorType.FLOAT32, TensorType.INT8)
internal val FEAT16 = ContractTensor("feat16", "1, H/16, W/16, C16", TensorType.FLOAT32, TensorType.INT8)
internal val FEAT_KEY = ContractTensor("feat_key", "1, H/16, W/16, K", TensorType.FLOAT32, TensorType.INT8, true)
internal val STATE_MASK = ContractTensor("state_mask", "1, H/8, W/8, 2N", TensorType.FLOAT32)
internal val STATE_FEAT16 = ContractTensor("state_feat16", "1, H/16, W/16, C16", TensorType.FLOAT32, TensorType.INT8)
internal val STATE_TEMPLATE = ContractTensor("state_template", "1, T, T", TensorType.FLOAT32)
internal val STATE_COUNT = ContractTensor("state_count", "1", TensorType.FLOAT32)
internal val STATE_MEMORY_KEY =
    ContractTensor("state_memory_key", "1, P, K", TensorType.FLOAT32, TensorType.INT8, true)
internal val STATE_MEMORY_MASK =
    ContractTensor("state_memory_mask", "1, P, 1", TensorType.FLOAT32, TensorType.FLOAT32, true)

internal val FEATURES = listOf(FEAT4, FEAT8, FEAT16, FEAT_KEY)
internal val STATE =
    listOf(STATE_MASK, STATE_FEAT16, STATE_TEMPLATE, STATE_COUNT, STATE_MEMORY_KEY, STATE_MEMORY_MASK)

/** Every tensor; those that say what H and W are come first. */
internal val TENSORS = listOf(FRAME, MASK, MASK_PROB, PROBABILITY, LOGIT) + FEATURES + STATE

internal val SIGNATURES =
    mapOf(
        "init" to ContractSignature(listOf(FRAME, MASK), STATE),
        "step" to ContractSignature(listOf(FRAME) + STATE, listOf(PROBABILITY) + STATE),
        "encode" to ContractSignature(listOf(FRAME), FEATURES),
        "segment" to ContractSignature(FEATURES + STATE - STATE_COUNT, listOf(LOGIT)),
        "update" to ContractSignature(FEATURES - FEAT4 + MASK_PROB + STATE - STATE_FEAT16, STATE),
    )
