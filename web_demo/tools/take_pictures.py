"""Brings the pictures of docs/browser.md up to date with the tests' last run: python web_demo/tools/take_pictures.py"""

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SEEN = ROOT / "web_demo" / "test" / "out"
PICTURES = {
    "browser_wide": "studio_1360_light.png",
    "browser_tablet": "studio_820_dark.png",
    "browser_phone": "studio_390_light.png",
}


def main() -> None:
    """Writes them as WebP."""
    for name, file in PICTURES.items():
        Image.open(SEEN / file).save(ROOT / "docs" / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
