#!/usr/bin/env bash
# build-u-boot.sh CONFIG FILE: builds U-Boot for QEMU's arm64 machine from Debian's source, with the options of CONFIG over
# those of its qemu_arm64, into FILE, unless it is there. Of Debian's builds for QEMU none has a redundant
# environment. The source is fetched by an apt with a state of its own: nothing of the machine is changed.
set -euo pipefail

[ $# -eq 2 ] || { echo "build-u-boot: build-u-boot.sh CONFIG FILE" >&2; exit 2; }
config=$(realpath "$1")
file=$(realpath -m "$2")
[ -e "$file" ] && exit 0
for tool in aarch64-linux-gnu-gcc bison flex; do
  command -v "$tool" >/dev/null || { echo "build-u-boot: $tool is missing: tools/test-packages.sh rig" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$file")" "$work"/apt/{lists/partial,cache/archives/partial} "$work"/{parts,source,out}
touch "$work/apt/status"
for suite in "debian bookworm" "debian-security bookworm-security"; do
  set -- $suite
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/$1 $2 main"
done >"$work/sources.list"
apt=(-q -o "Dir::State::Lists=$work/apt/lists" -o "Dir::State::status=$work/apt/status" -o "Dir::Cache=$work/apt/cache"
  -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/parts")
apt-get "${apt[@]}" update
(cd "$work" && apt-get "${apt[@]}" source --download-only u-boot)

cd "$work/source"
tar -xf "$work"/u-boot_*.orig.tar.xz --strip-components=1
tar -xf "$work"/u-boot_*.debian.tar.xz
grep -v '^#' debian/patches/series | while read -r patch; do patch -p1 -s <"debian/patches/$patch"; done

# The card's controller is on PCI, which is looked through before the environment is read only if U-Boot is told so.
export CROSS_COMPILE=aarch64-linux-gnu- KCPPFLAGS=-DCONFIG_SYS_EARLY_PCI_INIT SOURCE_DATE_EPOCH=1
make -s O="$work/out" qemu_arm64_defconfig
scripts/kconfig/merge_config.sh -m -O "$work/out" "$work/out/.config" "$config" >/dev/null
make -s O="$work/out" olddefconfig
# What the configuration does not know is dropped without a word.
grep -v '^# [A-Z]' "$config" | grep -Fxv -f "$work/out/.config" && { echo "build-u-boot: these options were not taken" >&2; exit 1; }
make -s -j"$(nproc)" O="$work/out" u-boot.bin
mv "$work/out/u-boot.bin" "$file"
