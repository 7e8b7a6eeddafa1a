import { randomUUID } from "node:crypto";
import { instant, seededRandom } from "@moult/base";
import type { Running } from "@moult/model";
import type { Instruction } from "@moult/trust";
import { updateId, type AssignmentUpdate, type UpdateState } from "@moult/updater";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DeviceServer } from "../../../../tests/system/device-server.fixture.ts";
import {
  TEST_AUTHORITY,
  FUTURE_CERTIFICATE,
  TEST_CERTIFICATE_KEY,
} from "../../../../tests/system/test-certificates.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import { openReportQueue, type ReportQueue } from "../reports/report-queue.ts";
import { linkedDevice, type LinkedDevice } from "../server-link/linked-device.fixture.ts";
import { createHeldInstruction } from "./held-instruction.ts";
import { createLinkHealth } from "./link-health.ts";
import { createServerContact, type ServerContactDeps } from "./server-contact.ts";

let server: DeviceServer;
let device: LinkedDevice;
let queue: ReportQueue;
const running: Running = { artifactName: "1.0", provides: { artifact_name: "1.0" } };
const never = new AbortController().signal;

beforeEach(async () => {
  server = await new DeviceServer().listen();
  device = await linkedDevice(server);
  queue = await openReportQueue(device.dataDir, device.log);
});
afterEach(async () => {
  await queue.close();
  await device.close();
  await server.close();
});

/** The port to the updates of this device: says yes to everything and remembers it. */
function fakeRunner() {
  const calls: string[] = [];
  let state: UpdateState = { kind: "idle", running, lastAssignment: null };
  const runner: ServerContactDeps["runner"] = {
    state: () => state,
    running: () => running,
    offer: async (update) => {
      calls.push(`offer ${updateId(update)}`);
      state = {
        kind: "downloading",
        running,
        lastAssignment: null,
        update,
        sequence: 1,
        percent: 0,
      };
      return true;
    },
    withdraw: async () => {
      calls.push("withdraw");
      state = { kind: "idle", running, lastAssignment: null };
    },
    aroundCheckIn: async (checkIn) => ({ kind: "checked-in", result: await checkIn() }),
  };
  return {
    calls,
    runner,
    finish: () => (state = { kind: "idle", running, lastAssignment: null }),
  };
}

function contactOf(
  runner: ServerContactDeps["runner"],
  overrides: Partial<ServerContactDeps> = {},
) {
  const { checkIn, session, link, log } = device;
  const inventory = { current: () => ({ hostname: "gw" }), refreshIfDue: () => Promise.resolve() };
  const context = {
    current: () => ({ busy: true }),
    refreshIfDue: () => Promise.resolve(),
  };
  const held = createHeldInstruction();
  const health = createLinkHealth();
  const shared = {
    clock: { now: () => instant(Date.now()) },
    ticker: systemTicker,
    random: seededRandom(1),
    log,
  };
  const deps = {
    checkIn,
    session,
    link,
    runner,
    queue,
    inventory,
    context,
    held,
    health,
    isItsAssignment: () => true,
    trustAttributes: () => ({ "moult.trust": "ok" }),
    trustLook: { lookIfDue: () => Promise.resolve() },
    ...shared,
    ...overrides,
  };
  return { ...createServerContact(deps), health, held };
}

function install(attempt = 1, assignmentId: string = randomUUID()): Instruction["action"] {
  server.offer({ sha256: "ab".repeat(32), sizeBytes: 10 }, "2.0", { assignmentId, attempt });
  return server.action;
}

const offered = (action: Instruction["action"]): string =>
  action.kind === "install" ? `offer ${action.assignmentId}.${action.attempt}` : "nothing";

test("an instruction to install is an offer, once; a new attempt is a new one", async () => {
  const { runner, calls } = fakeRunner();
  const { contact } = contactOf(runner);
  const first = install();
  await contact(never);
  await contact(never);
  server.instruct(first);
  await contact(never);
  expect(calls).toEqual([offered(first)]);
});

test("another update in the place of the one under way withdraws that one first", async () => {
  const { runner, calls } = fakeRunner();
  const { contact } = contactOf(runner);
  const first = install();
  await contact(never);
  const second = install();
  await contact(never);
  expect(calls).toEqual([offered(first), "withdraw", offered(second)]);
});

test("nothing to do withdraws the update under way, and means nothing to an idle device", async () => {
  const { runner, calls } = fakeRunner();
  const { contact } = contactOf(runner);
  await contact(never);
  const first = install();
  await contact(never);
  server.instruct({ kind: "nothing-to-do" });
  await contact(never);
  expect(calls).toEqual([offered(first), "withdraw"]);
});

test("an offer that could not be begun is begun later, while it may still be acted on", async () => {
  const { runner, calls } = fakeRunner();
  let isBusy = true;
  const { contact } = contactOf({
    ...runner,
    offer: async (update) => !isBusy && runner.offer(update),
  });
  const first = install();
  await contact(never);
  expect(calls).toEqual([]);

  isBusy = false;
  expect(await contact(never)).toEqual({ kind: "holds" });
  expect(calls).toEqual([offered(first)]);
});

test("an offer whose life is over is not begun", async () => {
  const { runner, calls } = fakeRunner();
  let isBusy = true;
  server.lifetimeMs = 40;
  const { contact, held } = contactOf({
    ...runner,
    offer: async (update) => !isBusy && runner.offer(update),
  });
  install();
  await contact(never);
  await vi.waitFor(() => expect(held.current(systemTicker.monotonicMs())).toBeUndefined());

  isBusy = false;
  // The server has nothing newer to say to a device that did not ask for a signed answer.
  server.intercept = ({ path, response }) => {
    if (path !== "/device/v1/check-in") return false;
    response.writeHead(204).end();
    return true;
  };
  await contact(never);
  expect(calls).toEqual([]);
});

test("an update that ended here is not begun again: its end is told again", async () => {
  const { runner, calls } = fakeRunner();
  const { contact } = contactOf(runner);
  const action = install();
  const attempt = action as Extract<Instruction["action"], { kind: "install" }>;
  await queue.add(attempt, { kind: "finished", sequence: 3, outcome: "succeeded", running });
  await queue.settle(queue.head(10));

  await contact(never);

  expect(calls).toEqual([]);
  expect(queue.head(10)).toMatchObject([{ event: { kind: "finished", sequence: 4 } }]);
});

test("a device that is updating says so, and what it runs and has", async () => {
  const { runner } = fakeRunner();
  const { contact } = contactOf(runner);
  const action = install();
  await contact(never);
  await contact(never);
  const assignment = action as unknown as AssignmentUpdate;
  expect(server.checkIns.map(({ activity }) => activity)).toEqual([
    { kind: "idle" },
    { kind: "updating", assignmentId: assignment.assignmentId, attempt: 1 },
  ]);
  expect(server.checkIns[0]).toMatchObject({
    running,
    inventory: { hostname: "gw", "moult.clock": "ok" },
    context: { busy: true },
  });
});

test("new software has reached the server when a check-in with a fresh login got through", async () => {
  const { runner } = fakeRunner();
  const { contact, reach } = contactOf(runner);
  await contact(never);
  await reach(never);
  expect(server.requests.filter((request) => request.endsWith("/session"))).toHaveLength(2);
});

test("an answer that cannot be obeyed is no proof that new software reached the server", async () => {
  const { runner } = fakeRunner();
  const { reach } = contactOf(runner, { ticker: { ...systemTicker, sleep: hurried } });
  let answers = 0;
  server.alter = (instruction) => {
    answers += 1;
    return answers <= 3 ? { ...instruction, deviceId: randomUUID() } : instruction;
  };
  await reach(never);
  expect(answers).toBe(4);
});

test("reaching the server is given up when the trial is over, with its reason", async () => {
  const { runner } = fakeRunner();
  const { reach } = contactOf(runner);
  await server.close();
  const trial = new AbortController();
  const reaching = reach(trial.signal);
  await vi.waitFor(() => expect(device.log.entries.length).toBeGreaterThan(0));
  trial.abort(new Error("confirm deadline"));
  await expect(reaching).rejects.toThrow("confirm deadline");
  server = await new DeviceServer().listen();
});

test("a state script that says no keeps the device from its server, and status says so", async () => {
  const { runner } = fakeRunner();
  const { contact, health } = contactOf({
    ...runner,
    aroundCheckIn: async () => ({ kind: "sync-refused", detail: "battery low" }),
  });
  expect(await contact(never)).toMatchObject({ kind: "sync-refused" });
  expect(server.requests).toEqual([]);
  expect(health.read().trouble).toContain("battery low");
});

test("what is wrong with the link is told, and forgotten when it is well again", async () => {
  const { runner } = fakeRunner();
  const { contact, health } = contactOf(runner);
  server.alter = (instruction) => ({ ...instruction, deviceId: randomUUID() });
  await contact(never);
  expect(health.read()).toMatchObject({
    refusals: 1,
    lastRefusal: "other-device",
    trouble: expect.stringContaining("other-device"),
  });

  server.alter = (instruction) => instruction;
  await contact(never);
  expect(health.read()).toMatchObject({ refusals: 1, trouble: null });
});

test("a certificate that is not valid yet is told as what it is: a clock that is behind", async () => {
  const tls = { cert: FUTURE_CERTIFICATE, key: TEST_CERTIFICATE_KEY, authority: TEST_AUTHORITY };
  const secure = await new DeviceServer({ tls }).listen();
  const honest = device;
  device = await linkedDevice(secure);
  const { contact, health } = contactOf(fakeRunner().runner);
  expect(await contact(never)).toMatchObject({ kind: "failed" });
  expect(health.read().trouble).toContain("clock");
  await device.close();
  await secure.close();
  device = honest;
});

const hurried = async (_delayMs: number, signal: AbortSignal): Promise<void> =>
  signal.throwIfAborted();
