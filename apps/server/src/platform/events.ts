import { setTimeout as delay } from "node:timers/promises";
import { assert, type InstantMs } from "@moult/base";
import {
  FleetEventBody,
  type AssignmentId,
  type DeploymentId,
  type DeviceId,
  type EventKind,
  type FleetEvent,
  type TenantId,
} from "@moult/model";
import { sql } from "kysely";
import { fromJson, isoFrom } from "./columns.ts";
import { announceEvents, type Database } from "./database.ts";
import { isChained, link, UNLINKED } from "./event-chain.ts";
import type { EventTable } from "./schema.ts";
import type { TenantDb } from "./tenant-db.ts";

export interface NewEvent {
  readonly at: InstantMs;
  readonly deviceId?: DeviceId;
  readonly deploymentId?: DeploymentId;
  readonly assignmentId?: AssignmentId;
  readonly body: FleetEventBody;
  /** What decided it, as JSON; kept with the event in its deployment's chain. */
  readonly inputs?: unknown;
}

/** An event as it is stored: without the names that things have by now, and without words. */
export type EventRecord = Omit<FleetEvent, "deviceName" | "deploymentName" | "sentence">;

/** Which events somebody watches; without a filter all of the tenant. */
export interface EventFilter {
  readonly deviceId?: string | undefined;
  readonly deploymentId?: string | undefined;
}

export interface EventPageFilter extends EventFilter {
  readonly kinds?: readonly EventKind[];
  /** The name of whoever decided it. */
  readonly by?: string | undefined;
}

/** Read at once when somebody catches up. */
const PAGE = 200;
/** How late another replica's events may be seen here; events of this process are seen at once. */
const POLL_MS = 1_000;

/**
 * Says what happened, in the transaction that makes it happen. What changes a deployment is a link of its chain; it takes the
 * deployment's row, which its caller holds as a rule.
 */
export async function appendEvent(db: TenantDb, event: NewEvent): Promise<void> {
  announceEvents(db);
  const { deploymentId, body, inputs } = event;
  const unlinked = {
    tenant_id: db.tenantId,
    at: event.at,
    device_id: event.deviceId ?? null,
    deployment_id: event.deploymentId ?? null,
    assignment_id: event.assignmentId ?? null,
    kind: event.body.kind,
    body: JSON.stringify(event.body),
  };
  const row =
    deploymentId !== undefined && isChained(body)
      ? { ...unlinked, ...(await link(db, deploymentId, unlinked, inputs)) }
      : { ...unlinked, ...UNLINKED };
  if (db.dialect === "sqlite") {
    await db.kysely.insertInto("event").values(row).execute();
    return;
  }
  // The transaction's number is taken before the sequence (a materialised row comes first), so a reader that sees no
  // older transaction running knows that no smaller sequence is still to come.
  await sql`
    with writer as materialized (select pg_current_xact_id() as xid)
    insert into event (tenant_id, at, device_id, deployment_id, assignment_id, kind, body,
      chain_number, chain_sha256, inputs, written_by)
    select ${row.tenant_id}::text, ${row.at}::bigint, ${row.device_id}::text, ${row.deployment_id}::text,
      ${row.assignment_id}::text, ${row.kind}::text, ${row.body}::text,
      ${row.chain_number}::bigint, ${row.chain_sha256}::text, ${row.inputs}::text, writer.xid from writer`.execute(
    db.kysely,
  );
}

/** Events after `after` in order, at most `limit`. A sequence that was read past never appears later. */
export async function eventsAfter(
  db: TenantDb,
  after: number,
  filter: EventFilter,
  limit = PAGE,
): Promise<EventRecord[]> {
  const rows = await events(db)
    .where("sequence", ">", after)
    .$if(filter.deviceId !== undefined, (query) =>
      query.where("device_id", "=", filter.deviceId as DeviceId),
    )
    .$if(filter.deploymentId !== undefined, (query) =>
      query.where("deployment_id", "=", filter.deploymentId as DeploymentId),
    )
    .$if(db.dialect === "postgres", (query) => query.where(SETTLED))
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(eventFrom);
}

/** The same of some kinds, none of which comes in masses. */
export async function notableEventsAfter(
  db: TenantDb,
  after: number,
  kinds: readonly string[],
  limit: number,
): Promise<EventRecord[]> {
  const rows = await events(db)
    .where("sequence", ">", after)
    .where("kind", "in", kinds as EventKind[])
    .where(NOTABLE)
    .$if(db.dialect === "postgres", (query) => query.where(SETTLED))
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(eventFrom);
}

/**
 * An event as the audit chain holds it: the columns as they are, in one text. With the digest of its deployment's chain, so
 * that whoever has the one has the other.
 */
export interface EventText {
  readonly sequence: number;
  readonly at: number;
  readonly text: string;
}

/** Events after `after` in order, as the chain holds them. A sequence that was read past never appears later. */
export async function eventTextsAfter(
  db: TenantDb,
  after: number,
  limit: number,
): Promise<EventText[]> {
  const rows = await events(db)
    .where("sequence", ">", after)
    .$if(db.dialect === "postgres", (query) => query.where(SETTLED))
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(textFrom);
}

/** What was decided about a deployment, and what one device reported of it, as the chain holds it. */
export async function eventTextsOf(
  db: TenantDb,
  deploymentId: DeploymentId,
  deviceId: DeviceId,
  limit: number,
): Promise<EventText[]> {
  const rows = await events(db)
    .where("deployment_id", "=", deploymentId)
    .where((row) => row.or([row("device_id", "is", null), row("device_id", "=", deviceId)]))
    .$if(db.dialect === "postgres", (query) => query.where(SETTLED))
    .orderBy("sequence")
    .limit(limit)
    .execute();
  return rows.map(textFrom);
}

type TextColumns = Pick<
  EventTable,
  "at" | "device_id" | "deployment_id" | "assignment_id" | "body"
> & { readonly sequence: number; readonly chain_sha256: string | null };

const textFrom = (row: TextColumns): EventText => ({
  sequence: row.sequence,
  at: row.at,
  text: JSON.stringify([
    row.sequence,
    row.at,
    row.device_id,
    row.deployment_id,
    row.assignment_id,
    row.body,
    ...(row.chain_sha256 === null ? [] : [row.chain_sha256]),
  ]),
});

/** A page of what happened, newest first. */
export async function eventPage(
  db: TenantDb,
  { deviceId, deploymentId, kinds, by }: EventPageFilter,
  before: number | undefined,
  limit: number,
): Promise<EventRecord[]> {
  const rows = await events(db)
    .$if(deviceId !== undefined, (query) => query.where("device_id", "=", deviceId as DeviceId))
    .$if(deploymentId !== undefined, (query) =>
      query.where("deployment_id", "=", deploymentId as DeploymentId),
    )
    .$if(kinds !== undefined, (query) => query.where("kind", "in", kinds ?? []))
    // The index of notable events is for whoever wants nothing else.
    .$if(by !== undefined, (query) => query.where(byOf(db), "=", by ?? ""))
    .$if(by !== undefined || kinds?.every((kind) => !IN_MASSES.has(kind)) === true, (query) =>
      query.where(NOTABLE),
    )
    .$if(before !== undefined, (query) => query.where("sequence", "<", before ?? 0))
    .orderBy("sequence", "desc")
    .limit(limit)
    .execute();
  return rows.map(eventFrom);
}

/** Who decided it; devices make their events in masses without anybody. */
const byOf = ({ dialect }: TenantDb) =>
  dialect === "sqlite"
    ? sql<string | null>`body ->> 'by'`
    : sql<string | null>`body::json ->> 'by'`;

/** Kinds that each device of a deployment makes; a few decisions would be looked for among millions of them. */
const IN_MASSES: ReadonlySet<EventKind> = new Set([
  "assignment-offered",
  "assignment-progressed",
  "assignment-closed",
  "device-running-changed",
  "device-inventory-changed",
]);
/** Word for word what the indexes of migration 5 say, or they are not used. */
const NOTABLE = sql<boolean>`kind not in ('assignment-offered', 'assignment-progressed', 'assignment-closed',
  'device-running-changed', 'device-inventory-changed')`;

const events = (db: TenantDb) =>
  db.kysely
    .selectFrom("event")
    .select([
      "sequence",
      "at",
      "device_id",
      "deployment_id",
      "assignment_id",
      "body",
      "chain_sha256",
    ])
    .where("tenant_id", "=", db.tenantId);

function eventFrom(
  row: Pick<EventTable, "at" | "device_id" | "deployment_id" | "assignment_id" | "body"> & {
    readonly sequence: number;
  },
): EventRecord {
  return {
    sequence: row.sequence,
    at: isoFrom(row.at),
    deviceId: row.device_id,
    deploymentId: row.deployment_id,
    assignmentId: row.assignment_id,
    body: fromJson(FleetEventBody, row.body),
  };
}

/** The sequence after which only new events come. */
export async function lastSequence(db: TenantDb): Promise<number> {
  const row = await db.kysely
    .selectFrom("event")
    .select((eb) => eb.fn.max("sequence").as("sequence"))
    .where("tenant_id", "=", db.tenantId)
    .$if(db.dialect === "postgres", (query) => query.where(SETTLED))
    .executeTakeFirst();
  return row?.sequence ?? 0;
}

/**
 * Written by a transaction older than every one that still runs. On SQLite there is one writer, so sequences become
 * visible in their order by themselves.
 */
const SETTLED = sql<boolean>`written_by < pg_snapshot_xmin(pg_current_snapshot())`;

/** How a watch reads; unless it says otherwise, at once and a page at a time. */
interface WatchPace {
  /** Reads at most once in this time, however often it is woken. */
  readonly paceMs?: number;
  /** A page of fewer, which may then be empty, says that these are all for now. */
  readonly pageMax?: number;
}

export interface EventFeed {
  /**
   * Every event after `after` (default: those that happen from now on), as many at a time as there are, until `signal`
   * aborts or the feed closes.
   */
  watch(
    db: TenantDb,
    options: EventFilter & WatchPace & { readonly after?: number | undefined },
    signal: AbortSignal,
  ): AsyncIterable<readonly EventRecord[]>;
  /** Ends every watch. */
  close(): void;
}

/** One for the process: it wakes those who watch when events of their tenant were committed here or elsewhere. */
export function createEventFeed(database: Database): EventFeed {
  const sleepers = new Map<TenantId, Set<() => void>>();
  const closing = new AbortController();
  const wake = (tenantId: TenantId): void => {
    for (const resolve of sleepers.get(tenantId) ?? []) resolve();
  };
  database.onEvents(wake);
  const poll =
    database.dialect === "postgres"
      ? setInterval(() => sleepers.forEach((_, tenantId) => wake(tenantId)), POLL_MS).unref()
      : undefined;

  return {
    async *watch(db, { after, paceMs = 0, pageMax = PAGE, ...filter }, callerSignal) {
      const signal = AbortSignal.any([callerSignal, closing.signal]);
      let seen = after ?? (await lastSequence(db));
      let isBehind = false;
      while (!signal.aborted) {
        // Asked for before the events are read: a commit between reading and sleeping is not slept through.
        const sleep = sleepUntilWoken(sleepers, db.tenantId, signal);
        try {
          const readAt = performance.now();
          const page = await eventsAfter(db, seen, filter, pageMax);
          for (const { sequence } of page) {
            assert(sequence > seen, "events are read in their order");
            seen = sequence;
          }
          if (page.length > 0 || isBehind) yield page;
          isBehind = page.length === pageMax;
          if (!isBehind) {
            await sleep.over;
            await untilMs(readAt + paceMs, signal);
          }
        } finally {
          sleep.end();
        }
      }
    },
    close: () => {
      clearInterval(poll);
      closing.abort();
    },
  };
}

/** Until then on the process's clock, or until `signal` aborts. */
async function untilMs(atMs: number, signal: AbortSignal): Promise<void> {
  const delayMs = atMs - performance.now();
  if (delayMs <= 0) return;
  await delay(delayMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

interface Sleep {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/** Over when the tenant is woken or `signal` aborts; `end` forgets it. */
function sleepUntilWoken(
  sleepers: Map<TenantId, Set<() => void>>,
  tenantId: TenantId,
  signal: AbortSignal,
): Sleep {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ofTenant = sleepers.get(tenantId) ?? new Set();
  sleepers.set(tenantId, ofTenant.add(resolve));
  const wakeUp = (): void => resolve();
  signal.addEventListener("abort", wakeUp);
  if (signal.aborted) resolve();
  return {
    over: promise,
    end: () => {
      signal.removeEventListener("abort", wakeUp);
      ofTenant.delete(resolve);
      if (ofTenant.size === 0 && sleepers.get(tenantId) === ofTenant) sleepers.delete(tenantId);
    },
  };
}
