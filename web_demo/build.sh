#!/usr/bin/env bash
# Builds the page into ttvos_tf/web, from where `ttvos app` serves it, and into out/web with the models, to be hosted anywhere.
# PYTHON: an interpreter that has the package. Node 20 or later and npm must be there.
set -euo pipefail
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "build.sh: npm is missing: install Node 20 or later" >&2; exit 2; }
npm ci --silent
PYTHONPATH=.. "${PYTHON:-python3}" tools/write_selfcheck.py
npm run --silent build
rm -rf ../out/web
mkdir -p ../out
cp -r ../ttvos_tf/web ../out/web
cp -r ../ttvos_tf/models ../out/web/models
echo "ttvos app serves it; out/web holds it with the models, for any web server: $(du -sh ../out/web | cut -f1)"
