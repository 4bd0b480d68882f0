"""Packs the engine in the built page, for the wheel: python web_demo/tools/pack_engine.py

Its four kinds share most of their code: zipped one by one they take 12 MB of a wheel, in one archive 3. `ttvos app`
unpacks what a browser asks for.
"""

import lzma
import tarfile

from ttvos_tf.commands.app import ENGINE, PAGE

# In this order: `ttvos app` isolates the page, so nearly every browser takes the first.
KINDS = ("threaded_internal", "internal", "jspi_internal", "compat_internal")
REACH = 1 << 24  # bytes back that the packer sees: more than one kind has
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": REACH}]


def main() -> None:
    """Moves the engine's folder into the archive."""
    (folder,) = PAGE.glob("wasm-*")
    files = [folder / f"litert_wasm_{kind}{suffix}" for kind in KINDS for suffix in (".js", ".wasm")]
    assert sorted(files) == sorted(folder.iterdir()), "the engine has other files than it had"
    with lzma.open(PAGE / ENGINE, "wb", filters=FILTERS) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for file in files:
            entry = tarfile.TarInfo(f"{folder.name}/{file.name}")  # no dates, no owners: the same bytes each time
            entry.size = file.stat().st_size
            with file.open("rb") as content:
                archive.addfile(entry, content)
            file.unlink()
    folder.rmdir()


if __name__ == "__main__":
    main()
