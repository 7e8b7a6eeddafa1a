import { randomBytes } from "node:crypto";
import type { DeploymentId, DeviceId, Outcome, Plan } from "@moult/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startDdiServer, type DdiFleet, type DdiServer } from "./ddi-server.fixture.ts";
import { startHeldLink, type HeldLink } from "./held-link.fixture.ts";
import {
  createRaucDevice,
  makeBundle,
  makeBundleKey,
  SLOT_BYTES,
  type RaucBoot,
  type RaucDevice,
} from "./rauc-device.fixture.ts";
import {
  attributesRequest,
  basePath,
  downloadRequest,
  feedbackRequest,
  readRequest,
  type RaucClient,
} from "./rauc-requests.fixture.ts";

// rauc-hawkbit-updater, built from its source, with Debian's RAUC as a service that installs bundles of `rauc bundle` into slots.
// No package has the client, so these run where somebody built it: `RAUC_HAWKBIT_UPDATER=... npm run interop`.

const PATIENT = { timeout: 60_000, interval: 100 };
const HOLD_BYTES = 150_000;
const content = randomBytes(SLOT_BYTES);
const empty = Buffer.alloc(SLOT_BYTES);

let server: DdiServer;
let fleet: DdiFleet;
let deviceId: DeviceId;
let client: RaucClient;
let device: RaucDevice;
let link: HeldLink;
beforeAll(async () => {
  server = await startDdiServer();
});
beforeEach(async () => {
  fleet = await server.createFleet();
  const { folder, controllerId } = fleet;
  await makeBundleKey(folder);
  const { deviceId: added, token } = await fleet.register();
  deviceId = added;
  link = await startHeldLink(server.port(), HOLD_BYTES);
  client = { host: `127.0.0.1:${link.port}`, controllerId, token };
  device = await createRaucDevice({ folder, controllerId, token });
});
afterEach(async () => {
  await device.stop();
  await link.close();
});
afterAll(() => server.close());

const boot = (runs: string, more: Partial<RaucBoot> = {}): Promise<void> =>
  device.boot({ host: `127.0.0.1:${server.port()}`, runs, ...more });

async function bootAndHold(runs: string): Promise<void> {
  await boot(runs, { host: client.host });
  await link.holding();
}

const deploy = async (plan: Partial<Plan> = {}): Promise<DeploymentId> =>
  fleet.deploy("2.0", "rauc", await makeBundle(fleet.folder, "2.0", content), plan);

const isWritten = async (id: DeploymentId): Promise<void> => {
  await expect.poll(() => fleet.standing(id), PATIENT).toEqual({ state: "proving", outcome: null });
  expect((await device.slot("b")).equals(content)).toBe(true);
};

const isEnded = (id: DeploymentId, outcome: Outcome): Promise<void> =>
  expect.poll(() => fleet.standing(id), PATIENT).toMatchObject({ state: "closed", outcome });

test("rauc-hawkbit-updater: an update is fetched, installed by RAUC, and counts when the restarted device runs it", async () => {
  const id = await deploy();
  await boot("1.0");
  await isWritten(id);
  await boot("2.0");

  await isEnded(id, "succeeded");
  const shown = await server.client.call("showDevice", { params: { deviceId } });
  expect(shown).toMatchObject({
    running: { artifactName: "2.0" },
    traits: { client: "rauc-hawkbit-updater", trust: "payload-signed" },
  });
});

test("rauc-hawkbit-updater: a download goes on after the server was killed in the middle of it", async () => {
  const id = await deploy();
  await bootAndHold("1.0");
  expect(await fleet.standing(id)).toEqual({ state: "downloading", outcome: null });

  await server.crash();
  link.cut();

  await isWritten(id);
  expect(link.carriedBytes()).toBeLessThan(content.length + 100_000);
  await boot("2.0");
  await isEnded(id, "succeeded");
});

test("rauc-hawkbit-updater: an update that people stop is given up before it is installed", async () => {
  const id = await deploy();
  await bootAndHold("1.0");

  await server.client.call("abortDeployment", { params: { deploymentId: id } });
  // It sees the request beside its download, and answers it when that has ended.
  await expect.poll(() => device.said(), PATIENT).toContain("Received cancelation for action");
  link.trickle();

  await isEnded(id, "aborted");
  await expect.poll(() => fleet.tryLog(id), PATIENT).toContain("Action canceled.");
  expect((await device.slot("b")).equals(empty)).toBe(true);
});

test("rauc-hawkbit-updater: what may not be installed yet is fetched and kept, and installed when a person says so", async () => {
  const id = await deploy({ mode: "download-only" });
  await boot("1.0");
  await expect.poll(() => device.said(), PATIENT).toContain("is still waiting");
  expect(await fleet.standing(id)).toEqual({ state: "downloading", outcome: null });
  expect((await device.slot("b")).equals(empty)).toBe(true);

  await server.client.call("openInstallation", { params: { deploymentId: id } });

  await isWritten(id);
  expect(await device.said()).toContain("Continuing scheduled deployment");
});

test("rauc-hawkbit-updater: a bundle that nobody it knows has signed is refused by RAUC, and the update failed", async () => {
  const id = await deploy();
  await makeBundleKey(fleet.folder);
  await boot("1.0");

  await isEnded(id, "failed");
  expect(await fleet.tryLog(id)).toContain("signature verification failed");
  expect((await device.slot("b")).equals(empty)).toBe(true);
});

test("rauc-hawkbit-updater: a device that the bootloader brought back to the former slot has rolled back", async () => {
  const id = await deploy();
  await boot("1.0");
  await isWritten(id);
  await boot("1.0", { slot: "a" });

  await isEnded(id, "rolled-back");
});

test("rauc-hawkbit-updater: its requests are those that tests of the server send, byte for byte", async () => {
  const id = await deploy();
  await bootAndHold("1.0");
  link.cut();
  await isWritten(id);
  await boot("2.0", { host: client.host });
  await isEnded(id, "succeeded");

  const sent = link.sent().flatMap(requestsOf);
  expect(sent.filter((text) => text.startsWith("PUT"))).toHaveLength(2);
  expect(sent.filter((text) => /^Range: bytes=\d+-\r$/m.test(text))).toHaveLength(1);
  for (const text of sent) expect(text).toBe(again(text));
});

/** A connection's bytes, cut where one request ends and the next begins. */
function requestsOf(connection: string): readonly string[] {
  const requests: string[] = [];
  for (let rest = connection; rest.length > 0;) {
    const headEnd = rest.indexOf("\r\n\r\n") + 4;
    const length = Number(/^Content-Length: (\d+)\r$/m.exec(rest.slice(0, headEnd))?.[1] ?? 0);
    requests.push(rest.slice(0, headEnd + length));
    rest = rest.slice(headEnd + length);
  }
  return requests;
}

/** The same request, as tests of the server write it. */
function again(text: string): string {
  const [, method = "", path = ""] = /^(\S+) (\S+) /.exec(text) ?? [];
  const body: unknown = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4) || "{}");
  const {
    id = "",
    time,
    data,
    status,
  } = body as {
    readonly id?: string;
    readonly time?: string;
    readonly data?: Readonly<Record<string, string>>;
    readonly status?: {
      readonly result: { readonly finished: string };
      readonly execution: string;
      readonly details?: readonly string[];
    };
  };
  if (method === "PUT") return attributesRequest(client, data ?? {}, time);
  if (method === "POST") {
    const place = path.startsWith(`${basePath(client)}/cancel`) ? "cancelAction" : "deploymentBase";
    const said = { finished: status?.result.finished ?? "", execution: status?.execution ?? "" };
    return feedbackRequest(
      client,
      { place, id, ...said, detail: status?.details?.[0] ?? "" },
      time,
    );
  }
  const from = /^Range: bytes=(\d+)-\r$/m.exec(text)?.[1];
  if (path.includes("/artifacts/"))
    return downloadRequest(client, path, from === undefined ? undefined : Number(from));
  return readRequest(client, path);
}
