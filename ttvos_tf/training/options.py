"""Options that scripts which train have in common."""

import argparse
from pathlib import Path


def add_run_arguments(parser: argparse.ArgumentParser, config: Path | None = None) -> None:
    """Adds what names a run: --config, which has to be given if there is no default, --data, --out, --resume, --set."""
    parser.add_argument("--config", type=Path, default=config, required=config is None, help="TOML file of the run")
    add_config_arguments(parser)
    parser.add_argument("--out", type=Path, help="folder for weights and log (default: runs/<config name>)")
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in --out")


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what goes with a config: --data and --set."""
    parser.add_argument("--data", type=Path, default=Path("."), help="folder that the config's paths are relative to")
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="values instead of the config's"
    )
