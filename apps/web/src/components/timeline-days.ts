import type { FleetEvent } from "@moult/model";
import { dayOf } from "../format/time.ts";

/** Events of the same kind in a row, newest first; most have one. */
export interface TimelineEntry {
  readonly newest: FleetEvent;
  readonly oldest: FleetEvent;
  readonly count: number;
}

export interface TimelineDay {
  readonly day: string;
  readonly entries: readonly TimelineEntry[];
}

/** Reports of progress in one step, and of a changed inventory, say little one by one. */
function foldKey({ body, assignmentId }: FleetEvent): string | null {
  if (body.kind === "device-inventory-changed") return body.kind;
  if (body.kind === "assignment-progressed")
    // What a device puts off for is told each time; only how far it is says little.
    return body.deferral === undefined ? `${body.kind} ${body.state} ${assignmentId ?? ""}` : null;
  return null;
}

/** Newest first, by day of the reader's zone. */
export function timelineDays(events: readonly FleetEvent[], locale?: string): TimelineDay[] {
  const days: { day: string; entries: TimelineEntry[] }[] = [];
  for (const event of events) {
    const day = dayOf(Date.parse(event.at), locale);
    let last = days.at(-1);
    if (last?.day !== day) {
      last = { day, entries: [] };
      days.push(last);
    }
    const before = last.entries.at(-1);
    const key = foldKey(event);
    if (before !== undefined && key !== null && foldKey(before.oldest) === key)
      last.entries[last.entries.length - 1] = {
        newest: before.newest,
        oldest: event,
        count: before.count + 1,
      };
    else last.entries.push({ newest: event, oldest: event, count: 1 });
  }
  return days;
}
