import { present } from "@moult/base";
import type { BulkRehearsal, DeviceSelection } from "@moult/api";
import type { BulkAction, BulkRefusal, DeviceId } from "@moult/model";
import { selectedDevices, type ContactClock, type SelectedDevice } from "../devices/index.ts";
import { groupFacts, type GroupFacts } from "../groups/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { foretellDecision, foretellMove, type Foretold } from "./foretell.ts";
import { rehearsalSentence } from "./rehearsal-sentence.ts";

const SAMPLES_MAX = 5;
/** An error names this many of what it is about. */
const NAMED_MAX = 5;
/** Ids of so many are held in memory at once; whoever has more devices narrows the filter. */
const MATCHES_MAX = 250_000;

/** The devices that a selection means now, in pages. Throws `not-found` for ids and groups that are not there. */
export async function* devicesOf(
  db: TenantDb,
  selection: DeviceSelection,
  clock: ContactClock,
): AsyncGenerator<readonly SelectedDevice[]> {
  if (selection.kind === "ids") {
    const wanted = [...new Set(selection.deviceIds)];
    const found = new Set<DeviceId>();
    for await (const page of selectedDevices(db, wanted, clock)) {
      for (const { id } of page) found.add(id);
      yield page;
    }
    const missing = wanted.filter((id) => !found.has(id));
    if (missing.length > 0) throw new ApiError("not-found", noDevices(missing));
    return;
  }
  const { groupId } = selection.filter;
  if (groupId !== undefined) await groupOrRefusal(db, groupId);
  const excepted = new Set(selection.exceptIds);
  let matches = 0;
  for await (const page of selectedDevices(db, selection.filter, clock)) {
    const meant = page.filter(({ id }) => !excepted.has(id));
    matches += meant.length;
    if (matches > MATCHES_MAX)
      throw new ApiError(
        "invalid-request",
        `More than ${MATCHES_MAX} devices match; narrow the filter and take them in parts.`,
      );
    yield meant;
  }
}

/** What the action would do, device by device, as if it were done now. */
export async function rehearse(
  db: TenantDb,
  selection: DeviceSelection,
  action: BulkAction,
  clock: ContactClock,
): Promise<BulkRehearsal> {
  const group = "groupId" in action ? await groupOrRefusal(db, action.groupId) : undefined;
  const counts = {
    matches: 0,
    changes: 0,
    keysOnly: 0,
    unchanged: 0,
    updating: 0,
    waitingKeys: 0,
    conflicts: 0,
  };
  const refusals = new Map<string, number>();
  const samples: BulkRehearsal["samples"] = [];
  for await (const page of devicesOf(db, selection, clock)) {
    const foretold = await foretell(page, action, group);
    page.forEach((device, index) => {
      const what = present(foretold[index], "each device's fate");
      counts.matches += 1;
      if (what.kind === "refused")
        refusals.set(what.sentence, (refusals.get(what.sentence) ?? 0) + 1);
      else if (what.kind === "unchanged") counts.unchanged += 1;
      else {
        counts.changes += 1;
        if (what.kind === "key-only") counts.keysOnly += 1;
        if (device.isUpdating && what.kind === "changes") counts.updating += 1;
        if (device.facts.hasPendingKey) counts.waitingKeys += 1;
        if (device.facts.hasIdentityConflict) counts.conflicts += 1;
        if (samples.length < SAMPLES_MAX) samples.push({ id: device.id, name: device.label() });
      }
    });
  }
  const { matches, changes, unchanged, updating } = counts;
  const refused = refusalsOf(refusals);
  const sentence = rehearsalSentence(action.kind, { ...counts, refused, group });
  return { matches, changes, unchanged, refused, updating, samples, sentence };
}

async function foretell(
  page: readonly SelectedDevice[],
  action: BulkAction,
  group: GroupFacts | undefined,
): Promise<Foretold[]> {
  if (!("groupId" in action)) return page.map((device) => foretellDecision(device, action.kind));
  const into = present(group, "a change of members has a group");
  const members = await into.membersAmong(page.map(({ id }) => id));
  const move = action.kind === "add-to-group" ? "add" : "remove";
  return page.map((device) => foretellMove(device, move, into, members.has(device.id)));
}

/** The most frequent reason first. */
export const refusalsOf = (counts: ReadonlyMap<string, number>): BulkRefusal[] =>
  [...counts]
    .map(([sentence, count]) => ({ sentence, count }))
    .toSorted((left, right) => right.count - left.count);

export async function groupOrRefusal(
  db: TenantDb,
  groupId: Parameters<typeof groupFacts>[1],
): Promise<GroupFacts> {
  const group = await groupFacts(db, groupId);
  if (group === undefined) throw new ApiError("not-found", "There is no group with this id.");
  return group;
}

function noDevices(missing: readonly DeviceId[]): string {
  const more = missing.length > NAMED_MAX ? ` and ${missing.length - NAMED_MAX} more` : "";
  return `Nothing was changed: no device has the id ${missing.slice(0, NAMED_MAX).join(", ")}${more}.`;
}
