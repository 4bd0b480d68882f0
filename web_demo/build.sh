#!/usr/bin/env bash
# Builds the page into out/web with the models, to be hosted anywhere, and into ttvos_tf/web, packed, for `ttvos app`.
# PYTHON: an interpreter that has the package. Node comes by node.sh.
set -euo pipefail
cd "$(dirname "$0")"
PYTHON="${PYTHON:-python3}"
source ./node.sh
npm ci --silent
PYTHONPATH=.. "$PYTHON" tools/write_selfcheck.py
npm run --silent build
rm -rf ../out/web
mkdir -p ../out
cp -r ../ttvos_tf/web ../out/web
cp -r ../ttvos_tf/models ../out/web/models
PYTHONPATH=.. "$PYTHON" tools/pack_engine.py
echo "ttvos app serves it; out/web holds it with the models, for any web server: $(du -sh ../out/web | cut -f1)"
