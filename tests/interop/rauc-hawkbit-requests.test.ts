import { hash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startDdiServer, type DdiFleet, type DdiServer } from "./ddi-server.fixture.ts";
import {
  attributesRequest,
  basePath,
  downloadRequest,
  feedbackRequest,
  openConnection,
  readRequest,
  type RawConnection,
  type RawReply,
  type RaucClient,
  type RaucFeedback,
} from "./rauc-requests.fixture.ts";

// What rauc-hawkbit-updater sends, sent again, to a real server. It takes 200 for a success and nothing else.

const bundle = randomBytes(300_000);

interface Offer {
  readonly id: string;
  readonly path: string;
  readonly update: string;
  readonly window: string | undefined;
}

let server: DdiServer;
let fleet: DdiFleet;
let client: RaucClient;
let connection: RawConnection;
beforeAll(async () => {
  server = await startDdiServer();
});
beforeEach(async () => {
  fleet = await server.createFleet();
  const { token } = await fleet.register();
  client = { host: `127.0.0.1:${server.port()}`, controllerId: fleet.controllerId, token };
  connection = openConnection(client.host);
});
afterEach(() => connection.close());
afterAll(() => server.close());

async function deploy(plan: Parameters<DdiFleet["deploy"]>[3] = {}) {
  const file = join(fleet.folder, "firmware.raucb");
  await writeFile(file, bundle);
  return fleet.deploy("2.0", "rauc", file, plan);
}

const jsonOf = ({ body }: RawReply): unknown => JSON.parse(body.toString("utf8"));

/** What the client reads of an answer: parts by their names, arrays by their first part. */
function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    const [first] = Array.isArray(found) ? (found as unknown[]) : [found];
    found = (first as Record<string, unknown> | undefined)?.[name];
  }
  return found;
}

const pathOf = (href: unknown): string => {
  const url = new URL(String(href));
  expect(url.host).toBe(client.host);
  return `${url.pathname}${url.search}`;
};

/** Sends a request that the client expects 200 for. */
async function ok(request: string): Promise<RawReply> {
  const reply = await connection.send(request);
  expect(reply.status).toBe(200);
  return reply;
}

/** A poll: the links that it shows. */
async function poll(): Promise<Readonly<Record<string, { readonly href: string }>>> {
  const answer = jsonOf(await ok(readRequest(client, basePath(client))));
  expect(at(answer, "config", "polling", "sleep")).toMatch(/^\d\d:\d\d:\d\d$/);
  return (at(answer, "_links") ?? {}) as Readonly<Record<string, { readonly href: string }>>;
}

async function readOffer(): Promise<Offer> {
  const links = await poll();
  const path = pathOf(links["deploymentBase"]?.href);
  const answer = jsonOf(await ok(readRequest(client, path)));
  expect(at(answer, "deployment", "chunks")).toHaveLength(1);
  const artifacts = at(answer, "deployment", "chunks", "artifacts");
  expect(artifacts).toHaveLength(1);
  expect(at(artifacts, "size")).toBe(bundle.length);
  expect(at(artifacts, "hashes", "sha1")).toBe(hash("sha1", bundle));
  expect(at(answer, "deployment", "download")).toBe("forced");
  return {
    id: String(at(answer, "id")),
    path: pathOf(at(artifacts, "_links", "download", "href")),
    update: String(at(answer, "deployment", "update")),
    window: at(answer, "deployment", "maintenanceWindow") as string | undefined,
  };
}

const tell = (
  id: string,
  detail: string,
  said: Partial<Pick<RaucFeedback, "place" | "finished" | "execution">> = {},
): string => {
  const usual = { place: "deploymentBase", finished: "none", execution: "proceeding" } as const;
  return feedbackRequest(client, { ...usual, id, detail, ...said });
};

/** As the client does once it has the whole bundle. */
async function tellFetched(id: string): Promise<void> {
  await ok(tell(id, "Download complete. 43.54 MB/s"));
  await ok(tell(id, "File checksum OK."));
}

async function tellInstalled(id: string): Promise<void> {
  await ok(tell(id, "installing"));
  await ok(tell(id, "  0% Installing"));
  await ok(tell(id, "100% Installing done."));
  await ok(tell(id, "idle"));
  const ended = { finished: "success", execution: "closed" };
  await ok(tell(id, "Software bundle installed successfully.", ended));
}

const attributes = (runs: string, boot: number): string =>
  attributesRequest(client, { sw_version: runs, boot_id: `boot-${boot}` });

test("rauc-hawkbit-updater's requests: an update is written when its client says so, and counts when the device runs it", async () => {
  const id = await deploy();
  expect(await poll()).toHaveProperty("configData");
  await ok(attributes("1.0", 1));
  const offer = await readOffer();
  const { body } = await ok(downloadRequest(client, offer.path));
  expect(body.equals(bundle)).toBe(true);
  await tellFetched(offer.id);
  expect(await fleet.standing(id)).toEqual({ state: "downloading", outcome: null });
  await ok(tell(offer.id, "installing"));
  expect(await fleet.standing(id)).toEqual({ state: "installing", outcome: null });
  await tellInstalled(offer.id);
  expect(await fleet.standing(id)).toEqual({ state: "proving", outcome: null });

  // It forgets its action at the restart, and is asked what it runs.
  expect(Object.keys(await poll())).toEqual(["configData"]);
  await ok(attributes("2.0", 2));

  expect(await fleet.standing(id)).toEqual({ state: "closed", outcome: "succeeded" });
  expect(await poll()).toEqual({});
});

test("rauc-hawkbit-updater's requests: a download goes on where it was, and one that was whole is not fetched again", async () => {
  await deploy({ mode: "download-only" });
  const { id, path, update, window } = await readOffer();
  expect({ update, window }).toEqual({ update: "skip", window: "unavailable" });
  const rest = await connection.send(downloadRequest(client, path, 100_000));
  expect(rest.status).toBe(206);
  expect(rest.body.equals(bundle.subarray(100_000))).toBe(true);
  await tellFetched(id);

  const over = await connection.send(downloadRequest(client, path, bundle.length));
  expect({ status: over.status, bytes: over.body.length }).toEqual({ status: 416, bytes: 0 });
});

test("rauc-hawkbit-updater's requests: what was fetched waits for a person's word, and can be taken back until then", async () => {
  const deploymentId = await deploy({ mode: "download-only" });
  const { id, path } = await readOffer();
  await ok(downloadRequest(client, path));
  await tellFetched(id);
  expect((await readOffer()).update).toBe("skip");
  await server.client.call("openInstallation", { params: { deploymentId } });
  const { update, window } = await readOffer();
  expect({ update, window }).toEqual({ update: "forced", window: undefined });

  await server.client.call("abortDeployment", { params: { deploymentId } });
  const cancel = (await poll())["cancelAction"];
  const asked = jsonOf(await ok(readRequest(client, pathOf(cancel?.href))));
  expect(at(asked, "cancelAction", "stopId")).toBe(id);
  const given = { place: "cancelAction", finished: "success", execution: "closed" } as const;
  await ok(tell(id, "Action canceled.", given));

  expect(await fleet.standing(deploymentId)).toEqual({ state: "closed", outcome: "aborted" });
  expect(await poll()).not.toHaveProperty("cancelAction");
});

test("rauc-hawkbit-updater's requests: an installation that has begun is not given up, and its end counts", async () => {
  const deploymentId = await deploy();
  await ok(attributes("1.0", 1));
  const { id, path } = await readOffer();
  await ok(downloadRequest(client, path));
  await server.client.call("abortDeployment", { params: { deploymentId } });
  const cancel = (await poll())["cancelAction"];
  await ok(readRequest(client, pathOf(cancel?.href)));
  const words = "Cancelation impossible, installation started already.";
  const refused = { place: "cancelAction", finished: "success", execution: "rejected" } as const;
  await ok(tell(id, words, refused));
  expect(await poll()).not.toHaveProperty("cancelAction");

  await tellInstalled(id);

  expect(Object.keys(await poll())).toEqual(["configData"]);
});

test("rauc-hawkbit-updater's requests: a bundle that RAUC refuses is a failure, with RAUC's words", async () => {
  const deploymentId = await deploy();
  const { id } = await readOffer();
  await ok(tell(id, "LastError: signature verification failed"));
  const failed = { finished: "failure", execution: "closed" };
  await ok(tell(id, "Failed to install software bundle.", failed));

  expect(await fleet.standing(deploymentId)).toMatchObject({ outcome: "failed" });
  expect(await fleet.tryLog(deploymentId)).toContain("LastError: signature verification failed");
});
