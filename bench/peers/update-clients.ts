import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startLocalProcess } from "../../tools/local/local-process.ts";

/** Of a client's processes together, in bytes. */
export interface ClientMemory {
  readonly resident: number;
  /** Pages that several processes share are counted in parts. */
  readonly proportional: number;
}

interface UpdateClient {
  /** As its processes are called. */
  readonly process: string;
  readonly label: string;
  /** Writes what it needs into the folder; the command that runs it until it is ended. */
  readonly command: (folder: string, serverUrl: string) => readonly [string, ...string[]];
}

/** As Debian has them, each waiting for its server as on a device. */
export const UPDATE_CLIENTS: readonly UpdateClient[] = [
  { process: "mender", label: "mender-client", command: menderCommand },
  { process: "rauc", label: "rauc", command: raucCommand },
  { process: "swupdate", label: "swupdate", command: swupdateCommand },
];

/** What a client takes once it has had `settleMs` to come to rest. */
export async function measureClient(
  client: UpdateClient,
  folder: string,
  settleMs: number,
): Promise<ClientMemory> {
  mkdirSync(folder, { recursive: true });
  // It has nothing for anybody.
  const server = createServer((request, response) => {
    const isAuthentication = request.url?.includes("auth_requests") === true;
    response.statusCode = isAuthentication || request.method === "GET" ? 200 : 204;
    response.end(
      isAuthentication ? "token" : response.statusCode === 200 ? IDLE_ACTION : undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const [program, ...args] = client.command(folder, `http://127.0.0.1:${port}`);
  const running = await startLocalProcess(program, args, { logFile: join(folder, "log") });
  try {
    await sleep(settleMs);
    const pids = descendants(running.pid).filter((pid) => nameOf(pid) === client.process);
    if (running.exitCode() !== undefined || pids.length === 0)
      throw new Error(`${client.label} does not run:\n${running.tail()}`);
    return memoryOf(pids);
  } finally {
    for (const pid of descendants(running.pid).toReversed()) process.kill(pid, "SIGTERM");
    await running.stop();
    server.close();
    server.closeAllConnections();
  }
}

/** hawkBit's answer to a device that has nothing to do. */
const IDLE_ACTION = JSON.stringify({ config: { polling: { sleep: "00:05:00" } }, _links: {} });

export function memoryOf(pids: readonly number[]): ClientMemory {
  let [resident, proportional] = [0, 0];
  for (const pid of pids) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const bytes = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(rollup)?.[1]) * 1024;
    resident += bytes("Rss");
    proportional += bytes("Pss");
  }
  return { resident, proportional };
}

function descendants(pid: number): readonly number[] {
  const parents = readdirSync("/proc").flatMap((name) => {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : undefined;
    return parent === undefined ? [] : [[Number(name), parent] as const];
  });
  const below = (of: number): number[] => [
    of,
    ...parents.filter(([, parent]) => parent === of).flatMap(([child]) => below(child)),
  ];
  return below(pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It ended in the meantime.
    return undefined;
  }
}

const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, "utf8").trim();

function menderCommand(folder: string, serverUrl: string): readonly [string, ...string[]] {
  for (const name of ["etc", "share/identity", "data"])
    mkdirSync(join(folder, name), { recursive: true });
  const script = join(folder, "share/identity/mender-device-identity");
  writeFileSync(script, "#!/bin/sh\necho serial=bench\n");
  chmodSync(script, 0o755);
  writeFileSync(join(folder, "etc/artifact_info"), "artifact_name=bench-1\n");
  writeFileSync(join(folder, "data/device_type"), "device_type=bench\n");
  const config = {
    ServerURL: serverUrl,
    DBus: { Enabled: false },
    UpdatePollIntervalSeconds: 300,
    InventoryPollIntervalSeconds: 300,
    RetryPollIntervalSeconds: 5,
  };
  writeFileSync(join(folder, "etc/mender.conf"), JSON.stringify(config));
  const mounts = `mount --bind ${folder}/etc /etc/mender && mount --bind ${folder}/share /usr/share/mender`;
  const daemon = `exec mender -c ${folder}/etc/mender.conf -d ${folder}/data --no-syslog daemon`;
  return ["unshare", "--mount", "sh", "-c", `${mounts} && ${daemon}`];
}

function raucCommand(folder: string): readonly [string, ...string[]] {
  certificate(folder);
  writeFileSync(
    join(folder, "system.conf"),
    `[system]\ncompatible=bench\nbootloader=noop\n[keyring]\npath=${folder}/cert.pem\n[slot.rootfs.0]\ndevice=${folder}/a\ntype=raw\nbootname=a\n[slot.rootfs.1]\ndevice=${folder}/b\ntype=raw\nbootname=b\n`,
  );
  const service = `DBUS_STARTER_BUS_TYPE=session exec rauc -c ${folder}/system.conf --override-boot-slot=a service`;
  return ["dbus-run-session", "--", "sh", "-c", service];
}

function swupdateCommand(folder: string, serverUrl: string): readonly [string, ...string[]] {
  certificate(folder);
  writeFileSync(join(folder, "swupdate.cfg"), "globals : { verbose = false; };\n");
  const suricatta = `-t default -u ${serverUrl} -i bench -p 300`;
  const [configFile, key] = [join(folder, "swupdate.cfg"), join(folder, "cert.pem")];
  return ["swupdate", "-f", configFile, "-k", key, "-H", "bench:1.0", "-u", suricatta];
}

function certificate(folder: string): void {
  const request =
    "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=bench -keyout key.pem -out cert.pem";
  execFileSync("openssl", request.split(" "), { cwd: folder, stdio: "ignore" });
}
