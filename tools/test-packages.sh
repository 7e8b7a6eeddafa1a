#!/usr/bin/env bash
# Sees to the Debian packages that the tests need, with `rig` those of virtual machines, with `rig-long` those of their long
# tests besides: installs what is missing when run as root, names it otherwise. Tests never skip for want of a part, so this
# comes before them.
set -euo pipefail

missing=()
needs_lists=
need() { # need PACKAGE TEST...: PACKAGE is missing when the test fails
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}

has_static_busybox() { /bin/busybox sh -c true && ! ldd /bin/busybox; }
has_initdb() { command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'; }

has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

case ${1:-tests} in
rig-long)
  # A U-Boot with an environment of its own is built from Debian's source.
  need gcc-aarch64-linux-gnu command -v aarch64-linux-gnu-gcc
  need bison command -v bison
  need flex command -v flex
  need make command -v make
  need gcc command -v gcc
  need libssl-dev test -e /usr/include/openssl/evp.h
  need libgnutls28-dev test -e /usr/include/gnutls/gnutls.h
  need libubootenv-tool command -v fw_setenv
  "$0" rig
  ;;
rig)
  # A virtual machine, a bootloader, and what makes disks without mounting any.
  need qemu-system-x86 command -v qemu-system-x86_64
  need grub-pc-bin test -e /usr/lib/grub/i386-pc/boot.img
  need grub-common command -v grub-mkimage
  # The same under UEFI.
  need ovmf test -e /usr/share/OVMF/OVMF_CODE_4M.fd
  need grub-efi-amd64-bin test -e /usr/lib/grub/x86_64-efi/moddep.lst
  need dosfstools test -x /usr/sbin/mkfs.fat
  need mtools command -v mcopy
  need systemd-boot-efi test -e /usr/lib/systemd/boot/efi/systemd-bootx64.efi
  need e2fsprogs command -v chattr
  # The same for U-Boot, on arm64; what its systems are made of is fetched by apt and npm.
  need qemu-system-arm command -v qemu-system-aarch64
  need u-boot-qemu test -e /usr/lib/u-boot/qemu_arm64/u-boot.bin
  need u-boot-tools command -v mkimage
  need gdisk test -x /usr/sbin/sgdisk
  need e2fsprogs test -x /usr/sbin/mke2fs
  need busybox-static has_static_busybox
  need cpio command -v cpio
  need binutils command -v strip
  # The kernel of the virtual machines is fetched and unpacked, not installed: apt has to know it.
  if [ ! -e "$(dirname "$0")/../.build/rig/kernel" ]; then
    apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 || needs_lists=yes
  fi
  ;;
tests)
  need postgresql has_initdb
  need mender-artifact command -v mender-artifact
  # Devices of other makers, as they are packaged.
  need mender-client command -v mender
  need chromium has_chromium
  # Keys on PKCS#11 tokens: a token in software, and the compiler of tools/build-pkcs11.sh.
  need softhsm2 command -v softhsm2-util
  need g++ command -v "${CXX:-g++}"
  # Boot environments, as factories make them.
  need grub-common command -v grub-editenv
  need u-boot-tools command -v mkenvimage
  need e2fsprogs test -x /usr/sbin/mke2fs
  need dosfstools test -x /usr/sbin/mkfs.fat
  need mtools command -v mcopy
  # Images with a dm-verity tree.
  need cryptsetup-bin test -x /usr/sbin/veritysetup
  # What the shipped update modules hand their payloads to, and what makes such payloads.
  need busybox-static has_static_busybox
  need rpm command -v rpmbuild
  need rauc command -v rauc
  need squashfs-tools command -v mksquashfs
  need dbus command -v dbus-daemon
  need swupdate command -v swupdate
  need cpio command -v cpio
  need libubootenv-tool command -v fw_setenv
  need podman command -v podman
  need runc command -v runc
  need containernetworking-plugins test -x /usr/lib/cni/bridge
  need podman-compose command -v podman-compose
  ;;
*)
  echo "test-packages: test-packages.sh [rig|rig-long]" >&2
  exit 2
  ;;
esac

[ ${#missing[@]} -gt 0 ] || [ -n "$needs_lists" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  if [ -n "$needs_lists" ]; then
    echo "apt does not know Debian's kernel for virtual machines: sudo apt-get update" >&2
    [ ${#missing[@]} -gt 0 ] || exit 1
  fi
  echo "The tests need Debian packages that are missing. Install them and run again:" >&2
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "The tests need these Debian packages or their equals, and apt-get is missing: ${missing[*]}" >&2
  exit 1
fi
apt-get update -q
[ ${#missing[@]} -gt 0 ] || exit 0
echo "Installing what the tests need: ${missing[*]}"
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
