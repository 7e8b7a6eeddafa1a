import { isoText } from "@moult/base";
import type { DeviceId, Explanation } from "@moult/model";
import { describe, expect, test } from "vitest";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { DIALECTS } from "../platform/dialect.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { holdDevice } from "./assignment-queries.ts";
import { clockAt } from "./fleet.fixture.ts";
import { mixedFleet } from "./mixed-fleet.fixture.ts";
import { createDeploymentHandlers } from "./operations.ts";
import { planDevice, previewDevice, type DevicePlan } from "./plan-device.ts";

/** `npm run why-proof` asks about ten times as many. */
const SIZE = Number(process.env["WHY_DEVICES"] ?? 1_000);
/** Some tens of thousands of decisions; a busy machine takes minutes. */
const LONG = 600_000;
/** What at least one device of the mixed fleet is told first. */
const KINDS = [
  "already-running",
  "attempts-used",
  "byte-budget",
  "concurrent-limit",
  "condition-unmet",
  "deferred-by-device",
  "device-not-accepted",
  "held-back-share",
  "identity-conflict",
  "installation-undecided",
  "no-artifact-for-hardware",
  "offered",
  "payload-not-bare",
  "rate-limit",
  "release-not-signed",
  "retry-backoff",
  "retry-forbidden",
  "stage-not-reached",
  "terms-unheeded",
  "update-in-progress",
];

class Undone extends Error {}

/** What a check-in is answered, without its consequences: the next device finds the fleet as this one did. */
async function wouldAnswer(db: TenantDb, deviceId: DeviceId, at: Parameters<typeof clockAt>[0]) {
  let answer: DevicePlan | undefined;
  try {
    await db.transaction(async (inner) => {
      await holdDevice(inner, deviceId);
      answer = await planDevice(inner, deviceId, true, at);
      throw new Undone();
    });
  } catch (problem) {
    if (!(problem instanceof Undone)) throw problem;
  }
  if (answer === undefined) throw new Error("a check-in is answered");
  return answer;
}

/** Null when the explanation is what the device would be answered, else what is wrong. */
function difference(explained: Explanation, answer: DevicePlan): string | null {
  const first = explained.reasons[0]?.reason;
  const installs = answer.kind === "install" ? answer.offer : null;
  if (first === undefined)
    return installs !== null && explained.summary.includes(installs.artifactName)
      ? null
      : "it is said to be offered an update";
  if (first.kind === "update-in-progress" || first.kind === "deferred-by-device") {
    const goesOn = installs?.assignmentId === first.assignmentId;
    const isOver = /is taken back|is closed/u.test(explained.summary);
    return goesOn === !isOver ? null : "it is said to be in an update";
  }
  if (answer.kind === "install") return "it is said to wait";
  const decides = answer.reasons[0];
  if (JSON.stringify(decides) !== JSON.stringify(first)) return "another reason decides";
  const until = answer.until === null ? null : isoText(answer.until);
  return until === explained.earliest ? null : "the earliest change differs";
}

describe.each(DIALECTS)("why a device does not update, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test(
    `of each of ${SIZE} devices of a mixed fleet it is said what its check-in would be answered`,
    { timeout: LONG },
    async () => {
      const db = await store.newTenant();
      const { ids, now } = await mixedFleet(db, SIZE);
      const { explainDevice } = createDeploymentHandlers({ clock: clockAt(now) });
      const operator = asOperator(db);

      const seen = new Set<string>();
      const wrong: string[] = [];
      for (const deviceId of ids) {
        const request = { params: { deviceId }, query: undefined, body: undefined };
        const explained = await explainDevice(operator, request);
        seen.add(explained.reasons[0]?.reason.kind ?? "offered");
        const answer =
          (await previewDevice(db, deviceId, true, now)) ?? (await wouldAnswer(db, deviceId, now));
        const problem = difference(explained, answer);
        if (problem !== null)
          wrong.push(`${problem}: ${JSON.stringify(explained)} and ${JSON.stringify(answer)}`);
      }

      expect(wrong).toEqual([]);
      expect([...seen.keys()].toSorted()).toEqual(expect.arrayContaining(KINDS));
    },
  );
});
