#!/usr/bin/env bash
# The README's promise, tried where nothing is installed: a bare Debian with git, make and an older Node, a clone of
# HEAD, and the commands. Usage, as root: tools/clean-room.sh [--cache] [COMMAND...]
#   COMMAND   a shell command for the clone's folder; by default the two commands of the README
#   --cache   keep the bare Debian as a tarball under .build/ and start from it next time
# Environment: CLEAN_ROOM_NODE (the Node that goes in, default /usr/bin/node), CLEAN_ROOM_NPM (its npm's folder),
# CLEAN_ROOM_SUITE (default bookworm), CLEAN_ROOM_MIRROR (default: where this machine gets Debian from).
#
# All mounts and processes live in namespaces of their own, so they end with this script, however it ends; the room
# itself is a temporary folder that an EXIT trap removes.
set -euo pipefail

say() { echo "clean room: $*"; }
die() {
  echo "clean room: $*" >&2
  exit 1
}

# ---- inside the namespaces, still outside the room --------------------------------------------------------------

mount_room() {
  local room=$1
  # The root of a machine is a mount; what makes namespaces of its own relies on it.
  mount --bind "$room" "$room"
  mount -t proc proc "$room/proc"
  # Devices are told apart by what the kernel says of their network cards.
  mount --rbind /sys "$room/sys"
  mount -t tmpfs -o mode=755 tmpfs "$room/dev"
  mount -t tmpfs -o mode=755 tmpfs "$room/run"
  mkdir "$room/dev/pts" "$room/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$room/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$room/dev/shm"
  ln -s pts/ptmx "$room/dev/ptmx"
  ln -s /proc/self/fd "$room/dev/fd"
  ln -s /proc/self/fd/0 "$room/dev/stdin"
  ln -s /proc/self/fd/1 "$room/dev/stdout"
  ln -s /proc/self/fd/2 "$room/dev/stderr"
  local device
  for device in null zero full random urandom tty; do
    touch "$room/dev/$device"
    mount --bind "/dev/$device" "$room/dev/$device"
  done
  # RAUC mounts what it installs.
  for device in /dev/loop*; do
    [ -b "$device" ] || [ -c "$device" ] || continue
    touch "$room$device"
    mount --bind "$device" "$room$device"
  done
}

run_commands() {
  local room=$1 failed=0 status command started
  shift
  mount_room "$room"
  for command in "$@"; do
    say "$command"
    started=$SECONDS
    status=0
    # shellcheck disable=SC2046 # one KEY=value a word, none with blanks
    chroot "$room" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      $(cat "$room.env") bash -c "cd /srv/moult && $command" || status=$?
    if [ $status -eq 0 ]; then
      results+=("ok      $((SECONDS - started)) s  $command")
    else
      results+=("FAILED  $((SECONDS - started)) s  $command (exit status $status)")
      failed=1
    fi
  done
  return $failed
}

if [ "${1:-}" = --inside ]; then
  shift
  results=()
  status=0
  run_commands "$@" || status=$?
  for result in "${results[@]}"; do say "$result"; done
  exit $status
fi

# ---- building the room ------------------------------------------------------------------------------------------

suite=${CLEAN_ROOM_SUITE:-bookworm}
node=${CLEAN_ROOM_NODE:-/usr/bin/node}
is_cached=
if [ "${1:-}" = --cache ]; then
  is_cached=yes
  shift
fi
[ $# -gt 0 ] || set -- "make demo ONCE=1" "make test"

[ "$(id -u)" -eq 0 ] || die "needs root, for chroot and mounts"
for tool in debootstrap unshare chroot git tar ldd; do
  command -v "$tool" >/dev/null || die "needs $tool"
done
[ -x "$node" ] || die "no Node at $node: set CLEAN_ROOM_NODE"
node_version=$("$node" --version)
case $node_version in
v2[0-9].*) ;;
*) die "$node is $node_version, not the older Node that people have: set CLEAN_ROOM_NODE" ;;
esac
npm=${CLEAN_ROOM_NPM:-$(dirname "$(dirname "$(realpath "$node")")")/lib/node_modules/npm}
[ -f "$npm/bin/npm-cli.js" ] || die "no npm in $npm: set CLEAN_ROOM_NPM"

repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
[ -z "$(git -C "$repository" status --porcelain)" ] ||
  say "the work tree has changes that are not committed; HEAD is what runs"

# Where this machine gets the suite's packages from; debian-security and the like come with the copied sources.
mirror=${CLEAN_ROOM_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
  awk -v suite="$suite" '$2 == suite { print $1; exit }')}
[ -n "$mirror" ] || die "apt here knows no $suite: set CLEAN_ROOM_MIRROR"

room=$(mktemp -d /tmp/moult-clean-room.XXXXXXXX)
child=
clean_up() {
  trap - EXIT
  if [ -n "$child" ]; then
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  rm -rf --one-file-system "$room" "$room.env"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

make_base() {
  local base="$repository/.build/clean-room-$suite.tar"
  if [ -n "$is_cached" ] && [ -f "$base" ]; then
    tar -C "$room" -xpf "$base"
    say "the bare $suite came from $base"
    return
  fi
  debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$room" "$mirror" \
    >"$room.env" 2>&1 || {
    tail -n 20 "$room.env" >&2
    die "debootstrap failed"
  }
  if [ -n "$is_cached" ]; then
    mkdir -p "$(dirname "$base")"
    tar -C "$room" -cpf "$base.part" .
    mv "$base.part" "$base"
  fi
}

# The way to the registries is this machine's business, so it is lent to the room: names, certificates, apt's sources.
lend_network() {
  cp -L /etc/resolv.conf /etc/hosts "$room/etc/"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    cp -L /usr/local/share/ca-certificates/*.crt "$room/usr/local/share/ca-certificates/"
    chroot "$room" update-ca-certificates >/dev/null 2>&1
  fi
  cp -L /etc/ssl/certs/ca-certificates.crt "$room/etc/ssl/certs/ca-certificates.crt"

  local file
  rm -f "$room/etc/apt/sources.list"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    if [ -f "$file" ] && grep -qE '/debian(-security)?/?([[:space:]]|$)' "$file"; then
      cp -L --parents "$file" "$room"
    fi
  done
  for file in /etc/apt/apt.conf.d/*; do
    if grep -qs '^[[:space:]]*Acquire::' "$file"; then cp -L --parents "$file" "$room"; fi
  done

  local name value
  : >"$room.env"
  for name in NODE_EXTRA_CA_CERTS SSL_CERT_FILE http_proxy https_proxy no_proxy \
    HTTP_PROXY HTTPS_PROXY NO_PROXY ${!npm_config_*}; do
    value=${!name:-}
    [ -n "$value" ] || continue
    lend_variable "$name" "$value"
  done
  for name in registry cafile; do
    value=$("$node" "$npm/bin/npm-cli.js" config get "$name" 2>/dev/null)
    case $value in null | undefined | '') ;; *) lend_variable "npm_config_$name" "$value" ;; esac
  done
}

lend_variable() {
  case $2 in
  *[[:space:]]*) die "$1 has a blank in its value, which this script does not pass on" ;;
  /*) if [ -f "$2" ] && [ ! -f "$room$2" ]; then cp -L --parents "$2" "$room"; fi ;;
  esac
  echo "$1=$2" >>"$room.env"
}

lend_node() {
  local library
  install -m 755 "$node" "$room/usr/local/bin/node"
  mkdir -p "$room/usr/local/lib/node_modules"
  cp -a "$(realpath "$npm")" "$room/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$room/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$room/usr/local/bin/npx"
  for library in $(ldd "$node" | grep -o '/[^ ]*'); do
    if [ ! -e "$room$library" ]; then cp -L --parents "$library" "$room"; fi
  done
}

started=$SECONDS
make_base
# mktemp keeps others out; the room's own users must get in.
chmod 755 "$room"
lend_network
lend_node
# A room has no init: Debian's way to say that services must not be started when packages are installed.
printf '#!/bin/sh\nexit 101\n' >"$room/usr/sbin/policy-rc.d"
chmod 755 "$room/usr/sbin/policy-rc.d"
git clone -q --no-local "$repository" "$room/srv/moult"
say "$(git -C "$repository" rev-parse --short HEAD) in a bare $suite with Node $node_version," \
  "npm $("$node" "$npm/bin/npm-cli.js" --version); ready after $((SECONDS - started)) s"

unshare --mount --pid --fork --kill-child "$0" --inside "$room" "$@" &
child=$!
status=0
wait "$child" || status=$?
child=
exit $status
