import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  AssignmentEventsRequest,
  ChallengeReply,
  CheckInRequest,
  DeviceProblem,
  EnrollReply,
  EnrollRequest,
  Provisioning,
  SessionReply,
  SessionRequest,
} from "@moult/device-protocol";
import { Envelope, Instruction } from "@moult/trust";
import { expect, test } from "vitest";
import type * as z from "zod";

// Messages as version 1 of the device protocol was released with them. The files never change: devices in the field send
// and expect exactly these. A message that today's code understands differently fails here.

const FOLDER = join(import.meta.dirname, "device-v1");

/** Which schema reads which file; a file's name begins with its message's. */
const SCHEMAS: readonly (readonly [prefix: string, schema: z.ZodType])[] = [
  ["challenge-reply", ChallengeReply],
  ["enroll-request", EnrollRequest],
  ["enroll-reply", EnrollReply],
  ["session-request", SessionRequest],
  ["session-reply", SessionReply],
  ["check-in-request", CheckInRequest],
  ["assignment-events-request", AssignmentEventsRequest],
  ["device-problem", DeviceProblem],
  ["provisioning", Provisioning],
  ["instruction", Instruction],
  ["envelope", Envelope],
];

const files = readdirSync(FOLDER);
const schemaOf = (file: string) => SCHEMAS.find(([prefix]) => file.startsWith(prefix))?.[1];
const messageOf = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Record<string, unknown>;

test("every message has a frozen example, and every example is of a known message", () => {
  for (const [prefix] of SCHEMAS)
    expect(
      files.some((file) => file.startsWith(prefix)),
      prefix,
    ).toBe(true);
  for (const file of files) expect(schemaOf(file), file).toBeDefined();
});

test.each(files)("%s still means what it meant", (file) => {
  const message = messageOf(file);

  const read = schemaOf(file)?.parse(message);

  // What was said is still understood, word for word; a later version may only add what was not said.
  expect(read).toMatchObject(
    file.startsWith("device-problem") ? { code: message["code"] } : message,
  );
});

const sentByDevices = files.filter((file) => /-request/.test(file));

test.each(sentByDevices)("%s with words of a later version is still understood", (file) => {
  const later = { ...messageOf(file), aWordOfALaterVersion: { nested: true } };

  expect(schemaOf(file)?.parse(later)).not.toHaveProperty("aWordOfALaterVersion");
});
