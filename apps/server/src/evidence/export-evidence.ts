import type { InstantMs } from "@moult/base";
import { Receipt } from "@moult/device-protocol";
import { Sha256, type DeviceEvidence, type DeviceId, type DeviceReceipt } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { AUDIT_CHAIN_START, Envelope, eventDigest, parseJson } from "@moult/trust";
import { ApiError } from "../platform/api-error.ts";
import { isoFrom } from "../platform/columns.ts";
import { eventTextsAfter, eventTextsOf, type EventText } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { evidenceFiles } from "../trust/index.ts";
import {
  blockNumbered,
  blocksFrom,
  deviceNamed,
  keysOfDevice,
  receiptPage,
  type SealedBlock,
} from "./queries.ts";

/** The newest of them; whoever wants more exports more often. */
const RECEIPTS_MAX = 100;
const EVENTS_PER_DEPLOYMENT_MAX = 1_000;

/** All that proves what became of a device's updates, and can be checked without this server. */
export async function exportEvidence(
  db: TenantDb,
  deviceId: DeviceId,
  at: InstantMs,
): Promise<DeviceEvidence> {
  const device = await deviceNamed(db, deviceId);
  if (device === undefined) throw new ApiError("not-found", "There is no device with this id.");
  const { items: receipts } = await receiptPage(db, deviceId, undefined, RECEIPTS_MAX);
  const deploymentIds = new Set(receipts.map(({ deploymentId }) => deploymentId));
  const events = new Map<number, EventText>();
  for (const deploymentId of deploymentIds)
    for (const event of await eventTextsOf(db, deploymentId, deviceId, EVENTS_PER_DEPLOYMENT_MAX))
      events.set(event.sequence, event);
  const ordered = [...events.values()].toSorted((left, right) => left.sequence - right.sequence);
  const first = ordered[0]?.sequence;
  const blocks = first === undefined ? [] : await blocksFrom(db, first);
  return {
    version: 1,
    exportedAt: isoFrom(at),
    tenantId: db.tenantId,
    device: { id: deviceId, ...device, keys: await keysOfDevice(db, deviceId) },
    receipts,
    events: ordered.map(({ sequence, text }) => ({
      sequence,
      text,
      block: blocks.find((block) => holds(block, sequence))?.number ?? null,
    })),
    metadata: await evidenceFiles(db, receipts.flatMap(rolesOf)),
    audit: {
      previousSha256: await chainBefore(db, blocks[0]),
      blocks: await shownBlocks(db, blocks, ordered),
    },
  };
}

const holds = ({ firstSequence, lastSequence }: SealedBlock, sequence: number): boolean =>
  firstSequence <= sequence && sequence <= lastSequence;

async function chainBefore(db: TenantDb, block: SealedBlock | undefined): Promise<Sha256> {
  const before = block === undefined ? undefined : await blockNumbered(db, block.number - 1);
  return before?.sha256 ?? Sha256.parse(AUDIT_CHAIN_START);
}

async function shownBlocks(
  db: TenantDb,
  blocks: readonly SealedBlock[],
  events: readonly EventText[],
): Promise<DeviceEvidence["audit"]["blocks"]> {
  const shown: DeviceEvidence["audit"]["blocks"] = [];
  for (const block of blocks) {
    const { number, count, eventsSha256, sha256 } = block;
    const isNeeded = events.some(({ sequence }) => holds(block, sequence));
    const eventDigests = isNeeded ? await digestsOf(db, block) : null;
    shown.push({ number, count, eventsSha256, sha256, eventDigests });
  }
  return shown;
}

async function digestsOf(
  db: TenantDb,
  { firstSequence, lastSequence, count }: SealedBlock,
): Promise<Sha256[]> {
  const texts = await eventTextsAfter(db, firstSequence - 1, count);
  return texts
    .filter(({ sequence }) => sequence <= lastSequence)
    .map(({ text }) => Sha256.parse(eventDigest(text, nodeCrypto)));
}

/** What a receipt says of the role that vouched; whether to believe it is for whoever verifies the evidence. */
function rolesOf({ envelope }: DeviceReceipt): { role: string; version: number }[] {
  const read = parseJson(Buffer.from(envelope), Envelope);
  if (read === undefined) return [];
  const receipt = parseJson(Buffer.from(read.payload, "base64"), Receipt);
  if (receipt === undefined || receipt.role === null || receipt.roleVersion === null) return [];
  return [{ role: receipt.role, version: receipt.roleVersion }];
}
