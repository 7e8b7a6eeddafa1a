import type { AssignmentId } from "@moult/model";

const DIGITS = 4;

/**
 * The id of a try: to its client each is a deployment of its own. Clients in Go take a control map only for ids that are UUIDs, so it is the
 * assignment's with the number of the try in place of its last digits, which no other assignment of the device needs to be told from it.
 */
export const updateId = (assignmentId: AssignmentId, attempt: number): string =>
  `${assignmentId.slice(0, -DIGITS)}${attempt.toString(16).padStart(DIGITS, "0")}`;

const UPDATE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** How the assignment's id begins, and the number of the try; undefined: no id of an update. */
export function readUpdateId(
  id: string,
): { readonly idStart: string; readonly attempt: number } | undefined {
  const attempt = Number.parseInt(id.slice(-DIGITS), 16);
  return UPDATE_ID.test(id) && attempt > 0 ? { idStart: id.slice(0, -DIGITS), attempt } : undefined;
}
