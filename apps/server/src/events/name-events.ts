import type { FleetEvent } from "@moult/model";
import { eventSentence } from "@moult/planner";
import { eventPage, type EventPageFilter, type EventRecord } from "../platform/events.ts";
import { pageFrom, type PageCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { deploymentNames, deviceLabels, groupNames } from "./queries.ts";

/** Events with names and words, in at most three questions however many they are. */
export async function nameEvents(
  db: TenantDb,
  records: readonly EventRecord[],
): Promise<FleetEvent[]> {
  const devices = await deviceLabels(db, distinct(records.map(({ deviceId }) => deviceId)));
  const deployments = await deploymentNames(
    db,
    distinct(records.map(({ deploymentId }) => deploymentId)),
  );
  const groups = await groupNames(db, distinct(records.map(({ body }) => groupOf(body))));
  return records.map((record) => {
    const { deviceId, deploymentId, body } = record;
    const groupId = groupOf(body);
    const deviceName = deviceId === null ? null : (devices.get(deviceId) ?? null);
    const deployment = deploymentId === null ? undefined : deployments.get(deploymentId);
    const deploymentName = deployment?.name ?? null;
    const sentence = eventSentence(body, {
      device: deviceName,
      deployment: deploymentName,
      version: deployment?.version ?? null,
      group: groupId === null ? null : (groups.get(groupId) ?? null),
    });
    return { ...record, deviceName, deploymentName, sentence };
  });
}

/** A page of what happened, newest first. */
export async function namedEventPage(
  db: TenantDb,
  filter: EventPageFilter,
  after: PageCursor | undefined,
  limit: number,
): Promise<{ readonly items: FleetEvent[]; readonly nextCursor: string | null }> {
  const records = await eventPage(db, filter, after?.sortedBy, limit + 1);
  const { items, nextCursor } = pageFrom(
    records,
    limit,
    (record) => record,
    ({ sequence }) => ({ sortedBy: sequence, id: "" }),
  );
  return { items: await nameEvents(db, items), nextCursor };
}

const groupOf = (body: FleetEvent["body"]) => (body.kind === "group-changed" ? body.groupId : null);

const distinct = <Id>(ids: readonly (Id | null)[]): readonly Id[] => [
  ...new Set(ids.filter((id) => id !== null)),
];
