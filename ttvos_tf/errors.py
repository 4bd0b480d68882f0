"""The one error that users see: a line that names the file or argument and says what would be right."""


class TTVOSError(ValueError):
    """Bad input. The command line prints it as one line and exits with code 2."""
