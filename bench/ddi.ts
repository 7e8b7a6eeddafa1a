import { randomBytes } from "node:crypto";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { present } from "@moult/base";
import { waitFor } from "../tools/local/local-process.ts";
import { CONNECTIONS, runLoad, type Load } from "./check-in/run-load.ts";
import {
  attributesText,
  controllers,
  FILE_BYTES,
  fileUrl,
  IDLE_CONTROLLERS,
  megabytesPerSecond,
  pollText,
  type DdiServer,
} from "./ddi/ddi-server.ts";
import { startHawkbit } from "./ddi/hawkbit-server.ts";
import { startMoult } from "./ddi/moult-server.ts";
import {
  median,
  residentBytes,
  summary,
  type BenchOptions,
  type BenchReport,
  type BenchResult,
} from "./measure.ts";

export const name = "ddi";
export const question =
  "How many polls of hawkBit's protocol a second are answered for 10,000 devices, and how fast is a file, beside hawkBit's own server?";

/** The jar of hawkbit-update-server; without it Moult is measured alone. */
const JAR = process.env["HAWKBIT_JAR"];
const MEGABYTE = 1_000_000;

interface Measured {
  readonly server: DdiServer;
  readonly requestsFile: string;
  readonly url: string;
  readonly loads: Load[];
  readonly downloads: number[];
}

export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-ddi-"));
  const file = join(folder, "image.bin");
  await writeNoise(file);
  const servers: DdiServer[] = [];
  try {
    say(`registers ${IDLE_CONTROLLERS} devices with moult`);
    servers.push(await startMoult(folder, file));
    if (JAR === undefined) say("HAWKBIT_JAR names no jar: moult alone");
    else {
      say(`registers ${IDLE_CONTROLLERS} devices with hawkBit`);
      servers.push(await startHawkbit(folder, JAR, file));
    }
    const measured: Measured[] = [];
    for (const server of servers) measured.push(await prepare(server, folder));
    for (let index = 0; index < runs; index += 1)
      // In turn, so that a machine that slows down slows both.
      for (const each of measured) {
        const { server, requestsFile, url, loads, downloads } = each;
        const load = await pollEach(server, requestsFile);
        const download = await megabytesPerSecond(url, server.offered);
        loads.push(load);
        downloads.push(download);
        say(
          `run ${index + 1}: ${server.label} ${Math.round(load.perSecond)} polls/s, p99 ${load.p99Ms.toFixed(1)} ms, ${Math.round(download)} MB/s`,
        );
      }
    return { results: measured.flatMap(resultsOf), ratios: ratiosOf(measured) };
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every device has said what it is, and polled; what a server compiles and caches, it has. */
async function prepare(server: DdiServer, folder: string): Promise<Measured> {
  const idle = controllers(IDLE_CONTROLLERS);
  const requestsFile = join(folder, `${server.label}-polls.json`);
  writeFileSync(requestsFile, JSON.stringify(idle.map((each) => pollText(server, each))));
  await inParallel(idle, async ({ id, token }) => {
    const [head = "", body = ""] = attributesText(server, { id, token }).split("\r\n\r\n");
    const path = head.split(" ")[1] ?? "";
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method: "PUT",
      headers: { "content-type": "application/json", authorization: `TargetToken ${token}` },
      body,
    });
    if (!response.ok) throw new Error(`${server.label} answers ${response.status} to attributes`);
    await response.arrayBuffer();
  });
  const url = await waitFor(
    "the file to be offered",
    async () => present(await fileUrl(server), "an offer"),
    60_000,
  );
  await warmUp(() => pollEach(server, requestsFile));
  return { server, requestsFile, url, loads: [], downloads: [] };
}

/** A peer that fails now and then is measured by what it answers, and its failures are told. */
const pollEach = (server: DdiServer, requestsFile: string): Promise<Load> =>
  runLoad(server.port, [server.pid], requestsFile, 200, true);

const WARM_ROUNDS_MAX = 12;

/** Until it gets no faster: a Java machine takes tens of thousands of polls to compile what it does. */
async function warmUp(load: () => Promise<Load>): Promise<void> {
  let best = 0;
  for (let round = 0; round < WARM_ROUNDS_MAX; round += 1) {
    const { perSecond } = await load();
    if (perSecond < best * 1.1) return;
    best = Math.max(best, perSecond);
  }
}

async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

function resultsOf({ server: { label, pid }, loads, downloads }: Measured): BenchResult[] {
  return [
    summary(
      `${label} polls`,
      "per second",
      loads.map(({ perSecond }) => perSecond),
    ),
    summary(
      `${label} polls, p99`,
      "ms",
      loads.map(({ p99Ms }) => p99Ms),
    ),
    summary(
      `${label} polls that failed`,
      "answers",
      loads.map(({ failed }) => failed),
    ),
    summary(
      `${label} polls`,
      "per second of its processor time",
      loads.map(({ perCore }) => perCore[0] ?? Number.NaN),
    ),
    summary(`${label} file of ${FILE_BYTES / 1024 ** 2} MiB`, "MB/s", downloads),
    summary(`${label} memory after it`, "MB", [residentBytes(pid).now / MEGABYTE]),
  ];
}

function ratiosOf([ours, theirs]: readonly Measured[]): Record<string, number> {
  if (ours === undefined || theirs === undefined) return {};
  const ratio = (of: (one: Measured) => readonly number[]): number =>
    median(of(ours).map((value, index) => value / (of(theirs)[index] ?? Number.NaN)));
  return {
    "moult / hawkbit, polls": ratio(({ loads }) => loads.map(({ perSecond }) => perSecond)),
    "moult / hawkbit, p99": ratio(({ loads }) => loads.map(({ p99Ms }) => p99Ms)),
    "moult / hawkbit, file": ratio(({ downloads }) => downloads),
  };
}

/** Bytes that neither server can make smaller. */
async function writeNoise(path: string): Promise<void> {
  function* noise() {
    for (let written = 0; written < FILE_BYTES; written += MEBIBYTE) yield randomBytes(MEBIBYTE);
  }
  await pipeline(Readable.from(noise()), createWriteStream(path));
}

const MEBIBYTE = 1024 ** 2;
