import type { ChainReplay, DeploymentId } from "@moult/model";
import { replay, type Replayed } from "@moult/planner";
import { partsNamedIn } from "@moult/trust";
import { ApiError } from "../platform/api-error.ts";
import { isoFrom } from "../platform/columns.ts";
import { unpackInputs } from "../platform/shared-inputs.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { chainEntries, chainHead, sharedTexts, type StoredEntry } from "./chain-queries.ts";

const ENTRIES_MAX = 1_000;
/** Differences of one planner from another are alike; the first of them say it. */
const OTHERS_MAX = 100;

/**
 * Decides again what a deployment's chain holds after entry `after`, by the facts that stand there and with the planner of this
 * server. It does not check the chain: facts that somebody changed decide as they were changed.
 */
export async function replayChain(
  db: TenantDb,
  deploymentId: DeploymentId,
  after: number,
): Promise<ChainReplay> {
  const end = await chainHead(db, deploymentId);
  if (end === undefined) throw new ApiError("not-found", "There is no deployment with this id.");
  const page = await chainEntries(db, deploymentId, after, ENTRIES_MAX);
  const names = page.flatMap(({ inputs }) => partsNamedIn(inputs));
  const shared = await sharedTexts(db, deploymentId, [...new Set(names)]);
  const others: ChainReplay["others"] = [];
  let through = after;
  let same = 0;
  let notDecided = 0;
  for (const entry of page) {
    const replayed = replayEntry(entry, shared);
    if (replayed.kind === "same") same += 1;
    else if (replayed.kind === "not-decided") notDecided += 1;
    else others.push(otherOf(entry, replayed));
    through = entry.number;
    if (others.length === OTHERS_MAX) break;
  }
  const isMore = page.at(-1)?.number !== through || page.length === ENTRIES_MAX;
  return {
    through,
    entries: end.number,
    isMore: page.length > 0 && isMore,
    notDecided,
    same,
    others,
  };
}

function replayEntry({ inputs }: StoredEntry, shared: ReadonlyMap<string, string>): Replayed {
  if (inputs === null) return { kind: "not-decided" };
  if (partsNamedIn(inputs).some((name) => !shared.has(name)))
    return { kind: "not-replayable", sentence: "A part of its facts is gone." };
  let stored: unknown;
  try {
    stored = JSON.parse(inputs);
  } catch {
    return { kind: "not-replayable", sentence: "Its facts are no JSON any more." };
  }
  return replay(unpackInputs(stored, shared));
}

type Other = Exclude<Replayed, { kind: "same" | "not-decided" }>;

const otherOf = (
  { number, at, deviceId, kind }: StoredEntry,
  replayed: Other,
): ChainReplay["others"][number] => ({
  number,
  at: isoFrom(at),
  deviceId,
  event: kind,
  notReplayable: replayed.kind === "not-replayable" ? replayed.sentence : null,
  differences: replayed.kind === "different" ? [...replayed.differences] : [],
});
