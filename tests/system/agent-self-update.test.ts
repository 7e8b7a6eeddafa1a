import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeBootCopy } from "@moult/agent-core";
import { present, seededRandom } from "@moult/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { DeviceServer } from "./device-server.fixture.ts";
import {
  agentArtifact,
  agentBundle,
  createLaunchedDevice,
  type LaunchedDevice,
} from "./launched-agent.fixture.ts";

// The agent that ships, started by its launcher, replaces itself by others: good ones and such as no test would let pass.

let folder: string;
let server: DeviceServer;
let device: LaunchedDevice;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-self-update-"));
  server = await new DeviceServer().listen();
  server.checkInSeconds = 1;
  device = await createLaunchedDevice({
    root: join(folder, "device"),
    serial: "A-1",
    config: { updates: { confirmTimeoutSeconds: 8 } },
    environment: { MOULT_AGENT_TRIAL_SECONDS: "12", MOULT_AGENT_KILL_SECONDS: "2" },
  });
  const provisioning = join(folder, "provisioning.json");
  writeFileSync(provisioning, JSON.stringify(server.provisioning()));
  device.run("provision", provisioning, "--replace");
});
afterEach(async () => {
  await device.cutPower();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const soon = <T>(what: string, question: () => T | undefined): Promise<T> =>
  waitFor(what, question, 60_000, 50).catch((cause: unknown) => {
    const tail = readFileSync(join(device.root, "agent.log"), "utf8").split("\n").slice(-40);
    throw new Error(`${what}; the agent's log ends with:\n${tail.join("\n")}`, { cause });
  });

async function offer(artifactName: string, bundle: string): Promise<string> {
  return server.offer(server.addBlob(await agentArtifact(artifactName, bundle)), artifactName);
}

const ends = (assignmentId: string) =>
  server.reports.filter(
    (report) => report.assignmentId === assignmentId && report.event.kind === "finished",
  );
const end = (assignmentId: string) => soon("the end", () => ends(assignmentId)[0]?.event);

/** The version of the agent that checks in now. */
const versionSoon = (version: string, after = 0) =>
  soon(`a check-in of agent ${version}`, () =>
    server.checkIns.slice(after).find(({ inventory }) => inventory?.["moult.agent"] === version),
  );
/** The version of the agent that answers. */
const runningVersion = () =>
  soon("the agent to answer", () => {
    try {
      const { pid, version } = JSON.parse(device.run("status", "--json")) as Record<
        string,
        unknown
      >;
      return pid === null ? undefined : version;
    } catch {
      return undefined;
    }
  });
const slots = (): string => join(device.root, "var/lib/moult/agent");

/** What the two copies of the boot environment come to. */
function bootChoice() {
  const copies = ["boot-env.0", "boot-env.1"].flatMap((name) => {
    if (!readdirSync(slots()).includes(name)) return [];
    return decodeBootCopy(readFileSync(join(slots(), name))) ?? [];
  });
  const newest = copies.toSorted((one, other) => other.generation - one.generation)[0];
  const { good, trial } = present(newest, "a valid copy");
  return { good, trial };
}

describe("a good new agent", () => {
  test("takes over, confirms itself and is what the device reports, again and again", async () => {
    await device.launch();
    await versionSoon("0.1.0");
    expect(server.enrollments[0]?.traits).toMatchObject({
      payloadTypes: expect.arrayContaining(["moult-agent"]),
    });

    for (const [version, good] of [
      ["0.2.0", "b"],
      ["0.3.0", "a"],
      ["0.4.0", "b"],
    ] as const) {
      const before = server.checkIns.length;
      const finished = await end(await offer(`agent-${version}`, agentBundle(version)));
      expect(finished).toMatchObject({
        outcome: "succeeded",
        running: { artifactName: `agent-${version}` },
      });
      await versionSoon(version, before);
      expect(bootChoice()).toEqual({ good, trial: null });
    }

    // Whoever comes back later starts the newest.
    await device.cutPower();
    const before = server.checkIns.length;
    await device.launch();
    await versionSoon("0.4.0", before);
  });

  test("can be replaced by the file of the next image, which then replaces itself as well", async () => {
    await device.launch();
    expect(await end(await offer("agent-0.2.0", agentBundle("0.2.0")))).toMatchObject({
      outcome: "succeeded",
    });
    await device.cutPower();
    writeFileSync(join(device.root, "moult-agent.mjs"), agentBundle("0.5.0"));
    let before = server.checkIns.length;
    await device.launch();
    await versionSoon("0.5.0", before);

    before = server.checkIns.length;
    expect(await end(await offer("agent-0.6.0", agentBundle("0.6.0")))).toMatchObject({
      outcome: "succeeded",
    });
    await versionSoon("0.6.0", before);
  });
});

const NO_NETWORK = [
  'import { syncBuiltinESMExports } from "node:module";',
  'import http from "node:http";',
  'import https from "node:https";',
  'for (const module of [http, https]) module.request = () => { throw new Error("no network"); };',
  "syncBuiltinESMExports();",
].join("\n");

describe("the old agent comes back and says so when the new one", () => {
  test.each<[string, string, object]>([
    ["crashes at once", 'throw new Error("broken")', { code: "verification-failed" }],
    ["is no program", "not a program", { code: "verification-failed" }],
    ["ends at once, as if all was well", "process.exit(0)", { code: "verification-failed" }],
    ["hangs", "setInterval(() => undefined, 1_000)", { code: "verification-failed" }],
    [
      "hangs and does not end when it is told to",
      'process.on("SIGTERM", () => undefined); for (;;);',
      { code: "verification-failed" },
    ],
    [
      "crashes while it proves itself",
      agentBundle("0.2.0", "setTimeout(() => process.exit(1), 1_500)"),
      {},
    ],
    ["never gets through to the server", agentBundle("0.2.0", NO_NETWORK), {}],
  ])("%s", async (_, bundle, reason) => {
    await device.launch();
    await versionSoon("0.1.0");
    const assignmentId = await offer("agent-0.2.0", bundle);
    expect(await end(assignmentId)).toMatchObject({
      outcome: "rolled-back",
      running: { artifactName: "unknown" },
      ...reason,
    });
    expect(ends(assignmentId)).toHaveLength(1);
    expect(await runningVersion()).toBe("0.1.0");
    expect(bootChoice()).toEqual({ good: "a", trial: null });

    // And it can still be updated.
    expect(await end(await offer("agent-0.3.0", agentBundle("0.3.0")))).toMatchObject({
      outcome: "succeeded",
    });
  });
});

test("whenever power goes, a whole agent starts, and the end that is told is true", async () => {
  const random = seededRandom(20_261_128);
  await device.launch();
  await versionSoon("0.1.0");
  for (let round = 2; round < 6; round += 1) {
    const version = `0.${round}.0`;
    const assignmentId = await offer(`agent-${version}`, agentBundle(version));
    for (let cuts = 0; cuts < 5 && ends(assignmentId).length === 0; cuts += 1) {
      await sleep(50 + random.fraction() * 1_500);
      await device.cutPower();
      await device.launch();
    }
    const finished = await end(assignmentId);
    const now = await runningVersion();
    const isNew = finished.kind === "finished" && finished.outcome === "succeeded";
    expect(now === version).toBe(isNew);
    expect(bootChoice().trial).toBeNull();
  }
});
