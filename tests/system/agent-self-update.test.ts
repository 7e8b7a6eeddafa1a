import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeBootCopy } from "@moult/agent-core";
import { seededRandom } from "@moult/base";
import { describe, expect, test, type TestContext } from "vitest";
import { waitFor } from "../../tools/local/local-process.ts";
import { DeviceServer } from "./device-server.fixture.ts";
import { agentArtifact, agentBundle, createLaunchedDevice } from "./launched-agent.fixture.ts";

// The agent that ships, started by its launcher, replaces itself by others: good ones and such as no test would let pass.

/** `onTestFinished` is the test's own: of tests that run beside each other the imported one knows only one. */
async function aDevice({ onTestFinished }: Pick<TestContext, "onTestFinished">) {
  const folder = mkdtempSync(join(tmpdir(), "moult-self-update-"));
  const server = await new DeviceServer().listen();
  server.checkInSeconds = 1;
  const device = await createLaunchedDevice({
    root: join(folder, "device"),
    serial: "A-1",
    config: { updates: { confirmTimeoutSeconds: 15 } },
    environment: { MOULT_AGENT_TRIAL_SECONDS: "20", MOULT_AGENT_KILL_SECONDS: "2" },
  });
  onTestFinished(async () => {
    await device.cutPower();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const dataDir = join(device.root, "var/lib/moult");
  const provisioning = join(folder, "provisioning.json");
  writeFileSync(provisioning, JSON.stringify(server.provisioning()));
  device.run("provision", provisioning, "--replace");

  const soon = <T>(what: string, question: () => T | undefined): Promise<T> =>
    waitFor(what, question, 90_000, 50).catch((cause: unknown) => {
      throw new Error(`${what}; the agent's log ends with:\n${device.launcher().tail(40)}`, {
        cause,
      });
    });
  const ends = (assignmentId: string) =>
    server.reports.filter(
      (report) => report.assignmentId === assignmentId && report.event.kind === "finished",
    );
  return {
    server,
    ...device,
    ends,
    offer: async (artifactName: string, bundle: string): Promise<string> =>
      server.offer(server.addBlob(await agentArtifact(artifactName, bundle)), artifactName),
    end: (assignmentId: string) => soon("the end", () => ends(assignmentId)[0]?.event),
    /** A check-in in which that version of the agent says that it is one. */
    reported: (version: string, after = 0) =>
      soon(`a check-in of agent ${version}`, () =>
        server.checkIns
          .slice(after)
          .find(({ inventory }) => inventory?.["moult.agent"] === version),
      ),
    /** The version of the agent that answers. */
    runningVersion: () =>
      soon("the agent to answer", () => {
        try {
          const status: unknown = JSON.parse(device.run("status", "--json"));
          const { pid, version } = status as { pid: number | null; version: string };
          return pid === null ? undefined : version;
        } catch {
          return undefined;
        }
      }),
    bootChoice: () => bootChoice(join(dataDir, "agent")),
    /** Until that version runs on trial. */
    trial: (version: string) =>
      soon(`a trial of ${version}`, () => {
        if (!device.launcher().tail(200).includes('"to":"proving"')) return undefined;
        const status = JSON.parse(device.run("status", "--json")) as { version: string };
        return status.version === version ? true : undefined;
      }),
    /** What a command said that failed. */
    refused: (...args: string[]): string => {
      try {
        return `succeeded: ${device.run(...args)}`;
      } catch (error) {
        return String(error);
      }
    },
    dataDir,
  };
}

/** What the two copies of a boot environment come to. Before the first write of all, and after a cut within it, there is none: slot a. */
function bootChoice(slots: string) {
  const copies = ["boot-env.0", "boot-env.1"].flatMap((name) => {
    const file = join(slots, name);
    return existsSync(file) ? (decodeBootCopy(readFileSync(file)) ?? []) : [];
  });
  const newest = copies.toSorted((one, other) => other.generation - one.generation)[0];
  return { good: newest?.good ?? "a", trial: newest?.trial ?? null };
}

describe.concurrent("a good new agent", () => {
  test("takes over, confirms itself and is what the device reports, again and again", async (context) => {
    const device = await aDevice(context);
    await device.launch();
    await device.reported("0.1.0");
    expect(device.server.enrollments[0]?.traits).toMatchObject({
      payloadTypes: expect.arrayContaining(["moult-agent"]),
    });

    for (const [version, good] of [
      ["0.2.0", "b"],
      ["0.3.0", "a"],
      ["0.4.0", "b"],
    ] as const) {
      const before = device.server.checkIns.length;
      const assignmentId = await device.offer(`agent-${version}`, agentBundle(version));
      expect(await device.end(assignmentId)).toMatchObject({
        outcome: "succeeded",
        running: { artifactName: `agent-${version}` },
      });
      await device.reported(version, before);
      expect(device.bootChoice()).toEqual({ good, trial: null });
    }

    // Whoever comes back later starts the newest.
    await device.cutPower();
    const before = device.server.checkIns.length;
    await device.launch();
    await device.reported("0.4.0", before);
  });

  test("is followed by the agent of the next image, which then replaces itself as well", async (context) => {
    const device = await aDevice(context);
    await device.launch();
    const first = await device.offer("agent-0.2.0", agentBundle("0.2.0"));
    expect(await device.end(first)).toMatchObject({ outcome: "succeeded" });
    await device.cutPower();
    writeFileSync(join(device.root, "moult-agent.mjs"), agentBundle("0.5.0"));
    let before = device.server.checkIns.length;
    await device.launch();
    await device.reported("0.5.0", before);

    before = device.server.checkIns.length;
    const second = await device.offer("agent-0.6.0", agentBundle("0.6.0"));
    expect(await device.end(second)).toMatchObject({ outcome: "succeeded" });
    await device.reported("0.6.0", before);
  });
});

/** Runs first of all in a bundle: what each request comes to. */
const onRequest = (script: string): string =>
  [
    'import { syncBuiltinESMExports as firstSync } from "node:module";',
    'import firstHttp from "node:http";',
    'import firstHttps from "node:https";',
    `for (const module of [firstHttp, firstHttps]) module.request = () => { ${script} };`,
    "firstSync();",
  ].join("\n");

describe.concurrent("the old agent comes back and says so when the new one", () => {
  test.for<[string, () => string, string]>([
    ["crashes at once", () => 'throw new Error("broken")', "verification-failed"],
    ["is no program", () => "not a program", "verification-failed"],
    ["ends at once, as if all was well", () => "process.exit(0)", "verification-failed"],
    ["hangs", () => "setInterval(() => undefined, 1_000)", "verification-failed"],
    [
      "hangs and does not end when it is told to",
      () =>
        'process.on("SIGTERM", () => undefined); for (;;) await new Promise((r) => setTimeout(r, 99));',
      "verification-failed",
    ],
    [
      "crashes when it talks to its server",
      () => agentBundle("0.2.0", onRequest("process.exit(1)")),
      "power-lost",
    ],
    [
      "never gets through to the server, which the old one does",
      () => agentBundle("0.2.0", onRequest('throw new Error("no network")')),
      "connection-lost",
    ],
  ])("%s", async ([, bundle, code], context) => {
    const device = await aDevice(context);
    await device.launch();
    await device.reported("0.1.0");
    const assignmentId = await device.offer("agent-0.2.0", bundle());
    expect(await device.end(assignmentId)).toMatchObject({
      outcome: "rolled-back",
      code,
      running: { artifactName: "unknown" },
    });
    expect(device.ends(assignmentId)).toHaveLength(1);
    expect(await device.runningVersion()).toBe("0.1.0");
    expect(device.bootChoice()).toEqual({ good: "a", trial: null });

    // And it can still be updated.
    const next = await device.offer("agent-0.3.0", agentBundle("0.3.0"));
    expect(await device.end(next)).toMatchObject({ outcome: "succeeded" });
  });
});

test.concurrent("an agent on trial that finds no update to prove goes back at once, and touches nothing", async (context) => {
  const device = await aDevice(context);
  await device.launch();
  await device.reported("0.1.0");
  await device.offer(
    "agent-0.2.0",
    agentBundle("0.2.0", onRequest('throw new Error("no network")')),
  );
  await device.trial("0.2.0");
  await device.cutPower();
  const { dataDir } = device;
  for (const name of readdirSync(dataDir))
    if (name.startsWith("update-state")) rmSync(join(dataDir, name));

  await device.launch();
  expect(await device.runningVersion()).toBe("0.1.0");
  expect(device.bootChoice()).toEqual({ good: "a", trial: null });
  expect(device.launcher().tail(200)).toContain("trial-without-update");
});

test.concurrent("a person installs an agent, starts it again to try it, and commits", async (context) => {
  const device = await aDevice(context);
  await device.launch();
  await device.reported("0.1.0");
  const file = join(device.root, "agent.mender");
  writeFileSync(file, await agentArtifact("agent-0.2.0", agentBundle("0.2.0")));
  expect(device.refused("install", file, "--allow-unsigned")).toMatch(/ended with 4/);
  expect(await device.runningVersion()).toBe("0.1.0");
  await device.launcher().stop();
  await device.launch();
  expect(await device.runningVersion()).toBe("0.2.0");
  expect(device.bootChoice()).toEqual({ good: "a", trial: "b" });

  expect(device.run("commit")).toContain("agent-0.2.0");
  expect(device.bootChoice()).toEqual({ good: "b", trial: null });
});

test.concurrent("whenever power goes, a whole agent starts, and the end that is told is true", async (context) => {
  const random = seededRandom(20_261_128);
  const device = await aDevice(context);
  await device.launch();
  await device.reported("0.1.0");
  for (let round = 2; round < 6; round += 1) {
    const version = `0.${round}.0`;
    const assignmentId = await device.offer(`agent-${version}`, agentBundle(version));
    for (let cuts = 0; cuts < 5 && device.ends(assignmentId).length === 0; cuts += 1) {
      await sleep(50 + random.fraction() * 1_500);
      await device.cutPower();
      await device.launch();
    }
    const finished = await device.end(assignmentId);
    const isNew = finished.kind === "finished" && finished.outcome === "succeeded";
    expect((await device.runningVersion()) === version).toBe(isNew);
    expect(device.bootChoice().trial).toBeNull();
  }
});
