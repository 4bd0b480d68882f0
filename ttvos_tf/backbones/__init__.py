"""Backbones: normalised frame -> f4, f8, f16. One file each; `registry.py` knows them by name.

Every backbone is a function `build(*, weights, height, width) -> Backbone` (base.py). Its model takes a float32 frame
(H, W, 3), RGB, x / 127.5 - 1, and gives float32 maps of about unit variance: f4 (H/4, W/4, C4), f8 (H/8, W/8, C8) and
f16 (H/16, W/16, C16).
"""
