#!/usr/bin/env bash
# Drives the built page in Chromium and, shortly, in Firefox. PYTHON: an interpreter with the package; make web comes before.
# Installs what it needs: Debian's browsers and ffmpeg (as root), pycocotools into PYTHON's environment.
set -euo pipefail
cd "$(dirname "$0")"
export PYTHON="${PYTHON:-python3}" PYTHONPATH="$PWD/.."
source ./node.sh
needed=()
command -v chromium >/dev/null || needed+=(chromium)
command -v firefox-esr >/dev/null || needed+=(firefox-esr)
command -v ffmpeg >/dev/null || needed+=(ffmpeg)
if [ ${#needed[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "${needed[@]}" fonts-dejavu-core >/dev/null
fi
"$PYTHON" -c 'import pycocotools' 2>/dev/null || "$PYTHON" -m pip install --quiet 'pycocotools==2.0.*'
"$PYTHON" test/make_inputs.py test/out
npx --no-install tsc --noEmit
npx --no-install playwright test "$@"
