import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { backOffDelayMs, errorChain, seededRandom } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { createFleetLink } from "./fleet/fleet-link.ts";
import { createGate } from "./fleet/gate.ts";
import { SimulatedDevice, type Behaviour } from "./fleet/simulated-device.ts";

// A fleet of simulated devices over the real protocol, from one process: for the demo's FLEET=10000, for tests of lists,
// and for load. Real keys, signatures and messages; nothing is installed.

const USAGE = `Usage: node tools/fleet.ts --provisioning FILE [options]

  --count N           devices (100)
  --seed TEXT         the same seed is the same fleet (fleet)
  --running VERSION   what they run at first (1.0)
  --interval SECONDS  between check-ins; default: what the server asks for
  --connections N     shared connections to the server (64)
  --fail-percent P    share of updates that fail and roll back (0)
  --fail-version V    a release that always fails and rolls back
  --put-off-version V a release that devices are too busy to install for some time
  --step-ms N         pause between the steps of an update (500)
  --no-download       do not fetch the artifacts
  --once              end when every device has enrolled and checked in
  --json              one JSON line a second instead of text
`;

interface Tally {
  enrolled: number;
  accepted: number;
  checkIns: number;
  updated: number;
  errors: number;
  lastError: string;
}

const NOTHING_YET: Tally = {
  enrolled: 0,
  accepted: 0,
  checkIns: 0,
  updated: 0,
  errors: 0,
  lastError: "",
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      provisioning: { type: "string" },
      count: { type: "string", default: "100" },
      seed: { type: "string", default: "fleet" },
      running: { type: "string", default: "1.0" },
      interval: { type: "string" },
      connections: { type: "string", default: "64" },
      "fail-percent": { type: "string", default: "0" },
      "fail-version": { type: "string" },
      "put-off-version": { type: "string" },
      "step-ms": { type: "string", default: "500" },
      "no-download": { type: "boolean", default: false },
      once: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help || values.provisioning === undefined) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const provisioning = Provisioning.parse(JSON.parse(await readFile(values.provisioning, "utf8")));
  const count = wholeNumber("count", values.count);
  const behaviour: Behaviour = {
    failPercent: Number(values["fail-percent"]),
    failVersion: values["fail-version"],
    putOffVersion: values["put-off-version"],
    downloads: !values["no-download"],
    stepMs: wholeNumber("step-ms", values["step-ms"]),
  };
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());

  const connections = wholeNumber("connections", values.connections);
  const link = createFleetLink(provisioning, connections);
  // A challenge holds for a minute only: who asks for one gets a connection for the answer too.
  const gate = createGate(connections);
  const random = seededRandom(count);
  const tally: Tally = { ...NOTHING_YET };
  const wait = async (delayMs: number) => {
    await sleep(delayMs, undefined, { signal: stopping.signal });
  };
  const devices = Array.from(
    { length: count },
    (_, index) =>
      new SimulatedDevice(
        { link, provisioning, behaviour, random, wait },
        values.seed,
        index,
        values.running,
      ),
  );
  const ticker = setInterval(() => print(tally, devices, values.json), 1_000);
  const intervalMs = values.interval === undefined ? undefined : Number(values.interval) * 1_000;
  try {
    await Promise.all(
      devices.map((device) =>
        live(device, { tally, wait, gate, intervalMs, once: values.once, stopping }),
      ),
    );
  } finally {
    clearInterval(ticker);
    print(tally, devices, values.json);
    link.close();
  }
}

interface Life {
  readonly tally: Tally;
  readonly wait: (delayMs: number) => Promise<void>;
  readonly gate: <T>(enter: () => Promise<T>) => Promise<T>;
  readonly intervalMs: number | undefined;
  readonly once: boolean;
  readonly stopping: AbortController;
}

/** Enrols, then checks in for ever; a failure is counted and tried again after a back-off. */
async function live(device: SimulatedDevice, life: Life): Promise<void> {
  const { tally, wait, stopping } = life;
  const random = seededRandom(Number.parseInt(device.keyFingerprint.slice(0, 8), 16));
  let failures = 0;
  let isEnrolled = false;
  let isAccepted = false;
  while (!stopping.signal.aborted) {
    try {
      if (!isAccepted) {
        isAccepted = (await life.gate(() => device.enrol())) === "accepted";
        if (!isEnrolled) tally.enrolled += 1;
        isEnrolled = true;
        if (isAccepted) tally.accepted += 1;
      }
      let delayMs = life.intervalMs ?? 5_000;
      if (isAccepted) {
        const instruction = await device.checkIn();
        tally.checkIns += 1;
        if (instruction?.action.kind === "install") {
          await device.update(instruction.action);
          tally.updated += 1;
          continue;
        }
        delayMs = life.intervalMs ?? (instruction?.checkInSeconds ?? 30) * 1_000;
      }
      failures = 0;
      if (life.once) return;
      await wait(delayMs * (0.9 + random.fraction() * 0.2));
    } catch (error) {
      if (stopping.signal.aborted) return;
      failures += 1;
      tally.errors += 1;
      tally.lastError = errorChain(error).join(" <- ");
      await wait(backOffDelayMs({ delayMsMin: 500, delayMsMax: 30_000 }, failures, random)).catch(
        () => undefined,
      );
    }
  }
}

function print(tally: Tally, devices: readonly SimulatedDevice[], asJson: boolean): void {
  const running: Record<string, number> = {};
  let updating = 0;
  for (const device of devices) {
    running[device.runningVersion] = (running[device.runningVersion] ?? 0) + 1;
    if (device.step === "updating") updating += 1;
  }
  const state = { devices: devices.length, ...tally, updating, running };
  if (asJson) process.stdout.write(`${JSON.stringify(state)}\n`);
  else {
    const versions = Object.entries(running)
      .map(([version, number]) => `${version}: ${number}`)
      .join(", ");
    process.stdout.write(
      `enrolled ${tally.enrolled}, accepted ${tally.accepted}, check-ins ${tally.checkIns}, updating ${updating}, errors ${tally.errors}; running ${versions}${tally.lastError === "" ? "" : `; last error: ${tally.lastError}`}\n`,
    );
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} takes a whole number, not ${text}`);
  return value;
}

await main();
