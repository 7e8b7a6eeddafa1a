import { unreachable } from "@moult/base";
import type { BulkAction, BulkRefusal } from "@moult/model";
import { counted, numberText } from "@moult/planner";

/** What a rehearsal found, counted. */
export interface Foreseen {
  readonly matches: number;
  /** `keysOnly` of them keep their state: only a waiting key is turned down. */
  readonly changes: number;
  readonly keysOnly: number;
  readonly unchanged: number;
  readonly refused: readonly BulkRefusal[];
  /** Of those that change. */
  readonly updating: number;
  /** Of those that change: with a key that nobody has compared with the machine's. */
  readonly waitingKeys: number;
  /** Of those that change: two machines speak with the device's key. */
  readonly conflicts: number;
  readonly group: { readonly name: string; readonly deployments: readonly string[] } | undefined;
}

/** What will happen and what will not, as a person would say it before doing it. */
export function rehearsalSentence(kind: BulkAction["kind"], foreseen: Foreseen): string {
  const { matches, changes, unchanged, refused } = foreseen;
  if (matches === 0) return "No device matches.";
  const refusals = refused.reduce((sum, { count }) => sum + count, 0);
  const [first, second] = refused;
  return [
    ...(changes === 0 ? ["Changes nothing."] : happening(kind, foreseen)),
    ...(unchanged === 0 ? [] : [`${numberText(unchanged)} ${already(kind, unchanged)}.`]),
    ...(first === undefined
      ? []
      : [
          second === undefined
            ? `${numberText(refusals)} cannot be changed: ${withoutStop(first.sentence)}.`
            : `${numberText(refusals)} cannot be changed, for ${refused.length} reasons.`,
        ]),
  ].join(" ");
}

function happening(kind: BulkAction["kind"], foreseen: Foreseen): string[] {
  const { changes, updating } = foreseen;
  const devices = counted(changes, "device");
  const they = changes === 1 ? "it" : "they";
  const aborted =
    updating === 0
      ? []
      : [
          changes === 1
            ? "It is in an update, which counts as aborted."
            : `${numberText(updating)} of them ${are(updating)} in an update, which counts as aborted.`,
        ];
  switch (kind) {
    case "accept":
      return [
        `Accepts ${devices}: ${they} ${changes === 1 ? "takes" : "take"} updates from now on.`,
        ...keysTrusted(foreseen),
        ...conflictsSettled(foreseen),
      ];
    case "reject":
      return rejecting(foreseen, aborted);
    case "decommission":
      return [
        `Decommissions ${devices}: ${they} ${changes === 1 ? "loses its" : "lose their"} credentials for good and ${changes === 1 ? "gets" : "get"} no more updates.`,
        `What ${they} ${changes === 1 ? "runs" : "run"} now keeps running.`,
        ...aborted,
        "A machine comes back only by enrolling with another identity.",
      ];
    case "add-to-group":
      return [
        `Puts ${devices} into the group ${quoted(foreseen.group?.name)}.`,
        ...deploymentsOf(foreseen, (one) => (one ? "reaches" : "reach"), `${them(changes)} too`),
      ];
    case "remove-from-group":
      return [
        `Takes ${devices} out of the group ${quoted(foreseen.group?.name)}; the ${changes === 1 ? "device itself stays as it is" : "devices themselves stay as they are"}.`,
        ...deploymentsOf(
          foreseen,
          (one) => (one ? "no longer reaches" : "no longer reach"),
          them(changes),
        ),
      ];
    default:
      return unreachable(kind);
  }
}

function rejecting({ changes, keysOnly }: Foreseen, aborted: readonly string[]): string[] {
  const rejected = changes - keysOnly;
  const keys =
    keysOnly === 0
      ? []
      : [
          `Of ${numberText(keysOnly)} only a waiting key is turned down: ${keysOnly === 1 ? "the device itself stays" : "the devices themselves stay"} accepted.`,
        ];
  if (rejected === 0) return keys;
  return [
    rejected === 1
      ? "Rejects 1 device: it gets no more updates, and what it runs keeps running."
      : `Rejects ${numberText(rejected)} devices: they get no more updates, and what they run keeps running.`,
    ...aborted,
    `Accepting ${them(rejected)} later lets ${them(rejected)} in again.`,
    ...keys,
  ];
}

function keysTrusted({ waitingKeys }: Foreseen): string[] {
  if (waitingKeys === 0) return [];
  return [
    waitingKeys === 1
      ? "1 key is trusted without anybody comparing its fingerprint."
      : `${numberText(waitingKeys)} keys are trusted without anybody comparing their fingerprints.`,
  ];
}

function conflictsSettled({ conflicts }: Foreseen): string[] {
  if (conflicts === 0) return [];
  return [
    `${numberText(conflicts)} ${conflicts === 1 ? "is" : "are"} claimed by two machines; accepting ends the conflict.`,
  ];
}

function deploymentsOf(
  { group }: Foreseen,
  verb: (isOne: boolean) => string,
  whom: string,
): string[] {
  const [first, second] = group?.deployments ?? [];
  if (first === undefined) return [];
  return [
    second === undefined
      ? `The unfinished deployment ${quoted(first)} ${verb(true)} ${whom}.`
      : `${group?.deployments.length} unfinished deployments of this group ${verb(false)} ${whom}.`,
  ];
}

function already(kind: BulkAction["kind"], count: number): string {
  switch (kind) {
    case "accept":
      return `${are(count)} accepted already`;
    case "reject":
      return `${are(count)} rejected already`;
    case "decommission":
      return `${are(count)} decommissioned already`;
    case "add-to-group":
      return `${are(count)} in it already`;
    case "remove-from-group":
      return `${are(count)} not in it`;
    default:
      return unreachable(kind);
  }
}

const are = (count: number): string => (count === 1 ? "is" : "are");
const them = (count: number): string => (count === 1 ? "it" : "them");
const quoted = (name = ""): string => `"${name}"`;
const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");
