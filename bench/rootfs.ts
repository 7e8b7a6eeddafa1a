import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureIdleAgent } from "./agent.ts";
import { median, summary, type BenchOptions, type BenchReport } from "./measure.ts";
import {
  measureClient,
  memoryOf,
  UPDATE_CLIENTS,
  type ClientMemory,
} from "./peers/update-clients.ts";
import { withSlowMedium } from "./rootfs/slow-medium.ts";
import { writeBoth, type Written } from "./rootfs/write-slot.ts";

export const name = "rootfs";
export const question =
  "How fast does an image come into its slot, beside dd, and what does the waiting agent take, beside other update clients?";

const IMAGE_MIB = 256;
/** A good eMMC; the disks of servers are faster than any processor of a device. */
const SLOW_MIB = 100;
const SLOWLY = `, on a medium of ${SLOW_MIB} MiB/s`;
const MEGABYTE = 1_000_000;
/** Long enough for what a start leaves behind to be collected. */
const SETTLE_MS = 10_000;

export async function run(options: BenchOptions): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-rootfs-"));
  try {
    const writing = await measureWriting(folder, options);
    const memory = await measureMemory(folder, options);
    return {
      results: [...writing.results, ...memory.results],
      ratios: { ...writing.ratios, ...memory.ratios },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureWriting(folder: string, { runs, say }: BenchOptions): Promise<BenchReport> {
  const [image, slot] = [join(folder, "image"), join(folder, "slot")];
  for (const file of [image, slot])
    execFileSync(
      "dd",
      ["if=/dev/urandom", `of=${file}`, "bs=1M", `count=${IMAGE_MIB}`, "conv=fsync"],
      {
        stdio: "ignore",
      },
    );
  const fast = await writeOften(runs);
  let slow: readonly Written[] = [];
  const isSlowed = await withSlowMedium(folder, SLOW_MIB * 2 ** 20, async () => {
    slow = await writeOften(runs);
  });
  const reports = [reportOf("", fast), ...(isSlowed ? [reportOf(SLOWLY, slow)] : [])];
  return {
    results: reports.flatMap(({ results }) => results),
    ratios: Object.assign({}, ...reports.map(({ ratios }) => ratios)) as BenchReport["ratios"],
  };

  async function writeOften(times: number): Promise<readonly Written[]> {
    const all: Written[] = [];
    for (let index = 0; index < times; index += 1) {
      all.push(await writeBoth(image, IMAGE_MIB * 2 ** 20, slot));
      say(`writing, run ${index + 1}: ${JSON.stringify(all.at(-1))}`);
    }
    return all;
  }
}

/** `where`: how the medium was, after each name. */
function reportOf(where: string, all: readonly Written[]): BenchReport {
  const rateOf = (seconds: (one: Written) => number): number[] =>
    all.map((one) => (IMAGE_MIB * 2 ** 20) / MEGABYTE / seconds(one));
  const rate = (name: string, seconds: (one: Written) => number) =>
    summary(name + where, "MB/s", rateOf(seconds));
  return {
    results: [
      rate("installer, verified, written, synced", (one) => one.installer),
      rate("dd conv=fsync", (one) => one.dd),
      rate("installer, read back and verified", (one) => one.readBack),
      rate("sha256sum of the slot", (one) => one.sha256sum),
      rate("installer, both", (one) => one.installer + one.readBack),
    ],
    ratios: {
      [`installer / dd${where}`]: median(all.map(({ installer, dd }) => dd / installer)),
      [`installer and read-back / dd and sha256sum${where}`]: median(
        all.map((one) => (one.dd + one.sha256sum) / (one.installer + one.readBack)),
      ),
    },
  };
}

async function measureMemory(folder: string, { runs, say }: BenchOptions): Promise<BenchReport> {
  const clients = [
    { label: "moult-agent", measure: () => measureIdleAgent((pid) => memoryOf([pid])) },
    ...UPDATE_CLIENTS.map((client) => ({
      label: client.label,
      measure: (index: number) =>
        measureClient(client, join(folder, `${client.label}-${index}`), SETTLE_MS),
    })),
  ];
  const found = new Map<string, ClientMemory[]>();
  for (let index = 0; index < runs; index += 1)
    for (const { label, measure } of clients) {
      const memory = await measure(index);
      found.set(label, [...(found.get(label) ?? []), memory]);
      say(`${label}, run ${index + 1}: ${Math.round(memory.resident / MEGABYTE)} MB`);
    }
  const of = (label: string, part: keyof ClientMemory): number[] =>
    (found.get(label) ?? []).map((memory) => memory[part] / MEGABYTE);
  return {
    results: clients.flatMap(({ label }) => [
      summary(`${label}, idle, resident`, "MB", of(label, "resident")),
      summary(`${label}, idle, proportional`, "MB", of(label, "proportional")),
    ]),
    ratios: Object.fromEntries(
      UPDATE_CLIENTS.map(({ label }) => [
        `resident: moult-agent / ${label}`,
        median(of("moult-agent", "resident")) / median(of(label, "resident")),
      ]),
    ),
  };
}
