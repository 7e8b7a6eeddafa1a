import { parseArgs } from "node:util";
import { errorChain, instant } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { publicKeyOf } from "@moult/signing";
import { openKeptTenants } from "./kept-tenants.ts";
import { notePublished } from "./note-published.ts";
import { createPublishedTargets } from "./published-targets.ts";
import { openSignerTables } from "./queries.ts";
import { createRateCap } from "./rate-cap.ts";
import { createShareCap } from "./share-cap.ts";
import { createInstructionSigner } from "./sign-instruction.ts";
import { SignerError } from "./signer-error.ts";
import { SignerRequest, type SignerReply } from "@moult/model";
import { createOnlineSigner } from "./renew-online.ts";
import { openSigningKey } from "./signing-key.ts";

// The process that holds the instruction key. Its parent is the server; it talks to nobody else, opens no port, and ends
// when the server does.

const { values } = parseArgs({
  options: {
    "key-folder": { type: "string" },
    "installs-per-minute": { type: "string", default: "6000" },
    "devices-percent-per-hour": { type: "string", default: "100" },
    "instruction-key": { type: "string" },
    "snapshot-key": { type: "string" },
    "timestamp-key": { type: "string" },
  },
});
/** In the environment, because a database URL may hold a password and arguments are public. */
const database = process.env["MOULT_SIGNER_DATABASE"];
const installsPerMinute = Number(values["installs-per-minute"]);
const devicesPercentPerHour = Number(values["devices-percent-per-hour"]);
if (
  values["key-folder"] === undefined ||
  database === undefined ||
  !(installsPerMinute >= 1) ||
  !(devicesPercentPerHour >= 1) ||
  process.send === undefined
)
  throw new SignerError("arguments-invalid", {
    usage:
      "started by the server with --key-folder DIR [--installs-per-minute N] [--devices-percent-per-hour N] [--instruction-key URI] [--snapshot-key URI] [--timestamp-key URI] and MOULT_SIGNER_DATABASE",
  });

const clock = { now: () => instant(Date.now()) };
const keyFolder = values["key-folder"];
const keys = {
  instruction: await openSigningKey(keyFolder, "instruction", values["instruction-key"]),
  snapshot: await openSigningKey(keyFolder, "snapshot", values["snapshot-key"]),
  timestamp: await openSigningKey(keyFolder, "timestamp", values["timestamp-key"]),
};
const tables = await openSignerTables(database);
const tenants = openKeptTenants(keyFolder);
const crypto = nodeCrypto;
const sign = createInstructionSigner({
  key: keys.instruction,
  offers: tables,
  targets: createPublishedTargets({ tables, tenants, crypto, clock }),
  clock,
  takeInstall: createRateCap(installsPerMinute, clock),
  takeDevice: createShareCap(devicesPercentPerHour, tables, clock),
});

const renew = createOnlineSigner({
  keys: { snapshot: keys.snapshot, timestamp: keys.timestamp },
  tables,
  tenants,
  crypto,
  clock,
});

const reply = (message: SignerReply): void => {
  // A parent that is gone is noticed by `disconnect`.
  process.send?.(message, undefined, undefined, () => undefined);
};

async function answer(request: SignerRequest): Promise<void> {
  const { id } = request;
  if (request.kind === "public-keys") {
    const pem = publicKeyOf(keys.instruction.key).export({ format: "pem", type: "spki" });
    reply({ kind: "public-keys", id, publicKeys: [pem.toString()] });
    return;
  }
  if (request.kind === "online-keys") {
    const { instruction, snapshot, timestamp } = keys;
    reply({
      kind: "online-keys",
      id,
      keys: {
        instruction: instruction.key,
        snapshot: snapshot.key,
        timestamp: timestamp.key,
      },
    });
    return;
  }
  try {
    if (request.kind === "note-published") {
      await notePublished(request.tenantId, { tables, tenants });
      reply({ kind: "noted", id });
    } else if (request.kind === "renew") {
      const which = request.of === "published" ? "published" : "any";
      reply({ id, ...(await renew(request.tenantId, which)) });
    } else reply({ id, ...(await sign(request.instruction)) });
  } catch (error) {
    process.stderr.write(
      `${JSON.stringify({ event: "signer-failed", error: errorChain(error) })}\n`,
    );
    reply({ kind: "refused", id, reason: "signer-failed" });
  }
}

process.on("message", (message) => {
  const request = SignerRequest.safeParse(message);
  if (request.success) void answer(request.data);
});
process.once("disconnect", () => process.exit(0));
// The terminal's Ctrl-C reaches every process of the group; the server decides when its signer ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => process.exit(0));
