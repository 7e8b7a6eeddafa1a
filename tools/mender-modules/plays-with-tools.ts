import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  COMMUNITY,
  commits,
  commitsAtOnce,
  fails,
  rollsBack,
  shows,
  waits,
  type ModulePlay,
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

/** Modules whose tools this machine has, so that what they did can be seen. */
export const PLAYS_WITH_TOOLS: readonly ModulePlay[] = [...client, ...withRealTools];
