import { parseArgs } from "node:util";
import { errorChain, instant } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import type { KeySigner } from "@moult/signing";
import { openKeptTenants } from "./kept-tenants.ts";
import { createPublishedTargets } from "./published-targets.ts";
import { openSignerTables } from "./queries.ts";
import { createRateCap } from "./rate-cap.ts";
import { createInstructionSigner } from "./sign-instruction.ts";
import { SignerError } from "./signer-error.ts";
import { SignerRequest, type SignerReply } from "@moult/model";
import { createOnlineSigner } from "./renew-online.ts";
import { openSigningKey, type SigningKey } from "./signing-key.ts";

// The process that holds the instruction key. Its parent is the server; it talks to nobody else, opens no port, and ends
// when the server does.

const { values } = parseArgs({
  options: {
    "key-folder": { type: "string" },
    "installs-per-minute": { type: "string", default: "6000" },
  },
});
/** In the environment, because a database URL may hold a password and arguments are public. */
const database = process.env["MOULT_SIGNER_DATABASE"];
const installsPerMinute = Number(values["installs-per-minute"]);
if (
  values["key-folder"] === undefined ||
  database === undefined ||
  !(installsPerMinute >= 1) ||
  process.send === undefined
)
  throw new SignerError("arguments-invalid", {
    usage:
      "started by the server with --key-folder DIR [--installs-per-minute N] and MOULT_SIGNER_DATABASE",
  });

const clock = { now: () => instant(Date.now()) };
const keyFolder = values["key-folder"];
const keys = {
  instruction: openSigningKey(keyFolder, "instruction"),
  snapshot: openSigningKey(keyFolder, "snapshot"),
  timestamp: openSigningKey(keyFolder, "timestamp"),
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
});

const signerOf = (key: SigningKey): KeySigner => ({
  keyid: key.tufKey.keyid,
  key: key.tufKey,
  sign: async (message) => key.sign(message),
});
const renew = createOnlineSigner({
  keys: { snapshot: signerOf(keys.snapshot), timestamp: signerOf(keys.timestamp) },
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
    reply({ kind: "public-keys", id, publicKeys: [keys.instruction.publicKey] });
    return;
  }
  if (request.kind === "online-keys") {
    const { instruction, snapshot, timestamp } = keys;
    reply({
      kind: "online-keys",
      id,
      keys: {
        instruction: instruction.tufKey,
        snapshot: snapshot.tufKey,
        timestamp: timestamp.tufKey,
      },
    });
    return;
  }
  try {
    if (request.kind === "renew") {
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
