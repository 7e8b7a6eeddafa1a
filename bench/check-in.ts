import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { seededRandom } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { createFleetLink } from "../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../tools/fleet/simulated-device.ts";
import { setUpAdministrator } from "../tools/local/administrator.ts";
import { SERVER_BUNDLE, startLocalServer, type LocalServer } from "../tools/local/local-server.ts";
import { createMoultCommand, words } from "../tools/local/moult-command.ts";
import {
  median,
  processorMs,
  residentBytes,
  summary,
  type BenchOptions,
  type BenchReport,
} from "./measure.ts";
import { startNginx } from "./peers/nginx.ts";

export const name = "check-in";
export const question =
  "How many idle check-ins a second does a core answer, with session and database, beside nginx answering 204?";

const DEVICES = 1_000;
const CONNECTIONS = 32;
const SECONDS = 5;
const LOAD = fileURLToPath(new URL("./check-in/load.ts", import.meta.url));
const execute = promisify(execFile);

export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-check-in-"));
  const nginx = await startNginx(folder, "location / { return 204; }");
  const server = await startLocalServer({
    dataFolder: join(folder, "server"),
    program: SERVER_BUNDLE,
    settings: { MOULT_TLS_MODE: "off", MOULT_LOG_LEVEL: "warn" },
  });
  try {
    say(`enrols ${DEVICES} devices`);
    const requestsFile = join(folder, "requests.json");
    writeFileSync(requestsFile, JSON.stringify(await idleRequests(folder, server)));
    // nginx serves in its only worker, the child of the process that was started.
    const worker = Number(readFileSync(`/proc/${nginx.pid}/task/${nginx.pid}/children`, "utf8"));
    const moult: Load[] = [];
    const peer: Load[] = [];
    await load(server.port, server.pid, requestsFile);
    for (let index = 0; index < runs; index += 1) {
      const ours = await load(server.port, server.pid, requestsFile);
      const theirs = await load(nginx.port, worker, requestsFile);
      say(
        `run ${index + 1}: moult ${Math.round(ours.perCore)}/s a core, nginx ${Math.round(theirs.perCore)}/s a core`,
      );
      moult.push(ours);
      peer.push(theirs);
    }
    const perCore = (loads: readonly Load[]) => loads.map((one) => one.perCore);
    const perSecond = (loads: readonly Load[]) => loads.map((one) => one.perSecond);
    return {
      results: [
        summary("moult check-ins", "per second", perSecond(moult)),
        summary("moult check-ins", "per second of its processor time", perCore(moult)),
        summary("nginx 204", "per second", perSecond(peer)),
        summary("nginx 204", "per second of its processor time", perCore(peer)),
        summary("moult memory after it", "MB", [residentBytes(server.pid).now / 1_000_000]),
      ],
      ratios: {
        "moult / nginx, per core": median(
          moult.map((one, index) => one.perCore / (peer[index]?.perCore ?? 0)),
        ),
      },
    };
  } finally {
    await nginx.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Load {
  readonly perSecond: number;
  readonly perCore: number;
}

/** A few seconds of requests from another process, and the processor time that the server spent on them. */
async function load(port: number, pid: number, requestsFile: string): Promise<Load> {
  const before = processorMs(pid);
  const { stdout } = await execute(process.execPath, [
    LOAD,
    ...words`--port ${String(port)} --requests ${requestsFile}`,
    ...words`--connections ${String(CONNECTIONS)} --seconds ${String(SECONDS)}`,
  ]);
  const answered = Number(stdout);
  return {
    perSecond: answered / SECONDS,
    perCore: (answered / (processorMs(pid) - before)) * 1_000,
  };
}

/** One idle check-in of each device, as it goes over the wire, answered 204 for as long as nothing changes. */
async function idleRequests(home: string, server: LocalServer): Promise<string[]> {
  const moult = createMoultCommand({ home, cwd: home });
  await setUpAdministrator(server, moult);
  await moult.ok(words`product create bench`);
  const token = await moult.ok(
    words`enrolment-token create --product bench --accepts --uses ${String(DEVICES)}`,
  );
  await moult.ok(
    words`device provision --product bench --hardware-type board --enrolment-token -
      --out provisioning.json`,
    token,
  );
  const provisioning = Provisioning.parse(
    JSON.parse(readFileSync(join(home, "provisioning.json"), "utf8")),
  );
  const link = createFleetLink(provisioning, CONNECTIONS);
  const behaviour = { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 };
  const deps = {
    link,
    provisioning,
    behaviour,
    random: seededRandom(1),
    wait: (ms: number) => sleep(ms),
  };
  const devices = Array.from(
    { length: DEVICES },
    (_, index) => new SimulatedDevice(deps, "bench", index, "1.0"),
  );
  await Promise.all(devices.map((device) => device.enrol()));
  // Until the answer that each holds is the one: the epoch moved while the others joined.
  for (let round = 0; round < 3; round += 1)
    await Promise.all(devices.map((device) => device.checkIn()));
  link.close();
  return devices.map((device) => {
    const { token: session, request } = device.checkInRequest();
    const body = JSON.stringify(request);
    return `POST /device/v1/check-in HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${session}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  });
}
