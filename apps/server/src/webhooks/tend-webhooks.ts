import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  backOffDelayMs,
  errorChain,
  type BackOff,
  type Clock,
  type Log,
  type Random,
} from "@moult/base";
import type { FleetEvent, WebhookDeliveryId } from "@moult/model";
import { nameEvents } from "../events/index.ts";
import { lastSequence, notableEventsAfter } from "../platform/events.ts";
import { newId } from "../platform/new-id.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  beginAt,
  cursorOf,
  dueDelivery,
  forgetDelivery,
  giveUpBefore,
  goOn,
  insertDeliveries,
  hasDeliveriesBefore,
  leaseDelivery,
  tryAgainAt,
} from "./queries.ts";
import { sendWebhook, type Webhook } from "./send-webhook.ts";

interface WebhookTenderDeps {
  readonly webhooks: readonly Webhook[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

export interface WebhookTender {
  /** Begins a round unless one is under way: a receiver that is slow holds up nothing else. */
  tend(db: TenantDb): Promise<void>;
  /** One round: looks for new events, and delivers what is due. */
  deliver(db: TenantDb): Promise<void>;
  close(): Promise<void>;
}

const EVENTS_AT_ONCE = 100;
/** Of one receiver in one round; the rest is next. */
const DELIVERIES_PER_ROUND = 100;
/** Longer than one try takes; a server that died meanwhile leaves it to the next one. */
const LEASE_MS = MINUTE_MS;
const BACK_OFF: BackOff = { delayMsMin: 10 * SECOND_MS, delayMsMax: 4 * HOUR_MS };
const GIVEN_UP_AFTER_MS = DAY_MS;

/**
 * Tells receivers of events. The events are the outbox: they are written in the transaction that made them happen and read in
 * their order, without a gap, so what was committed is delivered, at least once, whatever died in between.
 */
export function createWebhookTender(deps: WebhookTenderDeps): WebhookTender {
  const { webhooks, clock, log } = deps;
  const stop = new AbortController();
  let round: Promise<void> | undefined;
  const deliver = async (db: TenantDb): Promise<void> => {
    const before = clock.now() - GIVEN_UP_AFTER_MS;
    if (await hasDeliveriesBefore(db, before)) {
      const count = await db.transaction((inner) => giveUpBefore(inner, before));
      log.error("webhooks-given-up", { tenantId: db.tenantId, count });
    }
    await Promise.all(
      webhooks.map(async (webhook) => {
        await enqueue(db, webhook, deps);
        await deliverDue(db, webhook, deps, stop.signal);
      }),
    );
  };
  return {
    deliver,
    tend: async (db) => {
      if (webhooks.length === 0 || stop.signal.aborted) return;
      round ??= deliver(db)
        .catch((error: unknown) => log.error("webhooks-failed", { errors: errorChain(error) }))
        .finally(() => {
          round = undefined;
        });
    },
    close: async () => {
      stop.abort();
      await round;
    },
  };
}

async function enqueue(
  db: TenantDb,
  webhook: Webhook,
  { clock }: WebhookTenderDeps,
): Promise<void> {
  const from = await cursorOf(db, webhook.id);
  if (from === undefined) {
    // A receiver that is new is told of what happens from now on.
    const sequence = await lastSequence(db);
    await db.transaction((inner) => beginAt(inner, webhook.id, sequence));
    return;
  }
  const events = await notableEventsAfter(db, from, webhook.kinds, EVENTS_AT_ONCE);
  const to = events.at(-1)?.sequence;
  if (to === undefined) return;
  const messages = (await nameEvents(db, events)).map((event) => ({
    id: newId<WebhookDeliveryId>(),
    sequence: event.sequence,
    body: bodyOf(event),
  }));
  await db.transaction(async (inner) => {
    if (await goOn(inner, webhook.id, { from, to }))
      await insertDeliveries(inner, webhook.id, messages, clock.now());
  });
}

const bodyOf = ({ at, body, ...about }: FleetEvent): string =>
  JSON.stringify({ type: body.kind, timestamp: at, data: { ...about, event: body } });

async function deliverDue(
  db: TenantDb,
  webhook: Webhook,
  { clock, log, random }: WebhookTenderDeps,
  stop: AbortSignal,
): Promise<void> {
  for (let count = 0; count < DELIVERIES_PER_ROUND && !stop.aborted; count += 1) {
    const at = clock.now();
    const due = await dueDelivery(db, webhook.id, at);
    if (due === undefined) return;
    const delivery = await db.transaction((inner) => leaseDelivery(inner, due, at + LEASE_MS));
    if (delivery === undefined) continue;
    const { id, attempts } = delivery;
    const problem = await sendWebhook(webhook, delivery, at, stop);
    if (problem === undefined) {
      await db.transaction((inner) => forgetDelivery(inner, id));
      continue;
    }
    log.warn("webhook-not-delivered", { webhook: webhook.id, id, attempts, problem });
    const nextAt = clock.now() + backOffDelayMs(BACK_OFF, attempts, random);
    await db.transaction((inner) => tryAgainAt(inner, id, nextAt));
    // Whoever does not answer is not asked for each of the others.
    return;
  }
}
