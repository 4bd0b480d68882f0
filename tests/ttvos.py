"""The command `ttvos` in this process, and what it leaves."""

from ttvos_tf import cli


def ttvos(*arguments):
    """Its exit code."""
    return cli.main([str(each) for each in arguments])


def content(folder):
    """Path in the folder -> bytes, of all files below it."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
