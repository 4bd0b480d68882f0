package org.ttvos.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ModelCheckTest {
    private val size = Size(32, 48)
    private val good = fakeSignatures(size)

    private fun refused(signatures: Map<String, SignatureSpec>): String {
        val model = FakeModel(size, signatures)
        val message = assertThrows(TtvosException::class.java) { Session(model) }.message!!
        assertEquals(1, model.closes, "a refused model is closed")
        assertTrue(message.startsWith("fake_32x48_float32: not a TTVOS model: "), message)
        return message
    }

    private fun with(
        signature: String,
        change: (SignatureSpec) -> SignatureSpec,
    ) = good + (signature to change(good.getValue(signature)))

    @Test
    fun `a good model tells its size`() = assertEquals(size, checkModel(FakeModel(size)))

    @Test
    fun `signatures that do not agree are noticed`() {
        val model = FakeModel(size)
        assertTrue(signaturesAgree(model))
        for (signature in listOf("init", "encode", "step")) {
            model.wrong = signature
            assertFalse(signaturesAgree(model), signature)
        }
    }

    @Test
    fun `another model is refused with what is wrong`() {
        assertTrue(refused(emptyMap()).endsWith("it has no signature 'init'"))
        assertTrue(refused(good - "update").endsWith("it has no signature 'update'"))
        val noMask = with("step") { it.copy(outputs = it.outputs - "state_mask") }
        assertTrue(refused(noMask).endsWith("'step' lacks the output 'state_mask'"))
        val extra = with("encode") { it.copy(inputs = it.inputs + ("clock" to it.inputs.getValue("frame"))) }
        assertTrue(refused(extra).endsWith("'encode' has an unknown input 'clock'"))
    }

    @Test
    fun `so is one whose tensors do not fit each other`() {
        val float = TensorSpec(TensorType.FLOAT32, listOf(1, 32, 48, 3))
        val floatFrame = with("init") { it.copy(inputs = it.inputs + ("frame" to float)) }
        assertTrue(refused(floatFrame).endsWith("'frame' is FLOAT32 [1, 32, 48, 3], not UINT8 [1, 32, 48, 3]"))
        val small = TensorSpec(TensorType.FLOAT32, listOf(1, 4, 6, 1))
        val smallLogit = with("segment") { it.copy(outputs = mapOf("logit" to small)) }
        assertTrue(refused(smallLogit).contains("'logit' is FLOAT32"))
        val count = TensorSpec(TensorType.FLOAT32, listOf(2))
        val longCount = with("step") { it.copy(inputs = it.inputs + ("state_count" to count)) }
        assertTrue(refused(longCount).contains("'state_count' is"))
        val floats = TensorSpec(TensorType.FLOAT32, listOf(1, 2, 3, 4))
        val floatState = with("update") { it.copy(outputs = it.outputs + ("state_feat16" to floats)) }
        assertTrue(refused(floatState).endsWith("'state_feat16' is FLOAT32 [1, 2, 3, 4], not INT8 [1, 2, 3, 4]"))
        val flat = TensorSpec(TensorType.UINT8, listOf(32, 48))
        val flatFrame = with("init") { it.copy(inputs = it.inputs + ("frame" to flat)) }
        assertTrue(refused(flatFrame).endsWith("'frame' is UINT8 [32, 48], not UINT8 [1, H, W, 3]"))
    }

    @Test
    fun `optional tensors are all there or none is`() {
        val keys = fakeSignatures(size, keys = true)
        assertEquals(size, checkModel(FakeModel(size, keys)))
        val init = keys.getValue("init")
        val half = keys + ("init" to init.copy(outputs = init.outputs - "state_memory_key"))
        assertTrue(refused(half).endsWith("'init' lacks the output 'state_memory_key'"))
        val clock = TensorSpec(TensorType.FLOAT32, listOf(1))
        val other = with("step") { it.copy(outputs = it.outputs + ("state_clock" to clock)) }
        assertTrue(refused(other).endsWith("'step' has an unknown output 'state_clock'"))
    }
}
