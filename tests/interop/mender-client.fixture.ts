import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startLocalProcess, type LocalProcess } from "../../tools/local/local-process.ts";

export interface MenderDeviceOptions {
  /** Everything of the device is below it. */
  readonly root: string;
  readonly serverUrl: string;
  /** PEM file of whom it believes. */
  readonly certificateFile: string;
  readonly tenantToken: string;
  readonly identity: Readonly<Record<string, string>>;
  readonly deviceType: string;
  /** What it runs when it is made. */
  readonly artifactName: string;
  /** PEM of whom it believes that a release is theirs. */
  readonly artifactVerifyKey?: string;
  /** State scripts of the system itself, by name; their bodies. */
  readonly rootfsScripts?: Readonly<Record<string, string>>;
  /** A key that it was given at the factory. */
  readonly privateKey?: string;
}

/**
 * A device with Debian's mender-client, the real program, in a mount namespace of its own: it sees its folders where it is
 * compiled to look for them.
 */
export interface MenderDevice {
  /** The folder that updates put files into. */
  readonly target: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A power cut, as far as a process can have one. */
  kill(): Promise<void>;
  /** Asks for an update now, not at the next interval. */
  checkUpdate(): void;
  /** As after a factory reset: it makes a key anew at its next start. */
  forgetKey(): void;
  log(): string;
  read(name: string): string | undefined;
  readBytes(name: string): Buffer | undefined;
  /** `mender show-provides`, by the program while its daemon does not run. */
  showProvides(): string;
}

/** Where clients look for their scripts and modules. */
export const SHARE = "/usr/share/mender";
const CLIENT = "/usr/bin/mender";

export function createMenderDevice(options: MenderDeviceOptions): MenderDevice {
  if (!existsSync(CLIENT))
    throw new Error("mender-client is missing: apt-get install mender-client");
  const { root } = options;
  const at = (...parts: readonly string[]): string => join(root, ...parts);
  furnishMenderDevice(options, at);
  let daemon: LocalProcess | undefined;
  const inside = [
    "--mount",
    ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
    "sh",
    "-c",
    `mount --bind ${at("etc")} /etc/mender && mount --bind ${at("share")} ${SHARE} &&
     exec ${CLIENT} --no-syslog --data ${at("var")} "$@"`,
    "mender",
  ];
  const logFile = at("mender.log");
  const readTarget = (name: string): Buffer | undefined =>
    existsSync(at("target", name)) ? readFileSync(at("target", name)) : undefined;
  return {
    target: at("target"),
    start: async () => {
      daemon = await startLocalProcess("unshare", [...inside, "--log-level", "debug", "daemon"], {
        logFile,
      });
    },
    stop: async () => {
      await daemon?.stop();
      daemon = undefined;
    },
    kill: async () => {
      await daemon?.kill();
      daemon = undefined;
    },
    checkUpdate: () => {
      if (daemon !== undefined) process.kill(daemon.pid, "SIGUSR1");
    },
    forgetKey: () => rmSync(at("var", "mender-agent.pem")),
    log: () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : ""),
    read: (name) => readTarget(name)?.toString("utf8"),
    readBytes: readTarget,
    showProvides: () => spawnSync("unshare", [...inside, "show-provides"]).stdout.toString(),
  };
}

/** Folders, scripts and configuration of a device. */
export function furnishMenderDevice(
  options: MenderDeviceOptions,
  at: (...parts: readonly string[]) => string,
): void {
  for (const folder of ["etc", "var", "target"]) mkdirSync(at(folder), { recursive: true });
  execFileSync("cp", ["-a", SHARE, at("share")]);
  mkdirSync(at("share", "inventory"), { recursive: true });
  const printing = (attributes: Readonly<Record<string, string>>): string =>
    `#!/bin/sh\n${Object.entries(attributes)
      .map(([name, value]) => `echo '${name}=${value}'\n`)
      .join("")}`;
  const script = (path: string, text: string): void => {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  mkdirSync(at("share", "identity"), { recursive: true });
  script(at("share", "identity", "mender-device-identity"), printing(options.identity));
  script(
    at("share", "inventory", "mender-inventory-os"),
    printing({ os: "Debian", kernel: "6.1" }),
  );
  writeFileSync(at("var", "device_type"), `device_type=${options.deviceType}\n`);
  writeFileSync(at("etc", "artifact_info"), `artifact_name=${options.artifactName}\n`);
  mkdirSync(at("etc", "scripts"), { recursive: true });
  writeFileSync(at("etc", "scripts", "version"), "3");
  for (const [name, body] of Object.entries(options.rootfsScripts ?? {}))
    script(at("etc", "scripts", name), `#!/bin/sh\n${body}\n`);
  if (options.artifactVerifyKey !== undefined)
    writeFileSync(at("etc", "artifact-verify-key.pem"), options.artifactVerifyKey);
  if (options.privateKey !== undefined)
    writeFileSync(at("var", "mender-agent.pem"), options.privateKey, { mode: 0o600 });
  writeFileSync(
    at("etc", "mender.conf"),
    JSON.stringify({
      ServerURL: options.serverUrl,
      ServerCertificate: options.certificateFile,
      TenantToken: options.tenantToken,
      UpdatePollIntervalSeconds: 2,
      InventoryPollIntervalSeconds: 2,
      RetryPollIntervalSeconds: 2,
      // Unless told it is twice the interval: on a busy machine a client would be too late to ask again.
      UpdateControlMapExpirationTimeSeconds: 120,
      DBus: { Enabled: false },
      DeviceTypeFile: at("var", "device_type"),
      ...(options.artifactVerifyKey === undefined
        ? {}
        : { ArtifactVerifyKey: "/etc/mender/artifact-verify-key.pem" }),
    }),
  );
}
