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
    model.metadata = [entry for entry in model.metadata or [] if entry.name != CHECKSUM]
    buffer = schema.BufferT()
    buffer.data = np.zeros(CHECKSUM_SIZE, np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = CHECKSUM, len(model.buffers) - 1
    model.metadata.append(entry)
    packed = schema.pack(model)
    span = checksum_span(packed)
    return packed[: span.start] + digest(packed, span) + packed[span.start + span.size :]
