#!/usr/bin/env bash
# Builds the source distribution and the wheel, checks them, and uses the wheel as who installs it does: in an empty
# environment of every Python that is here, with the newest and with the oldest packages that it allows.
#
#   make wheel-test                  leaves dist/; .venv-release has the tools, .venv runs the source distribution's tests
#   release/wheel_test.sh 3.13       the wheel on that Python alone
set -euo pipefail
cd "$(dirname "$0")/.."

LIMIT=12000000 # bytes of the wheel
PYTHONS=("$@")
[ $# -gt 0 ] || PYTHONS=(3.11 3.12 3.13)
tools=$PWD/.venv-release/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n== %s (after %d s)\n' "$*" $SECONDS; }

fail() {
	echo "wheel_test.sh: error: $*" >&2
	exit 1
}

# An interpreter of a version: on the path, or of pyenv.
find_python() {
	local candidate
	for candidate in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
		"$candidate" -c '' 2>/dev/null && { command -v "$candidate"; return; }
	done
}

say "Build"
rm -rf dist
"$tools/python" -m build --quiet
wheel=$(echo dist/*.whl)
sdist=$(echo dist/*.tar.gz)
size=$(stat --format %s "$wheel")
echo "$wheel: $size bytes; $sdist: $(stat --format %s "$sdist") bytes"
[ "$size" -le $LIMIT ] || fail "$wheel: more than $LIMIT bytes"
[ -f ttvos_tf/web/index.html ] || echo "WITHOUT THE PAGE OF ttvos app: make web comes before"

say "Checks"
"$tools/twine" check --strict dist/*
"$tools/check-wheel-contents" "$wheel"
"$tools/pyroma" --min 8 "$sdist" # it asks for an author's e-mail address, which there is not yet: see CONTRIBUTING.md

# Named beside the wheel they are direct requirements, of which uv takes the lowest.
"$tools/python" -m zipfile --extract "$wheel" "$work/wheel"
mapfile -t needs < <(sed -n '/extra ==/d;s/^Requires-Dist: //p' "$work"/wheel/*.dist-info/METADATA)
tested=()
for version in "${PYTHONS[@]}"; do
	python=$(find_python "$version")
	[ -n "$python" ] || { echo "NOT TESTED ON PYTHON $version: none is here"; continue; }
	for resolution in highest lowest-direct; do
		say "Python $version, packages: $resolution"
		environment=$work/$version-$resolution
		"$tools/uv" venv --quiet --no-python-downloads --python "$python" "$environment"
		"$tools/uv" pip install --quiet --python "$environment" --only-binary :all: --resolution $resolution "$wheel" \
			"${needs[@]}"
		packages=$("$tools/uv" pip freeze --quiet --python "$environment" | grep --invert-match ttvos | paste -sd ' ')
		echo "$packages"
		[ "$packages" != "${before:-}" ] || fail "the oldest packages are the newest"
		before=$packages
		mkdir "$environment-use"
		"$environment/bin/python" release/use.py "$environment-use" . "${tested[@]:0:1}"
		tested+=("$environment-use")
	done
done
[ ${#tested[@]} -gt 0 ] || fail "no Python of ${PYTHONS[*]} is here"

say "The source distribution's own tests"
tar --extract --gzip --file "$sdist" --directory "$work"
(
	cd "$work"/ttvos_tf-*/
	"$OLDPWD/.venv/bin/python" -m pytest -p no:cacheprovider --collect-only >/dev/null
	"$OLDPWD/.venv/bin/python" -m pytest -p no:cacheprovider tests/runtime/test_installed.py tests/runtime/test_tracker.py \
		tests/docs/test_refresh.py tests/guards/test_tracking.py tests/test_weights.py
)

say "Done: ${#tested[@]} environments passed"
