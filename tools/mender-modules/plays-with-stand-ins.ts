import {
  COMMUNITY,
  commits,
  commitsAtOnce,
  fails,
  rollsBack,
  shows,
  standIn,
  waits,
  type ModulePlay,
} from "./module-play.ts";

const CALLS = "cat /tmp/calls";

/** Modules whose tools are stand-ins that write down how they are called. */
export const PLAYS_WITH_STAND_INS: readonly ModulePlay[] = [
  {
    repository: COMMUNITY,
    path: "ipk/module/ipk",
    payloadType: "ipk",
    tools: "opkg: a stand-in",
    artifacts: () => Promise.resolve([{ name: "ipk-1", files: { "play.ipk": "package" } }]),
    steps: [
      standIn("opkg"),
      commitsAtOnce(1),
      shows("how opkg was called", CALLS, "opkg install "),
    ],
  },
  {
    repository: COMMUNITY,
    path: "k8s/module/k8s",
    payloadType: "k8s",
    tools: "kubectl: a stand-in",
    artifacts: () => Promise.resolve([{ name: "k8s-1", files: { "play.yaml": "kind: Pod\n" } }]),
    steps: [
      standIn("kubectl"),
      commitsAtOnce(1),
      shows("how kubectl was called", CALLS, "kubectl apply -f "),
    ],
  },
  {
    repository: COMMUNITY,
    path: "dfu/module/dfu",
    payloadType: "dfu",
    tools: "dfu-util: a stand-in",
    artifacts: () => Promise.resolve([{ name: "dfu-1", files: { "firmware.bin": "firmware" } }]),
    steps: [
      standIn("dfu-util"),
      commitsAtOnce(1),
      shows("how dfu-util was called", CALLS, "dfu-util --alt 1 --download "),
    ],
  },
  {
    repository: COMMUNITY,
    path: "install_snap/module/install_snap",
    payloadType: "install_snap",
    tools: "snap: a stand-in",
    artifacts: () =>
      Promise.resolve([{ name: "snap-1", files: { none: "\n" }, metaData: { snaps: ["web"] } }]),
    steps: [
      {
        ...fails(1, "Must have snap installed"),
        says: "install: no snap here, so it refuses",
        shell: "install 1; grep -h 'Must have snap' /var/lib/moult/logs/*; false",
      },
      standIn("snap"),
      commitsAtOnce(1),
      shows("how snap was called", CALLS, "snap install web"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "docker/module/docker",
    payloadType: "docker",
    tools: "docker: a stand-in",
    artifacts: () =>
      Promise.resolve([
        {
          name: "docker-1",
          files: { none: "\n" },
          metaData: { containers: ["web:2"], run_args: "-p 80:80" },
        },
      ]),
    steps: [
      standIn("docker"),
      waits(1),
      rollsBack,
      shows("how docker was called", CALLS, "docker pull web:2\ndocker run -dt -p 80:80 web:2"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "podman/module/podman",
    payloadType: "podman",
    tools: "podman: a stand-in",
    artifacts: () =>
      Promise.resolve([
        { name: "podman-1", files: { none: "\n" }, metaData: { containers: ["web:2"] } },
      ]),
    steps: [
      standIn("podman"),
      waits(1),
      commits,
      shows("how podman was called", CALLS, "podman pull web:2\npodman run -dt web:2"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "swu/module/swu",
    payloadType: "swu",
    tools: "swupdate: a stand-in",
    artifacts: () =>
      Promise.resolve([
        { name: "swu-1", files: { "play.swu": "image" }, metaData: { reboot: "false" } },
      ]),
    steps: [
      standIn("swupdate"),
      commitsAtOnce(1),
      shows("how swupdate was called", CALLS, "swupdate -i "),
    ],
  },
  {
    repository: COMMUNITY,
    path: "rootfs-version-check/module/rootfs-version-check",
    payloadType: "rootfs-version-check",
    tools: "partitions that are files; fw_setenv, fw_printenv and a comparison: stand-ins",
    artifacts: () => Promise.resolve([{ name: "2.0", files: { "rootfs.img": "new system\n" } }]),
    steps: [
      {
        says: "two partitions, the first of which runs, and a boot environment",
        shell: `mkdir -p /etc/mender /usr/share/mender/utils; : > /tmp/part1; : > /tmp/part2
printf 'MENDER_ROOTFS_PART_A=/tmp/part1\\nMENDER_ROOTFS_PART_B=/tmp/part2\\n' > /etc/mender/rootfs-version-check.conf
printf '#!/bin/sh\\nexit 0\\n' > /usr/share/mender/utils/mender-compare-versions
printf '#!/bin/sh\\ngrep "^$1=" /tmp/environment\\n' > /usr/local/bin/fw_printenv
printf '#!/bin/sh\\n[ "$1" = -s ] || { set -- "$1" "$2"; echo "$1 $2" | exec "$0" -s -; }\\nwhile read -r n v; do sed -i "/^$n=/d" /tmp/environment; echo "$n=$v" >> /tmp/environment; done\\n' > /usr/local/bin/fw_setenv
printf 'mender_boot_part=1\\nupgrade_available=0\\n' > /tmp/environment
chmod +x /usr/local/bin/fw_* /usr/share/mender/utils/*`,
      },
      {
        says: "install: streamed into the spare partition; a reboot is needed",
        shell: "install 1",
        exitCode: 4,
        prints: "Reboot to try it",
      },
      shows(
        "the partition, and what boots next",
        "cat /tmp/part2; sort /tmp/environment",
        "new system\nbootcount=0\nmender_boot_part=2",
      ),
      rollsBack,
      shows("what boots next", "sort /tmp/environment", "upgrade_available=0"),
    ],
  },
];
