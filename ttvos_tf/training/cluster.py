"""TF_CONFIG, which names the machines of a run. No TensorFlow here: it would say what is wrong in a traceback."""

from typing import Any

from ttvos_tf.errors import TTVOSError
from ttvos_tf.inputs import parse_json


def check_cluster(text: str) -> None:
    """Refuses a TF_CONFIG that does not name the machines of a run and this one's place among them.

    Raises:
        TTVOSError: saying what is wrong.
    """
    config = parse_json(text, "TF_CONFIG")
    example = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'
    wanted = TTVOSError(f"TF_CONFIG: must be {example}, the machines in the same order everywhere")
    cluster, task = (config.get(key) for key in ("cluster", "task")) if isinstance(config, dict) else (None, None)
    if not isinstance(cluster, dict) or not isinstance(task, dict) or cluster.keys() != {"worker"}:
        raise wanted
    workers, index = cluster["worker"], task.get("index")
    if not isinstance(workers, list) or not all(_is_address(each) for each in workers) or not workers:
        raise wanted
    if len(set(workers)) < len(workers):
        raise TTVOSError("TF_CONFIG: names one machine twice")
    if task.get("type") != "worker" or type(index) is not int or not 0 <= index < len(workers):
        raise TTVOSError(f'TF_CONFIG: "task" must be of type "worker", with an index from 0 to {len(workers) - 1}')


def _is_address(value: Any) -> bool:
    """Whether it is "HOST:PORT"."""
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host) and host.isprintable() and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 1 << 16
