import { MINUTE_MS, present, type Clock } from "@moult/base";
import { Sha256 } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { AUDIT_CHAIN_START, auditBlock, eventDigest } from "@moult/trust";
import { eventTextsAfter, type EventText } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { insertBlock, newestBlock, type SealedBlock } from "./queries.ts";

const EVENTS_PER_BLOCK_MAX = 1_000;
/** Quiet tenants get a block for what is older than this, so that nothing stays unsealed for long. */
const SEALED_AFTER_MS = MINUTE_MS;
/** A fleet's burst is caught up with over several rounds: other work has its turn in between. */
const BLOCKS_PER_ROUND_MAX = 10;

/**
 * Seals events into the tenant's audit chain, after the fact and in their order, so that whoever writes events never waits
 * for it. With several servers the first to seal a block has sealed it.
 */
export function createAuditTender({ clock }: { readonly clock: Clock }) {
  return {
    tend: async (db: TenantDb): Promise<void> => {
      for (let round = 0; round < BLOCKS_PER_ROUND_MAX; round += 1) {
        const before = await newestBlock(db);
        const texts = await eventTextsAfter(db, before?.lastSequence ?? 0, EVENTS_PER_BLOCK_MAX);
        const [oldest] = texts;
        if (oldest === undefined) return;
        const isFull = texts.length === EVENTS_PER_BLOCK_MAX;
        if (!isFull && clock.now() - oldest.at < SEALED_AFTER_MS) return;
        const block = nextBlock(before, texts);
        await db.transaction((inner) => insertBlock(inner, block, clock.now()));
        if (!isFull) return;
      }
    },
  };
}

function nextBlock(before: SealedBlock | undefined, texts: readonly EventText[]): SealedBlock {
  const digests = texts.map(({ text }) => eventDigest(text, nodeCrypto));
  const { eventsSha256, sha256 } = auditBlock(
    before?.sha256 ?? AUDIT_CHAIN_START,
    digests,
    nodeCrypto,
  );
  return {
    number: (before?.number ?? 0) + 1,
    firstSequence: present(texts[0], "a block is not empty").sequence,
    lastSequence: present(texts.at(-1), "a block is not empty").sequence,
    count: texts.length,
    eventsSha256: Sha256.parse(eventsSha256),
    sha256: Sha256.parse(sha256),
  };
}
