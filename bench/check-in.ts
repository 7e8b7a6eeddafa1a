import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVER_BUNDLE, startLocalServer } from "../tools/local/local-server.ts";
import { enrolDevices, requestText } from "./check-in/devices.ts";
import { CONNECTIONS, runLoad, type Load } from "./check-in/run-load.ts";
import { median, residentBytes, summary, type BenchOptions, type BenchReport } from "./measure.ts";
import { startNginx } from "./peers/nginx.ts";

export const name = "check-in";
export const question =
  "How many idle check-ins a second does a core answer, with session and database, beside nginx answering 204?";

const DEVICES = 1_000;

const first = (load: Load | undefined): number => load?.perCore[0] ?? Number.NaN;

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
    const { devices } = await enrolDevices(folder, server, DEVICES, CONNECTIONS);
    writeFileSync(
      requestsFile,
      JSON.stringify(devices.map((device) => requestText(device, false))),
    );
    // nginx serves in its only worker, the child of the process that was started.
    const worker = Number(readFileSync(`/proc/${nginx.pid}/task/${nginx.pid}/children`, "utf8"));
    const moult: Load[] = [];
    const peer: Load[] = [];
    await runLoad(server.port, [server.pid], requestsFile);
    for (let index = 0; index < runs; index += 1) {
      const ours = await runLoad(server.port, [server.pid], requestsFile);
      const theirs = await runLoad(nginx.port, [worker], requestsFile);
      say(
        `run ${index + 1}: moult ${Math.round(first(ours))}/s a core, nginx ${Math.round(first(theirs))}/s a core`,
      );
      moult.push(ours);
      peer.push(theirs);
    }
    const perCore = (loads: readonly Load[]) => loads.map(first);
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
          moult.map((one, index) => first(one) / first(peer[index])),
        ),
      },
    };
  } finally {
    await nginx.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
