package org.ttvos.core

/** Something that the user can understand and put right; the message is one line for the screen. */
class TtvosException(
    message: String,
) : Exception(message)
