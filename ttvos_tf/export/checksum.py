"""A file carries the checksum of its own content, by which a runtime's side knows it as it was written."""

import numpy as np

from ttvos_tf.inspection import schema
from ttvos_tf.runtime.flatbuffer import CHECKSUM, CHECKSUM_SIZE, checksum_span, digest


def with_checksum(content: bytes) -> bytes:
    """Adds SHA-256 of the file as metadata; a checksum that is there already is computed anew.

    Args:
        content: a `.tflite` file.
    """
    model = schema.parse(content)
    entry = next((each for each in model.metadata or [] if each.name == CHECKSUM), None)
    if entry is None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = CHECKSUM, len(model.buffers)
        model.metadata = [*(model.metadata or []), entry]
        model.buffers.append(schema.BufferT())
    model.buffers[entry.buffer].data = np.zeros(CHECKSUM_SIZE, np.uint8)
    packed = schema.pack(model)
    span = checksum_span(packed)
    return packed[: span.start] + digest(packed, span) + packed[span.start + span.size :]
