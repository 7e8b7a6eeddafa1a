import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVER_BUNDLE, startLocalServer } from "../tools/local/local-server.ts";
import { words } from "../tools/local/moult-command.ts";
import { enrolDevices, requestText } from "./check-in/devices.ts";
import { CONNECTIONS, runLoad } from "./check-in/run-load.ts";
import { median, summary, type BenchOptions, type BenchReport } from "./measure.ts";
import { fillFleet, otherRows } from "./planner/fill-fleet.ts";
import { factsOfLastOffer, timeDecide } from "./planner/time-decide.ts";

export const name = "planner";
export const question =
  "Does deciding, and a check-in that is decided, cost the same in a fleet of a thousand and of a million, and what does a deployment write?";

const FLEETS = [1_000, 100_000, 1_000_000];
const ASKING = 100;

/** What was measured in one fleet, a value for each run. */
interface Measured {
  readonly devices: number;
  readonly idle: readonly number[];
  readonly decide: readonly number[];
  readonly decided: readonly number[];
  readonly createMs: number;
  readonly rows: number;
}

export async function run(options: BenchOptions): Promise<BenchReport> {
  const fleets: Measured[] = [];
  for (const devices of FLEETS) fleets.push(await measureFleet(devices, options));
  const results = fleets.flatMap(({ devices, idle, decide, decided, createMs, rows }) => [
    summary(`decide, ${devices} devices`, "ns of a processor", decide),
    summary(`idle check-in, ${devices} devices`, "ns of the server's processor", idle),
    summary(
      `idle check-in, ${devices} devices`,
      "per second of the server's processor",
      idle.map((ns) => 1e9 / ns),
    ),
    summary(`decided check-in, ${devices} devices`, "ns of the server's processor", decided),
    summary(`deployment created, ${devices} devices`, "ms", [createMs]),
    summary(`deployment created, ${devices} devices`, "rows", [rows]),
  ]);
  const [first] = fleets;
  const last = fleets.at(-1);
  if (first === undefined || last === undefined) return { results, ratios: {} };
  return {
    results,
    ratios: {
      "decide, largest / smallest fleet": median(last.decide) / median(first.decide),
      "idle, largest / smallest fleet": median(last.idle) / median(first.idle),
      "decided, largest / smallest fleet": median(last.decided) / median(first.decided),
      "decided / idle, largest fleet": median(last.decided) / median(last.idle),
    },
  };
}

async function measureFleet(count: number, { runs, say }: BenchOptions): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-planner-"));
  const dataFolder = join(folder, "server");
  const file = join(dataFolder, "moult.sqlite");
  const server = await startLocalServer({
    dataFolder,
    program: SERVER_BUNDLE,
    settings: { MOULT_TLS_MODE: "off", MOULT_LOG_LEVEL: "warn" },
  });
  try {
    say(`a fleet of ${count}`);
    const { devices, moult, trust } = await enrolDevices(folder, server, ASKING, CONNECTIONS);
    fillFleet(file, count);
    writeFileSync(join(folder, "content"), "2.0");
    await moult.ok(
      words`artifact create content --type single-file --dest-dir /srv --name 2.0 --hardware-type board --out 2.0.mender`,
    );
    await moult.ok(words`release upload --product bench 2.0.mender`);
    await trust.publish();
    for (const device of devices) await device.checkIn();
    const requestsFile = join(folder, "requests.json");
    const measure = async (asking: typeof devices): Promise<number[]> => {
      writeFileSync(requestsFile, JSON.stringify(asking.map((one) => requestText(one, false))));
      const costs: number[] = [];
      for (let index = 0; index < runs; index += 1) {
        const { perCore } = await runLoad(server.port, [server.pid], requestsFile);
        costs.push(1e9 / (perCore[0] ?? Number.NaN));
      }
      return costs;
    };

    const idle = await measure(devices);
    const before = otherRows(file);
    const startedMs = performance.now();
    await moult.ok(
      words`deployment create bench/2.0 --all --name bench --stages 99,100 --concurrent 1 --per-minute 1000`,
    );
    const createMs = performance.now() - startedMs;
    const rows = otherRows(file) - before;
    // One takes the only place; the others ask for it at each check-in, and each is decided from facts that are read anew.
    const waiting: (typeof devices)[number][] = [];
    for (const device of devices)
      if ((await device.checkIn())?.action.kind !== "install") waiting.push(device);
    const decided = await measure(waiting);
    const facts = factsOfLastOffer(file);
    const timed = Array.from({ length: runs }, () => timeDecide(facts));
    const decide = timed.map(({ ns }) => ns);
    const share = Math.round((timed[0]?.offers ?? 0) * 100);
    say(`decide ${Math.round(median(decide))} ns, ${share} % of them offers`);
    say(`idle ${Math.round(median(idle))} ns, decided ${Math.round(median(decided))} ns`);
    return { devices: count, idle, decide, decided, createMs, rows };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
