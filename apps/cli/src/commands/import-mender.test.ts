import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadFileFromBytes, writeArtifact } from "@moult/artifact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Refusal, runMoult, signedInTo } from "../cli.fixture.ts";
import {
  menderPage,
  serveFile,
  startPeer,
  WRITTEN,
  type PeerAnswer,
  type PeerServer,
} from "../import/peer.fixture.ts";
import { artifact, group, GROUP_ID, page, product, release } from "../model.fixture.ts";
import { startTusServer, type TusServer } from "../tus-server.fixture.ts";

const TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";
const V1 = "/api/management/v1";
const V2 = "/api/management/v2";

let folder = "";
let moult: TusServer;
let peer: PeerServer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-import-"));
});
afterEach(async () => {
  await moult.close();
  await peer.close();
  rmSync(folder, { recursive: true });
});

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const keys = Array.from({ length: 4 }, () => generateKeyPairSync("ed25519").publicKey);
const pemOf = (index: number): string =>
  keys[index]?.export({ type: "spki", format: "pem" }).toString() ?? "";
const fingerprintOf = (index: number): string =>
  sha256Of(keys[index]?.export({ type: "spki", format: "der" }) ?? Buffer.alloc(0));

const menderDevice = (id: string, status: string, sets: readonly object[], more: object = {}) => ({
  id,
  identity_data: { mac: `02:00:${id}` },
  status,
  auth_sets: sets,
  decommissioning: false,
  ...more,
});
const inventory = (id: string, attributes: readonly (readonly [string, string, unknown])[]) => ({
  id,
  attributes: attributes.map(([scope, name, value]) => ({ scope, name, value })),
  updated_ts: "2026-10-03T16:58:51.639Z",
});

const DEVICES = [
  menderDevice("a", "accepted", [
    { pubkey: pemOf(0), status: "accepted" },
    { pubkey: pemOf(1), status: "rejected" },
  ]),
  menderDevice("b", "preauthorized", [{ pubkey: pemOf(2), status: "preauthorized" }], {
    identity_data: { serial: 17 },
  }),
  menderDevice("c", "pending", [{ pubkey: pemOf(3), status: "pending" }]),
  menderDevice("d", "accepted", [{ pubkey: "no key", status: "accepted" }]),
];
const INVENTORY = [
  inventory("a", [
    ["inventory", "device_type", "raspberrypi4"],
    ["system", "group", "canaries"],
    ["tags", "name", "Berlin 3"],
    ["tags", "site", "berlin"],
  ]),
  inventory("b", [["inventory", "device_type", ["qemux86-64"]]]),
];

const serverAnswers = (more: Record<string, PeerAnswer> = {}): Record<string, PeerAnswer> => ({
  [`${V1}/useradm/auth/login`]: ({ headers }, response) => {
    const isRight = headers.authorization === `Basic ${btoa("ada@example.org:secret")}`;
    response.writeHead(isRight ? 200 : 401, { "content-type": "application/jwt" });
    response.end(isRight ? TOKEN : "{}");
    return WRITTEN;
  },
  [`${V2}/devauth/devices`]: menderPage(DEVICES),
  [`${V2}/inventory/filters/search`]: ({ body }) => {
    const { device_ids: ids } = body as { readonly device_ids: readonly string[] };
    return INVENTORY.filter(({ id }) => ids.includes(id));
  },
  [`${V1}/deployments/artifacts/list`]: menderPage([]),
  ...more,
});

async function artifactBytes(name: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const files = [payloadFileFromBytes("rootfs.img", randomBytes(200_000))];
  const payloads = [{ type: "rootfs-image", files }];
  for await (const part of writeArtifact({
    artifactName: name,
    deviceTypes: ["raspberrypi4"],
    payloads,
  }))
    parts.push(part);
  return Buffer.concat(parts);
}

/** Moult's server: what it was given, and answers that remember it. */
interface Given {
  readonly items: Record<string, unknown>[];
  readonly dryRuns: boolean[];
  readonly groups: string[];
  readonly artifacts: Record<string, unknown>[];
}

async function begin(answers: Record<string, PeerAnswer> = serverAnswers()): Promise<Given> {
  const given: Given = { items: [], dryRuns: [], groups: [], artifacts: [] };
  peer = await startPeer(answers);
  moult = await startTusServer({
    become: (bytes) => {
      const stored = artifact({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
      given.artifacts.push(stored);
      return { release: release({ artifacts: [stored] }), artifact: stored, created: true };
    },
    answers: {
      showProduct: () => product(),
      listGroups: () => ({ items: given.groups.map((name) => group({ name })) }),
      createGroup: ({ body }) => {
        const { name } = body as { readonly name: string };
        given.groups.push(name);
        return group({ name, id: `${GROUP_ID.slice(0, -1)}${given.groups.length}` });
      },
      listReleases: () => page([release({ artifacts: given.artifacts })]),
      importPreauthorisations: ({ body }) => {
        const { items, isDryRun } = body as {
          readonly items: readonly Record<string, unknown>[];
          readonly isDryRun: boolean;
        };
        given.dryRuns.push(isDryRun);
        const outcomes = items.map(({ keyFingerprint }) => ({
          outcome: given.items.some((each) => each["keyFingerprint"] === keyFingerprint)
            ? "known"
            : "added",
          deviceId: null,
          reason: null,
        }));
        if (!isDryRun) given.items.push(...items);
        return { items: outcomes };
      },
    },
  });
  return given;
}

const run = (more: readonly string[] = [], environment: Record<string, string> = {}) =>
  runMoult(["import", "mender", peer.url, "--product", "gw2", ...more], {
    environment: {
      ...signedInTo(moult),
      XDG_STATE_HOME: folder,
      MOULT_IMPORT_TOKEN: TOKEN,
      ...environment,
    },
  });

describe("devices of a Mender server", () => {
  test("that were let in there are preauthorised by key and identity, with name and groups", async () => {
    const given = await begin();

    const { code, out } = await run();

    expect(code).toBe(0);
    expect(given.groups).toEqual(["canaries", "site: berlin"]);
    expect(given.items).toEqual([
      {
        keyFingerprint: fingerprintOf(0),
        identity: { mac: "02:00:a" },
        name: "Berlin 3",
        groupIds: [`${GROUP_ID.slice(0, -1)}1`, `${GROUP_ID.slice(0, -1)}2`],
      },
      { keyFingerprint: fingerprintOf(2), identity: { serial: "17" }, groupIds: [] },
    ]);
    expect(out).toContain("Devices: 4 read, 2 added, 0 here already, 2 left out");
    expect(out).toContain("device 02:00:c: nobody let it in there: it is pending");
    expect(out).toContain("device 02:00:d: its key is none that Moult takes");
    expect(peer.asked.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(
      true,
    );
  });

  test("come once, however often they are imported", async () => {
    const given = await begin();

    await run();
    const { out } = await run();

    expect(given.groups).toHaveLength(2);
    expect(out).toContain("Devices: 4 read, 0 added, 2 here already, 2 left out");
    expect(out).toContain("Groups: 2 read, 0 added, 2 here already, 0 left out");
  });

  test("are only counted in a dry run", async () => {
    const given = await begin();

    const { out } = await run(["--dry-run"]);

    expect(out).toContain("Devices: 4 read, 2 would be added, 0 here already, 2 left out");
    expect(out).toContain("Nothing was changed: this was a dry run.");
    expect(given).toMatchObject({ items: [], groups: [], dryRuns: [true] });
  });

  test("are taken by type and by group", async () => {
    const given = await begin();

    await run(["--device-type", "qemux86-64"]);
    await run(["--group", "canaries"]);

    expect(given.items.map(({ identity }) => identity)).toEqual([
      { serial: "17" },
      { mac: "02:00:a" },
    ]);
  });

  test("are read page by page", async () => {
    const many = Array.from({ length: 205 }, (_, index) =>
      menderDevice(String(index), "pending", []),
    );
    await begin(serverAnswers({ [`${V2}/devauth/devices`]: menderPage(many) }));

    const { out } = await run(["--only", "devices", "--json"]);

    expect(JSON.parse(out)).toMatchObject({ counts: { devices: { read: 205, leftOut: 205 } } });
  });
});

describe("a Mender server", () => {
  test("is signed in to with a user and a password that stand in no argument", async () => {
    const given = await begin();

    const { code } = await run(["--only", "devices"], {
      MOULT_IMPORT_TOKEN: "",
      MOULT_IMPORT_USER: "ada@example.org",
      MOULT_IMPORT_PASSWORD: "secret",
    });

    expect(code).toBe(0);
    expect(given.items).toHaveLength(2);
    expect(peer.asked.at(-1)?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test("that does not believe the password is named, and nothing came", async () => {
    const given = await begin();

    const { code, err } = await run([], {
      MOULT_IMPORT_TOKEN: "",
      MOULT_IMPORT_USER: "ada@example.org",
      MOULT_IMPORT_PASSWORD: "wrong",
    });

    expect(code).toBe(5);
    expect(err).toContain(`${peer.url} does not accept these credentials.`);
    expect(given.items).toEqual([]);
  });

  test.each([
    ["no JSON", (): PeerAnswer => (_, response) => (response.end("<html>"), WRITTEN), "no JSON"],
    [
      "one page again and again",
      (): PeerAnswer => () => [menderDevice("x", "pending", [])],
      "it is the page before it again",
    ],
    ["another shape", (): PeerAnswer => () => [{ id: 7 }], "0.id: "],
    ["nothing", (): PeerAnswer => () => undefined, "has no /api/management/v2/devauth/devices"],
  ])("that answers with %s is named with the address", async (_, answer, words) => {
    await begin(serverAnswers({ [`${V2}/devauth/devices`]: answer() }));

    const { code, err } = await run();

    expect(code).toBe(1);
    expect(err).toContain(words);
    expect(err).toContain("/api/management/v2/devauth/devices");
  });

  test("that is busy is asked again when it said", async () => {
    let asked = 0;
    const list = menderPage(DEVICES);
    const given = await begin(
      serverAnswers({
        [`${V2}/devauth/devices`]: (one, response) => {
          asked += 1;
          if (asked > 1) return list(one, response);
          response.writeHead(429, { "retry-after": "0" }).end();
          return WRITTEN;
        },
      }),
    );

    expect((await run(["--only", "devices"])).code).toBe(0);
    expect(given.items).toHaveLength(2);
  });
});

describe("artifacts of a Mender server", () => {
  const listed = (id: string, name: string, bytes: Buffer, more: object = {}) => ({
    id,
    name,
    device_types_compatible: ["raspberrypi4"],
    info: { format: "mender", version: 3 },
    size: bytes.length,
    modified: "2026-03-11T13:03:17.063Z",
    ...more,
  });

  async function withArtifacts(cutAfterBytes?: number) {
    const first = await artifactBytes("1.4.0");
    const damaged = Buffer.from(first);
    damaged.fill(1, first.length - 60_000, first.length - 50_000);
    const store = await startPeer({
      "/one": serveFile(first, cutAfterBytes),
      "/damaged": serveFile(damaged),
    });
    const download =
      (path: string): PeerAnswer =>
      () => ({
        uri: `${store.url}${path}?signature=x`,
        expire: "2027-01-01T00:00:00Z",
      });
    const given = await begin(
      serverAnswers({
        [`${V1}/deployments/artifacts/list`]: menderPage([
          listed("one", "1.4.0", first),
          listed("damaged", "1.4.1", damaged),
          listed("old", "0.9", first, { info: { format: "mender", version: 2 } }),
        ]),
        [`${V1}/deployments/artifacts/one/download`]: download("/one"),
        [`${V1}/deployments/artifacts/damaged/download`]: download("/damaged"),
      }),
    );
    return { first, store, given };
  }

  test("become releases, across a broken connection; the store is not told who asks", async () => {
    const { first, store, given } = await withArtifacts(70_000);

    const { code, out } = await run(["--only", "releases"]);
    const askedBefore = store.asked.length;
    const again = await run(["--only", "releases"]);
    await store.close();

    expect(code).toBe(0);
    expect(given.artifacts.map(({ sha256 }) => sha256)).toEqual([sha256Of(first)]);
    expect(out).toContain("Releases: 3 read, 1 added, 0 here already, 2 left out");
    expect(out).toContain("release 0.9 (raspberrypi4): artifact format 2; Moult takes 3");
    expect(out).toMatch(/release 1\.4\.1 \(raspberrypi4\): .*damaged/);
    expect(store.asked.map(({ path, headers }) => [path, headers.range])).toEqual([
      ["/one", undefined],
      ["/one", expect.stringMatching(/^bytes=[1-9]\d*-$/)],
      ["/damaged", undefined],
      ["/damaged", undefined],
    ]);
    expect(store.asked.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    // Only what did not come is fetched again.
    expect(askedBefore).toBe(3);
    expect(again.out).toContain("Releases: 3 read, 0 added, 1 here already, 2 left out");
  });

  test("that Moult's server refuses stop nothing but themselves", async () => {
    const { store } = await withArtifacts();
    await moult.close();
    moult = await startTusServer({
      become: () => ({
        state: "refused",
        problem: {
          type: "about:blank",
          title: "The artifact is not signed",
          status: 422,
          code: "artifact-unsigned",
          detail: "gw2 takes signed artifacts alone.",
          requestId: "r",
        },
      }),
      answers: {
        showProduct: () => product(),
        listGroups: () => ({ items: [] }),
        listReleases: () => page([]),
      },
    });

    const { code, out, err } = await run(["--only", "releases"]);
    await store.close();

    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("release 1.4.0 (raspberrypi4): gw2 takes signed artifacts alone.");
  });

  test("stop at a server that does not let the command in", async () => {
    const { store } = await withArtifacts();
    await moult.close();
    moult = await startTusServer({
      become: () => ({}),
      answers: { showProduct: () => new Refusal(403, "forbidden", "You may not.") },
    });

    const { code, err } = await run();
    await store.close();

    expect(code).toBe(5);
    expect(err).toContain("You may not.");
    expect(store.asked).toEqual([]);
  });
});
