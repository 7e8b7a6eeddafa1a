/**
 * The first process of the rig's systems, on a disk that Linux names so. Each line that it says begins with `@@` and ends with
 * the uptime; the rig reads them on the serial line.
 */
export const initScript = (partitionPrefix: string): string => `#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/lib/runtime
say() {
  read -r up _ </proc/uptime
  echo "@@ $* up=$up"
}
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
slot=
for word in $(cat /proc/cmdline); do
  case $word in moult.slot=*) slot=\${word#moult.slot=} ;; esac
done
if [ -z "$slot" ]; then
  mount -t efivarfs efivarfs /sys/firmware/efi/efivars
  slot=$(moult-slot)
fi
read -r line </etc/moult/artifact_info
say "INIT slot=$slot version=\${line#artifact_name=} fua=$(cat /sys/block/${diskOf(partitionPrefix)}/queue/fua) cache=$(cat /sys/block/${diskOf(partitionPrefix)}/queue/write_cache | tr ' ' -)"
read -r health </etc/health
[ "$health" != dead ] || reboot -f

# Started with the system, and not by the agent alone: also a system on which no agent comes up is ended by it.
patience=120
[ "$health" != hanging ] || patience=5
insmod /lib/watchdog.ko open_timeout=$patience && insmod /lib/softdog.ko soft_margin=20 soft_active_on_boot=1
[ "$health" != hanging ] || while :; do sleep 60; done

# By the scripts that ship; what they say of trouble becomes a mark.
mount_by() {
  folder=$1
  shift
  told=$("/usr/lib/moult/$@" "$folder" 2>&1) || say "LOST $folder rc=$?"
  [ -z "$told" ] || echo "$told"
  case $told in
    *"was mended"*) say "REPAIR $folder" ;;
    *"made anew"* | *"memory takes the place"*) say "LOST $folder" ;;
  esac
}
mount_by /keep moult-mount-keep ${partitionPrefix}5
mount_by /data moult-mount-data --remake ${partitionPrefix}6
mount -t ext4 -o ro ${partitionPrefix}7 /usr/lib/runtime
mkdir -p /data/moult /run/moult

ip link set lo up
if [ "$health" != cut-off ]; then
  ip addr add 10.0.2.15/24 dev eth0
  ip link set eth0 up
  ip route add default via 10.0.2.2
fi

# Linux begins early to write out what nobody synced, and leaves the rest: so what was not synced is half there after a cut.
echo 2097152 >/proc/sys/vm/dirty_background_bytes
while :; do
  say AGENT start
  LD_LIBRARY_PATH=/usr/lib/runtime node /usr/bin/moult-agent daemon
  say "AGENT exit=$?"
  sleep 1
done
`;

/** `vda` of `/dev/vda`, `nvme0n1` of `/dev/nvme0n1p`. */
const diskOf = (partitionPrefix: string): string =>
  partitionPrefix.replace("/dev/", "").replace(/(\d)p$/, "$1");

/** What the agent calls to restart the machine. Its own files are open, so what is left is to write everything out. */
export const RESTART = `#!/bin/sh
export PATH=/bin:/sbin
read -r up _ </proc/uptime
echo "@@ REBOOT up=$up" >/dev/console
sync
reboot -f
`;
