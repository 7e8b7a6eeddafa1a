import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startLocalProcess, waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import { tool } from "./ddi-server.fixture.ts";

/** What a slot of the device holds. */
export const SLOT_BYTES = 256 * 1024;

/** A key pair with which bundles are signed, in a folder. */
export async function makeBundleKey(folder: string): Promise<void> {
  const files = ["-keyout", join(folder, "bundle.key"), "-out", join(folder, "bundle.pem")];
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"];
  await tool("openssl", ["req", ...kind, ...files]);
}

/** A bundle by RAUC itself, with an image for a whole slot. */
export async function makeBundle(
  folder: string,
  version: string,
  content: Buffer,
): Promise<string> {
  const place = join(folder, `bundle-${version}`);
  await mkdir(place);
  await writeFile(join(place, "rootfs.img"), content);
  await writeFile(
    join(place, "manifest.raucm"),
    `[update]\ncompatible=gw2\nversion=${version}\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n`,
  );
  const signing = ["--cert", join(folder, "bundle.pem"), "--key", join(folder, "bundle.key")];
  const bundle = join(folder, `firmware-${version}.raucb`);
  await tool("rauc", [...signing, "bundle", place, bundle]);
  return bundle;
}

export interface RaucDeviceOptions {
  readonly folder: string;
  readonly controllerId: string;
  readonly token: string;
}

export interface RaucBoot {
  /** The server's, without its scheme. */
  readonly host: string;
  /** The slot that the bootloader chose; the one that RAUC made the next one unless told. */
  readonly slot?: "a" | "b";
  /** What its attributes say that it runs. */
  readonly runs: string;
}

/**
 * A device with Debian's RAUC as a service on a message bus of its own, whose slots are files and whose bootloader is a shell
 * script, and with rauc-hawkbit-updater.
 */
export interface RaucDevice {
  /** As the machine's start does, after what ran before was ended. */
  boot(boot: RaucBoot): Promise<void>;
  stop(): Promise<void>;
  slot(name: "a" | "b"): Promise<Buffer>;
  /** What its update client printed. */
  said(): Promise<string>;
}

export async function createRaucDevice(options: RaucDeviceOptions): Promise<RaucDevice> {
  const { folder } = options;
  const at = (name: string): string => join(folder, name);
  for (const slot of ["a", "b"]) {
    await writeFile(at(`slot-${slot}`), "");
    await truncate(at(`slot-${slot}`), SLOT_BYTES);
  }
  await writeFile(at("system.conf"), systemConfiguration(folder));
  await writeFile(at("boot-loader"), bootLoader(folder));
  await chmod(at("boot-loader"), 0o755);
  const environment = {
    DBUS_STARTER_BUS_TYPE: "session",
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("bus")}`,
  };
  const started: LocalProcess[] = [];
  const start = async (file: string, args: readonly string[], log: string): Promise<void> => {
    started.push(await startLocalProcess(file, args, { logFile: at(log), environment }));
  };
  const stop = async (): Promise<void> => {
    for (const each of started.splice(0).toReversed()) await each.stop();
  };
  let boots = 0;
  await start(
    "dbus-daemon",
    ["--session", "--nofork", `--address=unix:path=${at("bus")}`],
    "bus.log",
  );
  const [bus] = started.splice(0);
  await waitFor("the message bus", async () => existsSync(at("bus")) || undefined, 30_000, 25);

  return {
    boot: async ({ host, slot, runs }) => {
      await stop();
      boots += 1;
      const primary = await readFile(at("primary"), "utf8").catch(() => "a");
      const booted = slot ?? primary.trim();
      const service = [`--conf=${at("system.conf")}`, `--override-boot-slot=${booted}`];
      await start("rauc", ["service", ...service], "rauc.log");
      await waitFor(
        "RAUC's service",
        async () =>
          (await tool("rauc", ["status"], { environment }).catch(() => undefined)) && true,
        30_000,
        50,
      );
      const { controllerId, token } = options;
      const bootId = `boot-${boots}`;
      const configuration = { host, controllerId, token, runs, bootId, folder };
      await writeFile(at("updater.conf"), updaterConfiguration(configuration));
      await start(RAUC_UPDATER, ["-c", at("updater.conf"), "-d"], "updater.log");
    },
    stop: async () => {
      await stop();
      await bus?.stop();
    },
    slot: (name) => readFile(at(`slot-${name}`)),
    said: () => readFile(at("updater.log"), "utf8"),
  };
}

/** It is in no package; whoever built it says where it is. */
const RAUC_UPDATER = process.env["RAUC_HAWKBIT_UPDATER"] ?? "rauc-hawkbit-updater";

const updaterConfiguration = (values: {
  readonly host: string;
  readonly controllerId: string;
  readonly token: string;
  readonly runs: string;
  readonly bootId: string;
  readonly folder: string;
}): string => `[client]
hawkbit_server = ${values.host}
ssl = false
tenant_id = DEFAULT
target_name = ${values.controllerId}
auth_token = ${values.token}
bundle_download_location = ${values.folder}/download.raucb
resume_downloads = true
retry_wait = 1
log_level = debug

[device]
sw_version = ${values.runs}
boot_id = ${values.bootId}
`;

const systemConfiguration = (folder: string): string => `
[system]
compatible=gw2
bootloader=custom
statusfile=${folder}/status
mountprefix=${folder}/mount
bundle-formats=plain
[keyring]
path=${folder}/bundle.pem
[handlers]
bootloader-custom-backend=${folder}/boot-loader
[slot.rootfs.0]
device=${folder}/slot-a
type=raw
bootname=a
[slot.rootfs.1]
device=${folder}/slot-b
type=raw
bootname=b
`;

const bootLoader = (folder: string): string => `#!/bin/sh
case $1 in
get-primary) cat ${folder}/primary 2>/dev/null || echo a ;;
set-primary) echo "$2" > ${folder}/primary ;;
get-state) cat ${folder}/state-"$2" 2>/dev/null || echo good ;;
set-state) echo "$3" > ${folder}/state-"$2" ;;
esac
`;
