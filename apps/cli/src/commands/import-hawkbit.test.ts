import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { inspectArtifact } from "@moult/artifact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runMoult, signedInTo } from "../cli.fixture.ts";
import {
  hawkbitPage,
  serveFile,
  startPeer,
  WRITTEN,
  type PeerAnswer,
  type PeerServer,
} from "../import/peer.fixture.ts";
import { artifact, group, GROUP_ID, page, product, release } from "../model.fixture.ts";
import { startTusServer, type TusServer } from "../tus-server.fixture.ts";

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
const SECRET = "949f1c3487125467464a960d750373c1";

const target = (controllerId: string, more: object = {}) => ({
  createdBy: "admin",
  createdAt: 1_767_000_000_000,
  name: controllerId,
  controllerId,
  updateStatus: "registered",
  securityToken: SECRET,
  requestAttributes: true,
  ...more,
});
const TARGETS = [
  target("gw-1", { name: "Berlin 3", group: "eu" }),
  target("gw-2", { securityToken: "short", targetTypeName: "gw2-rev-a" }),
  target("gw 3"),
  target("gw-4", { securityToken: undefined }),
];

/** The paths of one distribution set with its files. */
function distribution(id: number, files: Readonly<Record<string, Buffer>>, damage?: PeerAnswer) {
  const listed = Object.entries(files).map(([providedFilename, bytes], index) => ({
    id: id * 10 + index,
    providedFilename,
    size: bytes.length,
    hashes: { sha1: "", md5: "", sha256: sha256Of(bytes) },
  }));
  const serving = listed.map(({ id: artifactId, providedFilename }) => [
    `/rest/v1/softwaremodules/${id}/artifacts/${artifactId}/download`,
    damage ?? serveFile(files[providedFilename] ?? Buffer.alloc(0)),
  ]);
  return {
    [`/rest/v1/distributionsets/${id}/assignedSM`]: hawkbitPage([
      { id, name: "os", version: "1", type: "os" },
    ]),
    [`/rest/v1/softwaremodules/${id}/artifacts`]: () => listed,
    ...Object.fromEntries(serving),
  };
}

const set = (id: number, name: string, version: string, more: object = {}) => ({
  id,
  name,
  version,
  type: "os",
  deleted: false,
  valid: true,
  complete: true,
  ...more,
});

const serverAnswers = (more: Record<string, PeerAnswer> = {}): Record<string, PeerAnswer> => ({
  "/rest/v1/targets": hawkbitPage(TARGETS),
  "/rest/v1/targets/*/attributes": ({ path }, response) => {
    if (path.includes("gw-1")) return { revision: "gw2-rev-b", sw_version: "1.3.0" };
    // What hawkBit 0.9 answers where there are none.
    response.writeHead(204).end();
    return WRITTEN;
  },
  "/rest/v1/targets/*/tags": ({ path }) =>
    path.includes("gw-1") ? [{ id: 1, name: "canary" }] : [],
  "/rest/v1/distributionsets": hawkbitPage([]),
  ...more,
});

interface Given {
  readonly items: Record<string, unknown>[];
  readonly files: Buffer[];
}

async function begin(answers: Record<string, PeerAnswer> = serverAnswers()): Promise<Given> {
  const given: Given = { items: [], files: [] };
  const artifacts: Record<string, unknown>[] = [];
  peer = await startPeer(answers);
  moult = await startTusServer({
    become: (bytes) => {
      given.files.push(bytes);
      const stored = artifact({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
      artifacts.push(stored);
      return { release: release({ artifacts: [stored] }), artifact: stored, created: true };
    },
    answers: {
      showProduct: () => product(),
      listGroups: () => ({ items: [group({ name: "eu" }), group({ name: "canary" })] }),
      listReleases: () => page([release({ artifacts })]),
      importControllers: ({ body }) => {
        const { items } = body as { readonly items: readonly Record<string, unknown>[] };
        given.items.push(...items);
        return {
          items: items.map(({ controllerId }) =>
            controllerId === "gw-2"
              ? { outcome: "refused", deviceId: null, reason: "It is here with another token." }
              : { outcome: "added", deviceId: null, reason: null },
          ),
        };
      },
    },
  });
  return given;
}

const run = (...more: readonly string[]) =>
  runMoult(["import", "hawkbit", peer.url, "--product", "gw2", ...more], {
    environment: {
      ...signedInTo(moult),
      XDG_STATE_HOME: folder,
      MOULT_IMPORT_USER: "admin",
      MOULT_IMPORT_PASSWORD: "admin",
    },
  });

describe("targets of a hawkBit server", () => {
  test("become devices with the tokens, attributes and groups that they have there", async () => {
    const given = await begin();

    const { code, out } = await run(
      "--hardware-attribute",
      "revision",
      "--hardware-type",
      "gw2-rev-0",
      "--query",
      "tag==canary",
    );

    expect(code).toBe(0);
    expect(given.items).toEqual([
      {
        controllerId: "gw-1",
        hardwareType: "gw2-rev-b",
        name: "Berlin 3",
        token: SECRET,
        attributes: { revision: "gw2-rev-b", sw_version: "1.3.0" },
        groupIds: [GROUP_ID, GROUP_ID],
      },
      { controllerId: "gw-2", hardwareType: "gw2-rev-0", groupIds: [] },
      { controllerId: "gw-4", hardwareType: "gw2-rev-0", groupIds: [] },
    ]);
    expect(out).toContain("Devices: 4 read, 2 added, 0 here already, 2 left out");
    expect(out).toContain("device gw 3: its name is none here: letters, digits");
    expect(out).toContain("device gw-2: its token is too short to be kept");
    expect(out).toContain("device gw-2: It is here with another token.");
    expect(out).toContain("READ_TARGET_SECURITY_TOKEN");
    expect(peer.asked[0]?.query["q"]).toBe("tag==canary");
    expect(peer.asked[0]?.headers.authorization).toBe(`Basic ${btoa("admin:admin")}`);
  });

  test("whose kind of machine nothing says are left out", async () => {
    const given = await begin();

    const { out } = await run("--only", "devices");

    expect(given.items.map(({ controllerId }) => controllerId)).toEqual(["gw-2"]);
    expect(out).toContain("device gw-1: what kind of machine it is, nothing says");
  });
});

describe("distribution sets of a hawkBit server", () => {
  test("with one file become releases, in the version that the file says, else in theirs", async () => {
    const image = swu(`software = { version = "2.4.1"; }`);
    const firmware = randomBytes(2_000);
    const given = await begin(
      serverAnswers({
        "/rest/v1/distributionsets": hawkbitPage([
          set(1, "gateway", "2.4"),
          set(2, "modem", "7"),
          set(3, "both", "1"),
          set(4, "empty", "1"),
          set(5, "gone", "1", { valid: false }),
        ]),
        ...distribution(1, { "gw.swu": image }),
        ...distribution(2, { "modem v7.bin": firmware }),
        ...distribution(3, { "a.swu": image, "b.swu": image }),
        ...distribution(4, {}),
      }),
    );

    const { code, out } = await run("--only", "releases", "--hardware-type", "gw2-rev-b");
    const again = await run("--only", "releases", "--hardware-type", "gw2-rev-b");

    expect(code).toBe(0);
    const made = await Promise.all(given.files.map(summaryOf));
    expect(made).toEqual([
      ["2.4.1", ["gw2-rev-b"], "swu", "gw.swu", sha256Of(image)],
      ["7", ["gw2-rev-b"], "raw-file", "modem_v7.bin", sha256Of(firmware)],
    ]);
    expect(out).toContain("Releases: 5 read, 2 added, 0 here already, 3 left out");
    expect(out).toContain("release both 1: it has 2 files");
    expect(out).toContain("release empty 1: it has no file");
    expect(out).toContain("release gone 1: it is deleted or invalidated there");
    expect(again.out).toContain("Releases: 5 read, 0 added, 2 here already, 3 left out");
  });

  test("whose bytes are not those of their digest do not come", async () => {
    const image = swu(`software = { version = "2.4.1"; }`);
    const given = await begin(
      serverAnswers({
        "/rest/v1/distributionsets": hawkbitPage([set(1, "gateway", "2.4")]),
        ...distribution(1, { "gw.swu": image }, serveFile(Buffer.alloc(image.length))),
      }),
    );

    const { out } = await run("--only", "releases", "--hardware-type", "gw2-rev-b");

    expect(given.files).toEqual([]);
    expect(out).toContain("gateway 2.4 (gw.swu): What came of gateway 2.4 (gw.swu) is not what");
  });

  test("that are longer than they say stop the import", async () => {
    const image = swu(`software = { version = "2.4.1"; }`);
    await begin(
      serverAnswers({
        "/rest/v1/distributionsets": hawkbitPage([set(1, "gateway", "2.4")]),
        ...distribution(1, { "gw.swu": image }, serveFile(Buffer.alloc(image.length + 1))),
      }),
    );

    const { code, err } = await run("--only", "releases", "--hardware-type", "gw2-rev-b");

    expect(code).toBe(1);
    expect(err).toContain("is larger than the other server says");
  });
});

async function summaryOf(bytes: Buffer): Promise<readonly unknown[]> {
  const { head, files } = await inspectArtifact(Readable.from([bytes]), { augmented: "refuse" });
  const [payload] = head.payloads;
  const [file] = files;
  return [head.artifactName, head.deviceTypes, payload?.type, file?.name, file?.sha256];
}

/** An image of SWUpdate that holds its description alone: cpio of the `crc` form. */
function swu(description: string): Buffer {
  const entry = (name: string, content: Buffer): Buffer => {
    const sum = content.reduce((total, byte) => total + byte, 0);
    const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, sum];
    const header = `070702${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    const padded = (part: Buffer): Buffer =>
      Buffer.concat([part, Buffer.alloc((4 - (part.length % 4)) % 4)]);
    return Buffer.concat([padded(Buffer.from(`${header}${name}\0`)), padded(content)]);
  };
  return Buffer.concat([
    entry("sw-description", Buffer.from(description)),
    entry("TRAILER!!!", Buffer.alloc(0)),
  ]);
}
