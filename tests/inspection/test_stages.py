import pytest

from ttvos_tf.config import ModelConfig
from ttvos_tf.factory import build_model
from ttvos_tf.inspection.complexity import costs
from ttvos_tf.inspection.stages import HANDED_ON, TITLES, stages

H, W = 32, 64


@pytest.mark.parametrize(
    "options", [{}, {"key_channels": 4, "transition_reads": "decoder"}, {"past_masks": 3, "short_term": False}]
)
def test_stages_are_the_networks(options):
    config = ModelConfig(matching_channels=8, decoder_channels=12, **options)
    model = build_model(config, height=H, width=W)
    found = {stage.name: stage for stage in stages(model)}
    assert set(found) == set(TITLES) - (set() if config.key_channels else {"memory_read"})
    seen = set()
    for name, stage in found.items():
        assert all(flow.source in seen for flow in stage.takes), name
        seen.add(name)
    assert {name: stage.cost for name, stage in found.items() if stage.cost} == {
        name: cost for name, cost in costs(model).items() if name in found
    }
    takes = {(name, flow.name): (flow.shape, flow.source) for name, stage in found.items() for flow in stage.takes}
    masks = 2 * config.past_masks
    assert takes["backbone", "frame"] == ((H, W, 3), "frame")
    assert takes["short_term_matching", "state_mask"] == ((H // 16, W // 16, masks), "state")
    assert takes["short_term_matching", "feat16"] == ((H // 16, W // 16, 128), "backbone")
    assert (("short_term_matching", "state_feat16") in takes) == config.short_term
    assert takes["template_attention", "state_mask"] == ((H // 8, W // 8, masks), "state")
    assert takes["template_attention", "state_template"] == ((32, 32), "state")
    assert takes["decoder", "u16"] == ((H // 16, W // 16, 8), "short_term_matching")
    assert takes["decoder", "similarity features"] == ((H // 8, W // 8, 32), "template_attention")
    assert takes["decoder", "feat4"] == ((H // 4, W // 4, 16), "backbone")
    source = "decoder" if config.transition_reads == "decoder" else "template_attention"
    width = 12 if source == "decoder" else 32
    assert takes["transition_head", HANDED_ON[source]] == ((H // 8, W // 8, width), source)
    assert takes["template_update", "heatmap"] == ((H // 8, W // 8, masks), "decoder")
    assert takes["mask", "logit"] == ((H, W, 1), "decoder")
    assert takes["next_state", "template"] == ((32, 32), "template_update")
    if config.key_channels:
        assert takes["memory_read", "feat_key"] == ((H // 16, W // 16, 4), "backbone")
        assert takes["memory_read", "state_memory_key"][1] == "state"
        assert takes["short_term_matching", "memory_maps"][1] == "memory_read"
