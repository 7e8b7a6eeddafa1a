import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  commits,
  rollsBack,
  standIn,
  waits,
  type ModulePlay,
  type PlayStep,
} from "./module-play.ts";

/** A folder as an archive, or as the package that a tool makes of it. */
function made(files: Readonly<Record<string, string>>, ...tool: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "moult-play-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, "in", name)), { recursive: true });
      writeFileSync(join(folder, "in", name), content);
    }
    const [file = "", ...args] = tool.map((word) => word.replaceAll("@", folder));
    execFileSync(file, args, { stdio: "ignore" });
    return readFileSync(join(folder, "out"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const tar = (files: Readonly<Record<string, string>>): Buffer =>
  made(files, "tar", "-C", "@/in", "-cf", "@/out", ".");

const deb = (version: string): Buffer =>
  made(
    {
      "DEBIAN/control": `Package: moult-play\nVersion: ${version}\nArchitecture: all\nMaintainer: T <t@example.com>\nDescription: x\n`,
      "usr/share/moult-play/version": version,
    },
    "dpkg-deb",
    "-b",
    "@/in",
    "@/out",
  );

const SPEC = `Name: moult-play
Version: 1
Release: 1
Summary: x
License: none
BuildArch: noarch
AutoReqProv: no
%description
x
%install
mkdir -p %{buildroot}/usr/share/moult-play
echo rpm > %{buildroot}/usr/share/moult-play/version
%files
/usr/share/moult-play/version
`;

const rpm = (): Buffer =>
  made(
    { "play.spec": SPEC },
    "sh",
    "-c",
    "rpmbuild -bb -D '_topdir @/rpm' @/in/play.spec && mv @/rpm/RPMS/noarch/*.rpm @/out",
  );

const shows = (says: string, shell: string, prints: string): PlayStep => ({ says, shell, prints });

/** A module without a way back commits at once. */
const commitsAtOnce = (number: number): PlayStep => ({
  says: "install: no way back, so committed at once",
  shell: `install ${number}`,
  prints: "This device runs",
});

const fails = (number: number, prints: string): PlayStep => ({
  says: "install: fails",
  shell: `install ${number}`,
  exitCode: 1,
  prints,
});

const COMMUNITY = "mender-update-modules";

const client: readonly ModulePlay[] = [
  {
    repository: "mender",
    path: "support/modules/single-file",
    payloadType: "single-file",
    tools: "cp, mv, sync",
    artifacts: () =>
      Promise.resolve(
        ["one", "two", "three"].map((text) => ({
          name: text,
          files: {
            dest_dir: "/opt/play\n",
            filename: "a.txt\n",
            permissions: "640\n",
            "a.txt": `${text}\n`,
          },
        })),
      ),
    steps: [
      waits(1),
      commits,
      shows("the file is there", "stat -c %a /opt/play/a.txt; cat /opt/play/a.txt", "640\none"),
      waits(2),
      shows("the new file is there", "cat /opt/play/a.txt", "two"),
      rollsBack,
      shows("the former file is back", "cat /opt/play/a.txt", "one"),
    ],
  },
  {
    repository: "mender",
    path: "support/modules/directory",
    payloadType: "directory",
    tools: "tar",
    artifacts: () =>
      Promise.resolve(
        ["one", "two"].map((text) => ({
          name: text,
          files: { dest_dir: "/opt/play\n", "update.tar": tar({ [text]: text, sub: "dir" }) },
        })),
      ),
    steps: [
      waits(1),
      commits,
      waits(2),
      shows("the new folder is there", "ls /opt/play | tr '\\n' ' '", "sub two"),
      rollsBack,
      shows("the former folder is back", "ls /opt/play | tr '\\n' ' '", "one sub"),
    ],
  },
  {
    repository: "mender-configure-module",
    path: "src/mender-configure",
    payloadType: "mender-configure",
    tools: "an apply script",
    artifacts: () =>
      Promise.resolve(
        ["UTC", "Mars"].map((zone) => ({ name: zone, files: {}, metaData: { zone } })),
      ),
    steps: [
      {
        says: "an apply script that knows no zone on Mars",
        shell:
          'd=/usr/lib/mender-configure/apply-device-config.d; mkdir -p $d; printf \'#!/bin/sh\\ncat "$1" >> /tmp/applied; ! grep -q Mars "$1"\\n\' > $d/zone; chmod +x $d/zone',
      },
      waits(1),
      commits,
      { ...fails(2, "rolled-back"), says: "install: the script refuses it, rolled back by itself" },
      shows(
        "the former configuration is back",
        "cat /var/lib/mender-configure/device-config.json",
        "UTC",
      ),
      shows(
        "all that was applied",
        "tr -d ' \\n' < /tmp/applied",
        '{"zone":"UTC"}{"zone":"Mars"}{"zone":"UTC"}',
      ),
    ],
  },
];

const withRealTools: readonly ModulePlay[] = [
  {
    repository: COMMUNITY,
    path: "script/module/script",
    payloadType: "script",
    tools: "the payload's scripts",
    artifacts: () =>
      Promise.resolve([
        {
          name: "scripts",
          files: {
            "1.sh": "#!/bin/sh\necho a >> /tmp/n\n",
            "2.sh": "#!/bin/sh\necho b >> /tmp/n\n",
          },
        },
        { name: "failing", files: { "1.sh": "#!/bin/sh\nexit 3\n" } },
      ]),
    steps: [
      commitsAtOnce(1),
      shows("both ran, in order", "tr '\\n' ' ' < /tmp/n", "a b"),
      fails(2, "failing_INCONSISTENT"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "deb/module/deb",
    payloadType: "deb",
    tools: "dpkg",
    artifacts: () =>
      Promise.resolve([
        { name: "package-1", files: { "play.deb": deb("1.0") } },
        { name: "package-2", files: { "play.deb": deb("2.0") } },
        { name: "damaged", files: { "play.deb": "no package" } },
      ]),
    steps: [
      commitsAtOnce(1),
      commitsAtOnce(2),
      shows("dpkg has it", "dpkg-query -W moult-play", "2.0"),
      fails(3, "damaged_INCONSISTENT"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "rpm/module/rpm",
    payloadType: "rpm",
    tools: "rpm",
    artifacts: () => Promise.resolve([{ name: "package-1", files: { "play.rpm": rpm() } }]),
    steps: [commitsAtOnce(1), shows("rpm has it", "rpm -q moult-play", "moult-play-1-1.noarch")],
  },
  {
    repository: COMMUNITY,
    path: "dir-overlay/module/dir-overlay",
    payloadType: "dir-overlay",
    tools: "tar",
    artifacts: () =>
      Promise.resolve(
        [["one"], ["two", "more"]].map((names) => ({
          name: names.join("-"),
          files: {
            dest_dir: "/opt/play\n",
            manifest: `${names.join("\n")}\n`,
            "update.tar": tar(Object.fromEntries(names.map((name) => [name, name]))),
          },
        })),
      ),
    steps: [
      { says: "a file that is none of its", shell: "mkdir -p /opt/play; echo own > /opt/play/own" },
      waits(1),
      commits,
      shows("laid over what is there", "ls /opt/play | tr '\\n' ' '", "one own"),
      waits(2),
      shows(
        "the former files are gone, the new are there",
        "ls /opt/play | tr '\\n' ' '",
        "more own two",
      ),
      rollsBack,
      shows(
        "what its rollback does: the new files stay, the former come back below themselves",
        "cd /opt/play; find . -type f | sort | tr '\\n' ' '",
        "./more ./opt/play/one ./own ./two",
      ),
    ],
  },
  {
    repository: COMMUNITY,
    path: "persistent-app/module/persistent-app",
    payloadType: "persistent-app",
    tools: "cp",
    artifacts: () =>
      Promise.resolve([{ name: "app-1", files: { dest_dir: "/opt/play", program: "one\n" } }]),
    steps: [
      {
        ...fails(1, "update module ProvidePayloadFileSizes ended with exit code 1"),
        says: "install: it fails in every state before its files are there, so no client that heeds that can use it",
      },
      shows(
        "nothing was changed",
        "ls /opt/play 2>&1; moult-agent show-provides",
        "artifact_name=factory",
      ),
    ],
  },
  {
    repository: COMMUNITY,
    path: "banner/module/banner",
    payloadType: "banner",
    tools: "jq",
    artifacts: () =>
      Promise.resolve([
        { name: "hello", files: { none: "\n" }, metaData: { banner_text: "hello" } },
        { name: "silent", files: { none: "\n" }, metaData: {} },
      ]),
    steps: [
      waits(1),
      commits,
      shows("the banner is there", "cat /etc/motd", "hello"),
      fails(2, "rolled-back"),
      shows("the banner is still there", "cat /etc/motd", "hello"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "dirty/module/dirty",
    payloadType: "dirty",
    tools: "date",
    artifacts: () => Promise.resolve([{ name: "dirty-1", files: { none: "\n" } }]),
    steps: [
      { ...fails(1, "dirty-1_INCONSISTENT"), says: "install: it always fails in its commit" },
      shows("it ran", "cat /tmp/dirty", "state: ArtifactInstall"),
    ],
  },
  {
    repository: COMMUNITY,
    path: "reboot/module/reboot",
    payloadType: "reboot",
    tools: "-",
    artifacts: () => Promise.resolve([{ name: "reboot-1", files: { none: "\n" } }]),
    steps: [commitsAtOnce(1)],
  },
];

const CALLS = "cat /tmp/calls";

const withStandIns: readonly ModulePlay[] = [
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

export const ALL_PLAYS: readonly ModulePlay[] = [...client, ...withRealTools, ...withStandIns];
