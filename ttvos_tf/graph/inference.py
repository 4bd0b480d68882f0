"""The network as it runs: the order of the exact rewrites."""

import copy

from ttvos_tf.graph.folding import fold_batch_norms
from ttvos_tf.graph.rewrites import dense_groups, single_logit
from ttvos_tf.graph.sharing import share_features
from ttvos_tf.network.ttvos import TTVOS


def inference_form(model: TTVOS) -> TTVOS:
    """The network as it is exported, and as quantisation-aware training sees it; the transition head is shared."""
    rewritten = copy.copy(model)
    rewritten.encoder, rewritten.segmenter, rewritten.embedder = share_features(
        fold_batch_norms(model.encoder),
        dense_groups(single_logit(model.segmenter)),
        dense_groups(model.embedder),
    )
    return rewritten
