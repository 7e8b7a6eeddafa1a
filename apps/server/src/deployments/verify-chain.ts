import { canonicalText } from "@moult/base";
import {
  Sha256,
  type ChainBreak,
  type ChainVerification,
  type DeploymentId,
  type DeploymentState,
  type FleetEventBody,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  DEPLOYMENT_CHAIN_START,
  entryFault,
  partsNamedIn,
  type ChainCheck,
  type EntryFault,
} from "@moult/trust";
import * as z from "zod";
import { ApiError } from "../platform/api-error.ts";
import { fromJson, isoFrom } from "../platform/columns.ts";
import { unpackInputs } from "../platform/shared-inputs.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import {
  chainEntries,
  chainHead,
  lastStateEvents,
  sharedTexts,
  unchainedEvent,
  type ChainHead,
  type StoredEntry,
} from "./chain-queries.ts";
import { deploymentById } from "./queries.ts";

const EventOfKind = z.object({ kind: z.string() });
/** Enough to be quick for small chains, and little enough that nobody waits for a large one. */
const ENTRIES_MAX = 5_000;
const PAGE = 500;

/**
 * Checks a deployment's chain after entry `after`: every entry follows from the one before, every part of its inputs is there,
 * and the deployment is as its events left it. It reads what it checks in several steps; a deployment that goes on
 * meanwhile has a longer chain, never a broken one.
 */
export async function verifyChain(
  db: TenantDb,
  id: DeploymentId,
  after: number,
): Promise<ChainVerification> {
  const end = await chainHead(db, id);
  if (end === undefined) throw new ApiError("not-found", "There is no deployment with this id.");
  const last = end.number;
  const upTo = Math.min(last, after + ENTRIES_MAX);
  let through = after;
  let sha256 = await digestAfter(db, id, after);
  const answer = (firstBreak: ChainBreak | null): ChainVerification => ({
    through,
    sha256: Sha256.parse(sha256 ?? DEPLOYMENT_CHAIN_START),
    entries: last,
    isMore: firstBreak === null && through < last,
    firstBreak,
  });
  if (sha256 === undefined) return answer(missing(after));

  const sound = new Set<string>();
  while (through < upTo) {
    const entries = await chainEntries(db, id, through, Math.min(PAGE, upTo - through));
    const parts = await partsOf(db, id, entries, sound);
    // Without any, the next one is gone.
    for (const entry of entries.length === 0 ? [undefined] : entries) {
      const broken = breakOf(entry, { number: through, sha256, parts, sound });
      if (entry === undefined || broken !== undefined) return answer(broken ?? null);
      through = entry.number;
      ({ sha256 } = entry);
    }
  }
  if (through < last) return answer(null);
  return answer(await endBreak(db, id, end, sha256));
}

/** The chain after an entry; undefined when the entry is gone. */
async function digestAfter(
  db: TenantDb,
  deploymentId: DeploymentId,
  number: number,
): Promise<string | undefined> {
  if (number === 0) return DEPLOYMENT_CHAIN_START;
  const [entry] = await chainEntries(db, deploymentId, number - 1, 1);
  return entry?.number === number && Sha256.safeParse(entry.sha256).success
    ? entry.sha256
    : undefined;
}

/** Texts that the entries name and that were not looked at yet. */
async function partsOf(
  db: TenantDb,
  deploymentId: DeploymentId,
  entries: readonly StoredEntry[],
  sound: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const names = entries.flatMap(({ inputs }) => partsNamedIn(inputs));
  return sharedTexts(
    db,
    deploymentId,
    [...new Set(names)].filter((name) => !sound.has(name)),
  );
}

function breakOf(entry: StoredEntry | undefined, check: ChainCheck): ChainBreak | undefined {
  const fault = entryFault(entry, check, nodeCrypto) ?? columnFault(entry);
  if (fault === undefined) return undefined;
  const at = entry === undefined || fault.kind === "missing" ? null : isoFrom(entry.at);
  return { ...fault, number: check.number + 1, at };
}

/** Events are looked for by a column that repeats what their bodies say. */
function columnFault(entry: StoredEntry | undefined): EntryFault | undefined {
  if (entry === undefined || fromJson(EventOfKind, entry.body).kind === entry.kind)
    return undefined;
  const sentence = `Entry ${entry.number} is found as another kind of event than it is.`;
  return { kind: "altered", sentence };
}

/** What the inputs of an entry say; of a text that is none nothing, and its digest tells. */
function parsed(inputs: string): unknown {
  try {
    return JSON.parse(inputs);
  } catch {
    return null;
  }
}

const missing = (number: number): ChainBreak => ({
  kind: "missing",
  number,
  at: null,
  sentence: `Entry ${number} is gone.`,
});

/**
 * Whether the chain ends where the deployment's row says, holds every event, and led to what the row says. A deployment that
 * went on meanwhile is not judged by what was read before: whoever asks again gets the rest.
 */
async function endBreak(
  db: TenantDb,
  deploymentId: DeploymentId,
  end: ChainHead,
  sha256: string,
): Promise<ChainBreak | null> {
  const found = await endFinding(db, deploymentId, end, sha256);
  if (found === undefined || (await chainHead(db, deploymentId))?.number !== end.number)
    return null;
  const { kind, at, sentence } = found;
  return { kind, number: end.number, at: at === undefined ? null : isoFrom(at), sentence };
}

interface Finding {
  readonly kind: ChainBreak["kind"];
  readonly at?: number;
  readonly sentence: string;
}

async function endFinding(
  db: TenantDb,
  deploymentId: DeploymentId,
  end: ChainHead,
  sha256: string,
): Promise<Finding | undefined> {
  const { number } = end;
  if (end.sha256 !== sha256)
    return {
      kind: "end-differs",
      sentence: `The deployment's row names another digest after entry ${number}.`,
    };
  const [beyond] = await chainEntries(db, deploymentId, number, 1);
  if (beyond !== undefined)
    return {
      kind: "end-differs",
      at: beyond.at,
      sentence: `There is an entry ${beyond.number}, and the deployment's row says that ${number} is the last.`,
    };
  const unchained = await unchainedEvent(db, deploymentId);
  if (unchained !== undefined)
    return {
      kind: "unchained",
      at: unchained.at,
      sentence: `Event ${unchained.sequence} of the deployment is in no chain.`,
    };
  const sentence = await rowDiffers(db, deploymentId);
  return sentence === undefined ? undefined : { kind: "deployment-differs", sentence };
}

async function rowDiffers(db: TenantDb, id: DeploymentId): Promise<string | undefined> {
  const deployment = await deploymentById(db, id);
  if (deployment === undefined) return undefined;
  const { state, stage, plan } = deployment;
  const said = await lastStateEvents(db, id);
  const saidState = stateOf(said.state);
  if (saidState !== undefined && saidState !== state)
    return `The deployment is ${state}, and its events left it ${saidState}.`;
  const saidStage = said.stage?.kind === "stage-advanced" ? said.stage.stage : 0;
  if (said.stage !== undefined && saidStage !== stage)
    return `The deployment is in stage ${stage + 1}, and its events left it in stage ${saidStage + 1}.`;
  const [first] = await chainEntries(db, id, 0, 1);
  if (first === undefined || first.inputs === null) return undefined;
  const inputs: unknown = parsed(first.inputs);
  const created = unpackInputs(inputs, await sharedTexts(db, id, partsNamedIn(first.inputs)));
  const createdPlan = planIn(created);
  return createdPlan === undefined || canonicalText(createdPlan) === canonicalText(plan)
    ? undefined
    : "The deployment's plan is not the one that it was created with.";
}

function stateOf(body: FleetEventBody | undefined): DeploymentState | undefined {
  if (body?.kind === "deployment-created") return "running";
  if (body?.kind === "deployment-tripped") return "tripped";
  return body?.kind === "deployment-state-changed" ? body.state : undefined;
}

function planIn(inputs: unknown): unknown {
  if (typeof inputs !== "object" || inputs === null || !("deployment" in inputs)) return undefined;
  const { deployment } = inputs;
  return typeof deployment === "object" && deployment !== null && "plan" in deployment
    ? deployment.plan
    : undefined;
}
