import pytest

from ttvos_tf.config import ModelConfig
from ttvos_tf.errors import TTVOSError


def test_json_round_trip():
    config = ModelConfig(backbone="hrnet", past_masks=3, long_term=False)
    assert ModelConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"backbone": "vgg"}', "unknown backbone 'vgg': choose one of hrnet"),
        ('{"width": 3}', "unknown key 'width'"),
        ('{"past_masks": "3"}', "past_masks must be int"),
        ('{"short_term": 1}', "short_term must be bool"),
        ('{"past_masks": true}', "past_masks must be int"),
        ('{"decoder_channels": 0}', "decoder_channels must be at least 1, not 0"),
        ('{"reach": 1.5}', "reach must be from 0 to 1"),
    ],
)
def test_bad_configs_are_named(text, message):
    with pytest.raises(TTVOSError, match=message):
        ModelConfig.from_json(text)
