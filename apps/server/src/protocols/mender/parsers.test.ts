import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { AssignmentId } from "@moult/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ApiError } from "../../platform/api-error.ts";
import { KEY_KINDS, newKeys } from "./mender-server.fixture.ts";
import { isSigned, readAuthRequest } from "./read-auth-request.ts";
import { readConfiguration } from "./read-configuration.ts";
import { readInventory } from "./read-inventory.ts";
import { readLog } from "./read-log.ts";
import { readUpdateId, updateId } from "./update-id.ts";
import { readFirstForm, readQueryForm, readSecondForm } from "./read-update-request.ts";

const readers = {
  "a request for a token": readAuthRequest,
  "a request for an update": readSecondForm,
  "one in the older form": readFirstForm,
  "one in a query": readQueryForm,
  inventory: readInventory,
  settings: readConfiguration,
  "a log": readLog,
} as const;

/** JSON that is near to what devices send. */
const near = fc.object({
  key: fc.constantFrom(
    "id_data",
    "pubkey",
    "tenant_token",
    "device_provides",
    "device_type",
    "artifact_name",
    "artifact_provides",
    "messages",
    "message",
    "name",
    "value",
    "__proto__",
  ),
  values: [fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null)],
  maxDepth: 3,
});

describe.each(Object.entries(readers))("%s", (_name, read) => {
  test("is read, or refused as the device's fault, whatever arrives", () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      near.map((value) => Buffer.from(JSON.stringify(value))),
      fc.array(near, { maxLength: 5 }).map((value) => Buffer.from(JSON.stringify(value))),
      near,
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          read(body);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect(["malformed-json", "invalid-request"]).toContain((error as ApiError).code);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

const signed = (digest: string | null, body: Uint8Array, key: KeyObject): string =>
  sign(digest, body, key).toString("base64");
const shortKey = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 1024 })
    .publicKey.export({ format: "pem", type: "spki" })
    .toString();
const bodyOf = (message: object): Buffer => Buffer.from(JSON.stringify(message));
const pemOf = (kind: (typeof KEY_KINDS)[number]): string =>
  newKeys(kind).publicKey.export({ format: "pem", type: "spki" }).toString();

test.each(KEY_KINDS)("a signature of a %s key is of these bytes and of no others", (kind) => {
  const { publicKey, privateKey } = newKeys(kind);
  const digest = kind === "ed25519" ? null : "sha256";
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (body, at) => {
      const signature = signed(digest, body, privateKey);
      const changed = Buffer.from(body);
      const index = at % body.length;
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(isSigned(publicKey, body, signature)).toBe(true);
      expect(isSigned(publicKey, changed, signature)).toBe(false);
      expect(isSigned(publicKey, Buffer.concat([body, Buffer.from("\n")]), signature)).toBe(false);
    }),
    { numRuns: 20 },
  );
});

test("what is no signature at all is none, and no error", () => {
  const { publicKey } = newKeys("p256");
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      expect(isSigned(publicKey, Buffer.from("{}"), text)).toBe(false);
    }),
  );
});

test.each([
  ["a private key", () => newKeys("p256").privateKey.export({ format: "pem", type: "pkcs8" })],
  [
    "an RSA key of the older form",
    () => newKeys("rsa").publicKey.export({ format: "pem", type: "pkcs1" }),
  ],
  ["a key that is too short", shortKey],
  ["two keys", () => pemOf("ed25519") + pemOf("ed25519")],
  ["no key", () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
])("%s is no device's public key", (_name, pem) => {
  const body = bodyOf({ id_data: '{"mac":"1"}', pubkey: pem().toString() });
  expect(() => readAuthRequest(body)).toThrow(/pubkey/);
});

test("one key is one key, however its PEM is laid out, and an identity is one in any order", () => {
  const pem = pemOf("p256");
  const read = (idData: string, pubkey: string) =>
    readAuthRequest(bodyOf({ id_data: idData, pubkey }));
  const first = read('{"a":"1","b":["x","y"]}', pem);
  const second = read('{"b":["x","y"],"a":"1"}', pem.replaceAll("\n", "\r\n"));
  expect(second.publicKey.equals(first.publicKey)).toBe(true);
  expect(second.identity).toEqual(first.identity);
  expect(first.identity).toEqual({ a: "1", b: '["x","y"]' });
});

test("the three forms of asking say the same of a device that provides nothing else", () => {
  const asked = { device_type: "pi4", artifact_name: "1.0" };
  const told = {
    hardwareType: "pi4",
    running: { artifactName: "1.0", provides: { artifact_name: "1.0" } },
  };
  const expected = { ...told, cannotKeep: ["consent", "download-only", "step-windows"] };
  expect(readSecondForm(bodyOf({ device_provides: asked }))).toEqual(expected);
  expect(readSecondForm(bodyOf({ device_provides: asked, update_control_map: true }))).toEqual({
    ...told,
    cannotKeep: ["consent"],
  });
  expect(readFirstForm(bodyOf(asked))).toEqual(expected);
  expect(readQueryForm(asked)).toEqual(expected);
});

test("a list of values becomes one text, and of a log a line an entry", () => {
  const attributes = [
    { name: "os", value: "Debian" },
    { name: "ip", value: ["1.2.3.4/24", "::1"] },
    { name: "cpus", value: 4 },
  ];
  expect(readInventory(Buffer.from(JSON.stringify(attributes)))).toEqual({
    os: "Debian",
    ip: "1.2.3.4/24, ::1",
    cpus: "4",
  });
  const messages = [
    { timestamp: "2026-11-29T08:00:00Z", level: "error", message: "it broke" },
    { message: "and that was it" },
  ];
  expect(readLog(bodyOf({ messages }))).toBe(
    "2026-11-29T08:00:00Z error it broke\nand that was it",
  );
});

test("the id of a try is a UUID that says which it is; nothing else is one", () => {
  const assignmentId = AssignmentId.parse("01938f3c-6b2a-7c11-9a52-0123456789ab");
  expect(updateId(assignmentId, 10)).toBe("01938f3c-6b2a-7c11-9a52-01234567000a");
  expect(readUpdateId(updateId(assignmentId, 10))).toEqual({
    idStart: assignmentId.slice(0, -4),
    attempt: 10,
  });
  for (const wrong of ["", "%", `${assignmentId.slice(0, -4)}0000`, assignmentId.toUpperCase()])
    expect(readUpdateId(wrong)).toBeUndefined();
});

test("of a log that its client cut off what is whole is kept, and nothing that is none is made one", () => {
  const log = '{"messages":[{"level":"info","message":"one"},{"level":"info","message":"two"}]}';
  for (const cut of [1, 2, 3, 20]) {
    const text = readLog(Buffer.from(log.slice(0, -cut)));
    expect(text).toBe("info one");
  }
  for (const wrong of ['{"messages":[{"level"', '{"messages":["},{"', "},{", log.slice(1, -1)])
    expect(() => readLog(Buffer.from(wrong))).toThrow(ApiError);
});
