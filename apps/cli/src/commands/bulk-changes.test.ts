import { afterEach, expect, test } from "vitest";
import {
  Refusal,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type CliOptions,
  type FixtureAnswer,
} from "../cli.fixture.ts";
import { AT, DEVICE_ID, GROUP_ID, device, group, page } from "../model.fixture.ts";

let server: ApiServer;
afterEach(() => server.close());

const moult = (line: string, options: CliOptions = {}) =>
  runMoult(line.split(" "), { environment: signedInTo(server), ...options });

const ID = "0198c0de-0007-7000-8000-000000000001";
const change = (fields: object = {}) => ({
  id: ID,
  action: { kind: "accept" },
  state: "finished",
  total: 7,
  done: 7,
  changed: 5,
  unchanged: 2,
  refused: [],
  createdBy: "Ada",
  createdAt: AT,
  finishedAt: AT,
  ...fields,
});
const rehearsal = (fields: object = {}) => ({
  matches: 7,
  changes: 5,
  unchanged: 2,
  refused: [],
  updating: 0,
  samples: [{ id: DEVICE_ID, name: "gw-17" }],
  sentence: "Accepts 5 devices: they take updates from now on. 2 are accepted already.",
  ...fields,
});

async function serving(finished: object = {}, foreseen: object = {}): Promise<unknown[]> {
  const bodies: unknown[] = [];
  const noting =
    (answer: unknown): FixtureAnswer =>
    ({ body }) => {
      bodies.push(body);
      return answer;
    };
  server = await startApiServer({
    listGroups: () => ({ items: [group()] }),
    rehearseBulkChange: noting(rehearsal(foreseen)),
    startBulkChange: noting(change({ state: "running", done: 0, finishedAt: null })),
    showBulkChange: ({ number }) =>
      number === 1 ? change({ state: "running", done: 3, finishedAt: null }) : change(finished),
  });
  return bodies;
}

test("devices that filters choose are changed after what will happen was shown and agreed to", async () => {
  const bodies = await serving();

  const { code, out, err, statuses } = await moult(
    "device accept --product gw2 --state pending --attribute region=eu",
    { answers: ["y"], hasStatus: true },
  );

  const selection = {
    kind: "matching",
    filter: { product: "gw2", state: "pending", attribute: ["region=eu"] },
  };
  expect(code).toBe(0);
  expect(bodies).toEqual([
    { selection, action: { kind: "accept" } },
    { selection, action: { kind: "accept" }, expectedMatches: 7 },
  ]);
  expect(err).toContain("2 are accepted already. (gw-17, and 4 more)");
  expect(statuses.at(0)).toMatch(/3 of 7$/);
  expect(out).toMatch(/Done +7 of 7\nChanged +5\nSo already +2/);
});

test.each([
  [{ answers: ["n"] }, 1],
  [{}, 2],
] as const)("who does not agree, or is not there, begins nothing: %j", async (options, code) => {
  await serving();

  expect((await moult("device decommission --all", options)).code).toBe(code);
  expect(server.asked).toEqual(["rehearseBulkChange"]);
});

test.each([
  "device accept",
  "group add canaries",
  `device reject ${DEVICE_ID} --state pending`,
  "device reject --all --state pending",
])("no device is meant by accident: %s", async (line) => {
  await serving();

  expect((await moult(`${line} --yes`)).code).toBe(2);
  expect(server.asked).not.toContain("startBulkChange");
});

test("where nothing would change nobody is asked and nothing begins", async () => {
  await serving({}, { changes: 0, samples: [], sentence: "No device matches." });

  expect(await moult("device accept --state pending")).toMatchObject({
    code: 0,
    err: "No device matches.",
  });
  expect(server.asked).toEqual(["rehearseBulkChange"]);
});

test("another number than the one that was shown changes nothing, and is told", async () => {
  await serving();
  await server.close();
  server = await startApiServer({
    rehearseBulkChange: () => rehearsal(),
    startBulkChange: () =>
      new Refusal(409, "count-changed", "It is 9 now (2 more); nothing was changed."),
  });

  const { code, err } = await moult("device accept --state pending --yes");
  expect(code).toBe(1);
  expect(err).toContain("It is 9 now (2 more); nothing was changed.");
});

test("a group takes in what filters choose; devices that were refused make it fail", async () => {
  const refused = [{ sentence: "The device belongs to another product than the group.", count: 2 }];
  const bodies = await serving({ refused });

  const { code, out } = await moult("group add canaries --search gw --yes");

  expect(code).toBe(1);
  expect(bodies[0]).toMatchObject({ action: { kind: "add-to-group", groupId: GROUP_ID } });
  expect(out).toContain("2: The device belongs to another product than the group.");
});

test("devices that are named are changed as before", async () => {
  server = await startApiServer({
    listDevices: () => page([device()]),
    acceptDevice: () => device(),
  });

  expect((await moult("device accept gw-17 --yes")).code).toBe(0);
  expect(server.asked).toEqual(["listDevices", "acceptDevice"]);
});

test("changes are listed, shown and watched", async () => {
  await serving();
  await server.close();
  server = await startApiServer({
    listBulkChanges: () => page([change()]),
    showBulkChange: ({ number }) =>
      number < 3 ? change({ state: "running", done: number }) : change(),
  });

  expect((await moult("bulk-change list")).out).toMatch(/accept +finished +7 of 7 +5 +Ada/);
  expect((await moult(`bulk-change show ${ID}`)).out).toMatch(/Done +1 of 7/);
  const { out } = await moult(`bulk-change show ${ID} --watch --json`);
  expect(JSON.parse(out)).toEqual(change());
});
