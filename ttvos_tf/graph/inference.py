"""The network as it runs: the order of the exact rewrites."""

import dataclasses

from ttvos_tf.graph.folding import fold_batch_norms
from ttvos_tf.graph.rewrites import dense_groups, single_logit, subpixel_convolutions
from ttvos_tf.graph.sharing import share_features
from ttvos_tf.network.ttvos import TTVOS


def inference_form(model: TTVOS) -> TTVOS:
    """The network as it is exported, and as quantisation-aware training sees it; the transition head is shared."""
    backbone, head, template_encoder = share_features(
        model.backbone.on(fold_batch_norms(model.encoder)),
        dense_groups(subpixel_convolutions(single_logit(model.segmentation_head))),
        dense_groups(model.template_encoder),
    )
    return dataclasses.replace(model, backbone=backbone, segmentation_head=head, template_encoder=template_encoder)
