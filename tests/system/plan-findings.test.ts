import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present, seededRandom } from "@moult/base";
import type { Client } from "@moult/client";
import { Provisioning } from "@moult/device-protocol";
import { Plan, windowFromText, type ReleaseId } from "@moult/model";
import type { PlanFinding } from "@moult/planner";
import { afterAll, beforeAll, expect, test } from "vitest";
import type * as z from "zod";
import { createFleetLink, type FleetLink } from "../../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../../tools/fleet/simulated-device.ts";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// What the checker says of a plan is said by the server that runs and by the command line that ships, in the same words.

type PlanInput = Partial<z.input<typeof Plan>>;

const DEVICES = 10;
const HOUR = 3_600;
let folder = "";
let server: LocalServer;
let moult: MoultCommand;
let client: Client;
let link: FleetLink;
let releaseId: ReleaseId;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-plan-findings-"));
  server = await startLocalServer({
    dataFolder: join(folder, "server"),
    settings: { MOULT_TLS_MODE: "off", MOULT_DEVICES_CHECK_IN_SECONDS: String(HOUR) },
  });
  moult = createMoultCommand({ home: folder, cwd: folder });
  const administrator = await setUpAdministrator(server, moult);
  ({ client } = administrator);
  await moult.ok(words`product create gw2`);
  writeFileSync(join(folder, "content"), "2.0");
  await moult.ok(
    words`artifact create content --type single-file --dest-dir /srv --name 2.0
      --hardware-type board --out 2.0.mender`,
  );
  await moult.ok(words`release upload --product gw2 2.0.mender`);
  await administrator.trust.publish();
  const { items } = await client.call("listReleases", { query: { version: "2.0" } });
  releaseId = present(items[0], "it was uploaded").id;
  await enrolFleet();
}, 120_000);

afterAll(async () => {
  link?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Devices that run 1.0, which is not here, and report no time zone. */
async function enrolFleet(): Promise<void> {
  const token = await moult.ok(words`enrolment-token create --product gw2 --accepts --uses 100`);
  await moult.ok(
    words`device provision --product gw2 --hardware-type board --enrolment-token -
      --out provisioning.json`,
    token,
  );
  const provisioning = Provisioning.parse(
    JSON.parse(readFileSync(join(folder, "provisioning.json"), "utf8")),
  );
  link = createFleetLink(provisioning, DEVICES);
  const behaviour = { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 };
  const deps = { link, provisioning, behaviour, random: seededRandom(1), wait: async () => {} };
  for (let index = 0; index < DEVICES; index += 1) {
    const device = new SimulatedDevice(deps, "findings", index, "1.0");
    await device.enrol();
    await device.checkIn();
  }
}

const stop = { count: 1 };
/** A first stage of `first`, then everybody. */
const two = (
  first: Partial<z.input<typeof Plan>["stages"][number]>,
  plan: PlanInput = {},
): PlanInput => ({
  stages: [
    { size: { count: 5 }, errorStop: stop, ...first },
    { size: { remaining: true }, errorStop: stop },
  ],
  ...plan,
});
const windows = (...lines: string[]): PlanInput["windows"] =>
  lines.map((line) => windowFromText(line) as never);

/** One plan for each thing that the checker can say of it alone. */
const EXAMPLES: Readonly<Partial<Record<PlanFinding["kind"], readonly [PlanInput, string]>>> = {
  "no-trial-stage": [
    { stages: [{ size: { remaining: true }, errorStop: stop }] },
    "All 10 devices are in the first stage: nothing is tried on a few first.",
  ],
  "no-error-stop": [two({ errorStop: undefined }), "Failures do not stop stage 1."],
  "error-stop-unreachable": [
    two({ size: { percent: 20 }, errorStop: { count: 3 } }),
    "Stage 1 stops at 3 failures, and only 2 devices are in it.",
  ],
  "stage-without-devices": [
    {
      stages: [
        { size: { percent: 20 }, errorStop: stop },
        { size: { count: 1 }, errorStop: stop },
        { size: { remaining: true }, errorStop: stop },
      ],
    },
    "Stage 2 adds no device to the stage before it.",
  ],
  "stage-can-stick": [
    two({ errorStop: { count: 3 } }),
    "Stage 1 can stand still: 1 failure of 5 devices would not stop it, and 5 must succeed before the next.",
  ],
  "wait-shorter-than-silence": [
    two({ advance: { maxWaitSeconds: HOUR } }),
    "Stage 1 waits at most 1 h for devices that are not reached, but one that goes silent in the update holds it up for 1 d.",
  ],
  "advance-without-next": [
    {
      stages: [
        { size: { count: 5 }, errorStop: stop },
        { size: { remaining: true }, errorStop: stop, advance: { manual: true } },
      ],
    },
    "Stage 2 is the last: nothing opens after it, so its times and its person are never asked.",
  ],
  "windows-overlap": [
    two({}, { windows: windows("download daily 01:00 3h UTC", "download sun 02:00 2h UTC") }),
    "Window 2 overlaps window 1: between them they are open as one.",
  ],
  "windows-always-open": [
    two({}, { windows: windows("install daily 00:00 24h UTC") }),
    "For the install the windows leave no minute of the week out: they hold nobody back.",
  ],
  "window-shorter-than-timeout": [
    two(
      {},
      {
        windows: windows("download daily 01:00 1h UTC"),
        timeouts: { downloadSeconds: 3 * HOUR },
      },
    ),
    "A device that begins to download when the window opens, which is for 1 h, may be at it for 2 h after it closed: it has 3 h, and what has begun is not ended by a window.",
  ],
  "approvals-impossible": [
    two({ approvals: { required: 2 } }),
    "Stage 1 would never open: 2 other people must approve it, and nobody could.",
  ],
  "queued-timeout-idle": [
    two({}, { timeouts: { queuedSeconds: 2 * HOUR, silenceSeconds: HOUR } }),
    "A device may take 2 h to begin, but one that reports nothing is given up after 1 h.",
  ],
  "retry-without-tries": [
    two({}, { retry: { backoffSeconds: 60 } }),
    "Devices have one try: what is said of further tries has no effect.",
  ],
  "retry-contradicts": [
    two({}, { retry: { attemptsMax: 2, retryOn: ["disk-full"], neverOn: ["disk-full"] } }),
    "After disk-full a device both tries again and never does; never wins.",
  ],
  "byte-budget-too-small": [
    two({}, { limits: { concurrentMax: 5, bytesPerDay: 1 } }),
    "Devices of board never get their artifact",
  ],
  "conditions-invalid": [
    two({}, { conditions: "context.moving = true" }),
    "At character 1 of the query: expected a field: context.busy",
  ],
  "conditions-never": [
    two({}, { conditions: "context.batteryPercent > 100" }),
    "nobody would be offered the release.",
  ],
  "conditions-always": [
    two({}, { conditions: "context.busy = true OR NOT context.busy = true" }),
    "the condition holds nobody back.",
  ],
  "download-only-stops-stages": [
    two({}, { mode: "download-only" }),
    "until then only the 5 devices of stage 1 download.",
  ],
  "download-only-fills-places": [
    two({}, { mode: "download-only", limits: { concurrentMax: 4 } }),
    "until a person opens the installation no more than 4 of 5 download.",
  ],
  "site-limit-idle": [
    two({}, { limits: { concurrentMax: 5, perSite: { attribute: "site", concurrentMax: 5 } } }),
    "5 at a time of a site hold nobody back: all sites together have 5.",
  ],
};

/** What is said of a plan by what else is here: devices, releases, clocks. */
const BESIDE: Readonly<Record<string, readonly [PlanInput, string]>> = {
  "windows that devices can miss": [
    two({}, { windows: windows("download daily 01:00 30m UTC") }),
    "The windows for the download are open for 30 min at a time, and devices ask once in 1 h: one that asks just after they closed can miss them each time.",
  ],
  "a zone that nobody knows": [
    two({}, { windows: windows("download daily 01:00 2h Mars/Olympus") }),
    "The server knows no time zone Mars/Olympus.",
  ],
  "clocks that devices do not report": [
    two({}, { windows: windows("download daily 01:00 2h device") }),
    "10 devices report no time zone (moult.time-zone): no window opens for them until that changes.",
  ],
  "a rollback that could not be": [
    two({}, { onTrip: "roll-back" }),
    "10 devices that run 1.0 could not be rolled back: no release 1.0 with an artifact for them is here.",
  ],
};

test.each([...Object.entries(EXAMPLES), ...Object.entries(BESIDE)])(
  "%s is said of a plan by the server and on the command line, and nothing of one without it",
  async (kind, [input, sentence]) => {
    const plan = Plan.parse(input);
    const body = { releaseId, target: { kind: "all" as const }, plan };
    const file = join(folder, `${kind.replaceAll(" ", "-")}.json`);
    writeFileSync(file, JSON.stringify(plan));

    const { findings } = await client.call("previewDeployment", { body });
    expect(findings.map((each) => each.sentence).join("\n")).toContain(sentence);
    const isRefused = findings.some(({ severity }) => severity === "error");
    const printed = await moult.run(words`deployment preview gw2/2.0 --all --plan ${file}`);
    expect(printed.stdout).toContain(sentence);
    expect(printed.exitCode).toBe(isRefused ? 1 : 0);
    if (isRefused) {
      await expect(client.call("createDeployment", { body })).rejects.toMatchObject({
        status: expect.toSatisfy((status: number) => status === 422 || status === 400) as number,
      });
      const created = await moult.run(words`deployment create gw2/2.0 --all --plan ${file} --yes`);
      expect(created.exitCode).not.toBe(0);
    }
  },
);

test("nothing is said of a plan that is careful, and nothing was created by asking", async () => {
  const plan = Plan.parse(two({}));
  const body = { releaseId, target: { kind: "all" as const }, plan };

  const { findings } = await client.call("previewDeployment", { body });
  expect(findings).toEqual([]);
  expect((await client.call("listDeployments", { query: {} })).items).toEqual([]);
});
