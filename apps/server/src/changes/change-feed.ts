import { SECOND_MS, type Clock } from "@moult/base";
import type { ChangeNotice, TenantId } from "@moult/model";
import { shownDeployments } from "../deployments/index.ts";
import { isoFrom } from "../platform/columns.ts";
import { eventsAfter, lastSequence, type EventFeed } from "../platform/events.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  collect,
  keepDeployments,
  noticeOf,
  nothingSince,
  toShow,
  type Collected,
} from "./collect-changes.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";

/** What changed, to all who watch. */
export interface ChangeFeed {
  /** First where it stands, or what changed after `after`; then what changes, until `signal` aborts or the server ends. */
  watch(db: TenantDb, after: number | undefined, signal: AbortSignal): AsyncIterable<ChangeNotice>;
}

/** Pages need no more: they would ask for all that they show again as often. */
const NOTICE_EVERY_MS = SECOND_MS;
/** Events are read in one go up to this many; what a busy fleet makes in a second. */
const PAGE = 2_000;
/** Who missed more of the server's events than this looks at everything again, which is then less to read. */
const MISSED_MAX = 10_000;

export interface ChangeFeedDeps {
  readonly events: EventFeed;
  readonly clock: Clock;
  readonly noticeEveryMs?: number;
}

/**
 * However many watch a tenant, its events are read once, about once a second, and its deployments shown once. So a
 * thousand events a second cost one question, and not one for each event or watcher.
 */
export function createChangeFeed(deps: ChangeFeedDeps): ChangeFeed {
  const { clock, noticeEveryMs = NOTICE_EVERY_MS } = deps;
  const hubs = new Map<TenantId, Hub>();
  const forget = (ended: Hub): void => {
    for (const [tenantId, hub] of hubs) if (hub === ended) hubs.delete(tenantId);
  };
  const join = async (db: TenantDb, mailbox: Mailbox): Promise<Hub> => {
    const hub = hubs.get(db.tenantId) ?? startHub(db, deps, forget);
    hubs.set(db.tenantId, hub);
    // Before anything is awaited: a hub that nobody is in ends.
    hub.mailboxes.add(mailbox);
    await hub.started;
    return hub;
  };

  return {
    async *watch(db, after, signal) {
      const mailbox = createMailbox();
      const hub = await join(db, mailbox);
      try {
        // What changes while this is read is in the mailbox too; said twice, it does no harm.
        const first = await missedSince(db, after);
        let { sequence } = first;
        yield noticeOf(first, isoFrom(clock.now()));
        for (;;) {
          const changed = await mailbox.take(noticeEveryMs, signal);
          if (changed === undefined) return;
          // An event that was read above may come again, and the sequence never goes back.
          sequence = Math.max(sequence, changed.sequence);
          yield noticeOf({ ...changed, sequence }, isoFrom(clock.now()));
        }
      } finally {
        hub.leave(mailbox);
      }
    },
  };
}

/** Where a new connection begins. */
async function missedSince(db: TenantDb, after: number | undefined): Promise<Collected> {
  const last = await lastSequence(db);
  // A sequence from the future is that of a database from before a restore.
  if (after === undefined || after > last || last - after > MISSED_MAX)
    return { ...nothingSince(last), isReset: true };
  const missed = nothingSince(after);
  for (;;) {
    const page = await eventsAfter(db, missed.sequence, {}, PAGE);
    collect(missed, page);
    if (page.length < PAGE) break;
  }
  keepDeployments(missed, await shownDeployments(db, toShow(missed)));
  return missed;
}

interface Hub {
  readonly mailboxes: Set<Mailbox>;
  /** Once it hears of everything that happens from now on. */
  readonly started: Promise<unknown>;
  leave(mailbox: Mailbox): void;
}

/** Reads a tenant's events while anybody watches. `onEnd` hears when it will deliver nothing more. */
function startHub(
  db: TenantDb,
  { events, noticeEveryMs: paceMs = NOTICE_EVERY_MS }: ChangeFeedDeps,
  onEnd: (hub: Hub) => void,
): Hub {
  const mailboxes = new Set<Mailbox>();
  const stop = new AbortController();
  const started = lastSequence(db);

  const run = async (): Promise<void> => {
    const after = await started;
    let collected = nothingSince(after);
    for await (const page of events.watch(db, { after, paceMs, pageMax: PAGE }, stop.signal)) {
      collect(collected, page);
      if (page.length === PAGE) continue;
      keepDeployments(collected, await shownDeployments(db, toShow(collected)));
      for (const mailbox of mailboxes) mailbox.put(collected);
      collected = nothingSince(collected.sequence);
    }
  };
  const hub: Hub = {
    mailboxes,
    started,
    leave: (mailbox) => {
      mailboxes.delete(mailbox);
      if (mailboxes.size > 0) return;
      onEnd(hub);
      stop.abort();
    },
  };
  const end = (failure?: Error): void => {
    onEnd(hub);
    for (const mailbox of mailboxes) mailbox.close(failure);
  };
  run().then(
    () => end(),
    (cause: unknown) => end(new Error("the tenant's changes cannot be read", { cause })),
  );
  return hub;
}
