#!/usr/bin/env bash
# Builds the app without Android Studio and without an Android SDK, on Debian 12 (x86-64): compiles core and app, runs
# core's tests, then packs, signs and checks a debug APK.
#
#   PYTHON=python3 ./build.sh      PYTHON has ttvos_tf installed: it writes what the tests compare with
#
# Downloads are kept in ~/.cache/ttvos-android. Those from Maven Central are named in tools/pom.xml and pinned by
# tools/checksums.sha256. Debian's packages are checked by apt against Debian's signatures, and unpacked, not installed.
set -euo pipefail
cd "$(dirname "$0")"

PYTHON=${PYTHON:-../.venv-demo/bin/python}
DEBIAN_TOOLS=(aapt=1:10.0.0+r36-10 zipalign=1:10.0.0+r36-1 apksigner=31.0.2-1)
ABIS=(arm64-v8a armeabi-v7a x86_64)

# What is downloaded lies in a folder named after what it should be: another version never finds an older one's files.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ttvos-android
jars=$cache/maven-$(sha256sum tools/checksums.sha256 | cut -c1-12)
debian=$cache/debian-$(sha256sum <<<"${DEBIAN_TOOLS[*]}" | cut -c1-12)
app_classes=build/core:build/resources:build/interpreter/classes.jar:build/interpreter-api/classes.jar
keystore=$cache/debug.keystore
apk=build/ttvos-debug.apk

say() { printf '\n== %s (after %d s)\n' "$*" $SECONDS; }

fail() {
	echo "build.sh: $*" >&2
	exit 1
}

find_java() {
	local tool
	for tool in javac keytool mvn; do
		command -v "$tool" >/dev/null && continue
		[ "$(id -u)" = 0 ] || fail "$tool is missing: sudo apt-get install openjdk-17-jdk-headless maven"
		apt-get update --quiet=2
		apt-get install --quiet=2 --yes --no-install-recommends openjdk-17-jdk-headless maven
	done
}

checked() { (cd "$jars" && sha256sum --check --quiet) <tools/checksums.sha256; }

fetch_from_maven() {
	mkdir -p "$jars"
	checked >/dev/null 2>&1 && return
	mvn --batch-mode --quiet --file tools/pom.xml dependency:copy -DoutputDirectory="$jars"
	checked || fail "$jars: not what tools/checksums.sha256 says: delete the folder and try again"
}

fetch_from_debian() {
	[ -d "$debian" ] && return
	command -v apt-get >/dev/null || fail "there is no apt-get here: aapt, zipalign and apksigner come from Debian 12"
	[ "$(id -u)" != 0 ] || apt-get update --quiet=2
	local needed partial=$debian.partial
	needed=$(apt-get install --simulate --no-install-recommends "${DEBIAN_TOOLS[@]}" |
		sed -n 's/^Inst \([^ ]*\) .*/\1/p') ||
		fail "apt does not know ${DEBIAN_TOOLS[*]}: Debian 12 has them, after: sudo apt-get update"
	rm -rf "$partial"
	mkdir -p "$partial/debs"
	# shellcheck disable=SC2086 # a name a word
	[ -z "$needed" ] || (cd "$partial/debs" && apt-get download --quiet=2 $needed)
	find "$partial/debs" -name '*.deb' -exec dpkg-deb --extract '{}' "$partial" ';'
	mv "$partial" "$debian"
}

# Runs a program from Debian's packages.
debian() {
	local libraries=$debian/usr/lib triple=x86_64-linux-gnu
	libraries+=:$debian/usr/lib/p7zip:$debian/usr/lib/$triple:$debian/usr/lib/$triple/android:$debian/lib/$triple
	LD_LIBRARY_PATH=$libraries PATH=$PATH:$debian/usr/bin "$@"
}

apksigner() { java -cp "$debian/usr/share/java/*:/usr/share/java/apksigner.jar:/usr/share/java/apksig.jar" \
	com.android.apksigner.ApkSignerTool "$@"; }

# The downloaded JARs whose names begin with the arguments, with colons between.
class_path() {
	local name found=()
	for name in "$@"; do found+=("$jars/$name"-[0-9]*.jar); done
	(IFS=: && echo "${found[*]}")
}

# Compiles for a release of Java. Lambdas as classes: Android cannot run invokedynamic, which the dex compiler leaves in.
kotlinc() {
	local release=$1
	shift
	java -Xmx1500m -cp "$(class_path kotlin-compiler-embeddable kotlin-stdlib kotlin-script-runtime kotlin-reflect \
		kotlin-daemon-embeddable trove4j annotations)" \
		org.jetbrains.kotlin.cli.jvm.K2JVMCompiler -no-stdlib -no-reflect -jvm-target "$release" -Xjdk-release="$release" \
		-Xlambdas=class -Xsam-conversions=class -Werror "$@"
}

# Java 8: newer bytecode the dex compiler does not read, a newer library old phones do not have.
build_core() {
	kotlinc 1.8 -cp "$(class_path kotlin-stdlib)" -d build/core core/src/main/kotlin
}

test_core() {
	local libraries
	libraries=$(class_path kotlin-stdlib junit-platform-console-standalone javacpp tensorflow-lite)
	kotlinc 17 -Xfriend-paths="$PWD/build/core" -cp "build/core:$libraries" -d build/core-test core/src/test/kotlin
	"$PYTHON" tools/write_reference.py build/reference
	mkdir -p build/pictures
	java -Dreference=build/reference -Dpictures=build/pictures -jar "$(class_path junit-platform-console-standalone)" \
		execute --disable-banner --disable-ansi-colors --details=tree --fail-if-no-tests \
		--class-path "build/core:build/core-test:$libraries" --scan-class-path build/core-test
}

# A value of the Android block of app/build.gradle.kts, which is where such things are written down.
setting() { sed -n "s/^ *$1 = \"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" app/build.gradle.kts; }

extract() {
	mkdir -p "$2"
	(cd "$2" && jar --extract --file "$1")
}

# Resources, models and manifest, packed; writes R.java. A model is stored as it is, so that it can be mapped.
pack_resources() {
	mkdir -p build/manifest build/assets build/generated
	sed "s|<manifest |&package=\"$(setting namespace)\" |" app/src/main/AndroidManifest.xml \
		>build/manifest/AndroidManifest.xml
	cp ../ttvos_tf/models/*.tflite build/assets
	debian aapt package -f -M build/manifest/AndroidManifest.xml -S app/src/main/res -A build/assets -0 tflite \
		-I "$(class_path android-all)" --min-sdk-version "$(setting minSdk)" --target-sdk-version "$(setting targetSdk)" \
		--version-code "$(setting versionCode)" --version-name "$(setting versionName)" \
		-J build/generated -F build/unaligned.apk
}

compile_app() {
	extract "$jars"/tensorflow-lite-[0-9]*.aar build/interpreter
	extract "$jars"/tensorflow-lite-api-[0-9]*.aar build/interpreter-api
	mkdir -p build/resources
	find build/generated -name '*.java' -exec javac -Xlint:-options --release 8 -d build/resources '{}' +
	kotlinc 1.8 -cp "$(class_path android-all kotlin-stdlib):$app_classes" -d build/app app/src/main/kotlin
	kotlinc 1.8 -cp "$(class_path kotlin-stdlib):$app_classes" -d build/usage ../release/usage/usage.kt # beside the models
}

make_apk() {
	! grep --recursive --files-with-matches LambdaMetafactory build/core build/app || fail "Android cannot run these"
	mkdir -p build/parts
	extract "$(class_path kotlin-stdlib)" build/kotlin
	rm -r build/kotlin/META-INF/versions # for Java 9
	# shellcheck disable=SC2046 # a path a word
	java -Xmx1500m -cp "$(class_path dalvik-dx)" com.android.dx.command.Main --dex --min-sdk-version="$(setting minSdk)" \
		--output=build/parts/classes.dex build/app build/kotlin $(tr : ' ' <<<"$app_classes")
	local abi
	for abi in "${ABIS[@]}"; do
		mkdir -p "build/parts/lib/$abi"
		cp build/interpreter/jni/"$abi"/*.so "build/parts/lib/$abi"
	done
	# shellcheck disable=SC2046
	(cd build/parts && debian aapt add ../unaligned.apk $(find . -type f -printf '%P\n' | sort) >/dev/null)
	debian zipalign -f 4 build/unaligned.apk "$apk"
	[ -f "$keystore" ] || keytool -genkeypair -keystore "$keystore" -storepass android -alias debug -dname CN=Debug \
		-keyalg RSA -keysize 2048 -validity 10000
	apksigner sign --ks "$keystore" --ks-pass pass:android "$apk"
}

check_apk() {
	apksigner verify --verbose "$apk"
	debian aapt dump badging "$apk"
	debian zipalign -c 4 "$apk" || fail "$apk: not aligned"
	local models
	models=$(debian aapt list -v "$apk" | grep '\.tflite$') || fail "$apk: no model in it"
	echo "$models"
	! grep --quiet --invert-match ' Stored ' <<<"$models" || fail "$apk: a model is compressed"
}

say "Downloads, in $cache"
find_java
fetch_from_maven
fetch_from_debian

rm -rf build
mkdir -p build
say "Core"
build_core
say "Core's tests"
test_core
say "App"
pack_resources
compile_app
say "APK"
make_apk
check_apk
say "Done: $PWD/$apk, $(stat --format %s "$apk") bytes"
