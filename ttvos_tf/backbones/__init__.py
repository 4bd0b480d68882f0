"""Backbones: normalised frame -> Features(f4, f8, f16). One file each; `registry.py` knows them by name.

Every backbone is a function `build(*, weights, height, width) -> keras.Model`, a functional model from a float32 frame
(H, W, 3), RGB, x / 127.5 - 1, to three float32 maps of about unit variance: f4 (H/4, W/4, C4), f8 (H/8, W/8, C8) and
f16 (H/16, W/16, C16). The model's attribute `last_block` names the layers that
training may change when the rest is frozen, `laterals` those of them that are not part of the published network and so
never pre-trained.
"""
