import { DAY_MS, present, type Clock, type InstantMs } from "@moult/base";
import type { TrustMetadata, TrustProposal, TrustProposalId, TrustRole } from "@moult/model";
import { TargetsMetadata, targetCustom, type DelegatedRole } from "@moult/trust";
import * as z from "zod";
import { ApiError } from "../platform/api-error.ts";
import { appendEvent } from "../platform/events.ts";
import type { Principal } from "../platform/operation-handler.ts";
import { raisePlanningEpoch } from "../platform/planning-epoch.ts";
import type { Renewal, Signer } from "../platform/signer-client.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { productNames } from "../products/index.ts";
import { checkProposal, demandMayPropose, invalid } from "./check-proposal.ts";
import {
  checkPublishable,
  readPublishable,
  type KnownArtifact,
  type PublishableFile,
} from "./check-publishable.ts";
import { demandRootNamesSigner } from "./check-root-keys.ts";
import { demandTakenByDevices } from "./device-view.ts";
import { holdProposal, proposedMetadata, setProposalState } from "./proposal-queries.ts";
import { holdOpen, proposalOrRefusal, tell } from "./proposals.ts";
import {
  artifactsUnder,
  countStaged,
  insertOnline,
  newestContent,
  pruneOnline,
  publishStaged,
  putRole,
  replaceTargets,
  setSigners,
  stage,
  unstage,
  type StagedFile,
} from "./publishing-queries.ts";
import { publishedRoles } from "./queries.ts";
import { isOnlineRole } from "./role-expiry.ts";

export interface PublishDeps {
  readonly clock: Clock;
  readonly signer: Pick<Signer, "onlineKeys" | "renew" | "notePublished">;
}

/** A device's look at the repository takes seconds; snapshots that were replaced stay for it a while. */
const SNAPSHOTS_KEPT_MS = 2 * DAY_MS;

/**
 * Publishes a proposal in three steps, so that no transaction waits for the signer:
 *
 * 1. Its files are checked and staged: the signer counts them, nobody else sees them.
 * 2. The signer verifies them from the tenant's first root and makes snapshot and timestamp; the result is looked at once
 *    more as a device does.
 * 3. One transaction makes all of it visible, notes which artifacts may be installed, and has waiting devices decided anew.
 *
 * Whatever goes wrong before the end of the third leaves what was published before; a server that dies in between leaves
 * staged files, which `undoAbandoned` takes away.
 */
export async function publishProposal(
  db: TenantDb,
  principal: Principal,
  id: TrustProposalId,
  { clock, signer }: PublishDeps,
): Promise<TrustProposal> {
  const { files } = await proposalOrRefusal(db, id);
  const roles = files.map(({ role }) => role);
  demandMayPropose(principal, roles);
  await demandRootNamesSigner(db, await proposedMetadata(db, id), signer);
  const staged = await db.transaction((inner) => stageProposal(inner, id, clock.now()));
  try {
    const renewal = await signer.renew(db.tenantId, "published-and-staged");
    if (renewal.kind === "refused") throw invalid(`Devices would refuse it: ${renewal.reason}`);
    await demandTakenByDevices(db, renewal, roles, clock);
    await db.transaction((inner) =>
      makeVisible(inner, { id, by: principal.name, staged, renewal }, clock.now()),
    );
  } catch (error) {
    await db.transaction((inner) => undoStaging(inner, id));
    throw error;
  }
  await signer.notePublished(db.tenantId);
  return proposalOrRefusal(db, id);
}

interface Staged {
  readonly files: readonly StagedFile[];
  readonly read: readonly PublishableFile[];
  readonly artifacts: ReadonlyMap<string, KnownArtifact>;
}

async function stageProposal(db: TenantDb, id: TrustProposalId, at: InstantMs): Promise<Staged> {
  await holdOpen(db, id);
  if ((await countStaged(db)) > 0)
    throw new ApiError("state-conflict", "Another proposal is being published; try again.");
  const proposed = await proposedMetadata(db, id);
  const published = await publishedRoles(db);
  const versions = new Map(published.map(({ role, version }) => [role, version]));
  const files = checkProposal(proposed, versions, at).map(
    ({ role, version, expiresAt, metadata }) => ({
      role,
      version,
      expiresAt,
      content: JSON.stringify(metadata),
    }),
  );
  if (!versions.has("root") && !["root", "targets"].every((role) => hasRole(proposed, role)))
    throw invalid("The first proposal holds root and targets.");

  const read = proposed.map(({ role, metadata }) => readPublishable(role, metadata.signed));
  const artifacts = await artifactsUnder(db, read.flatMap(pathsOf));
  const products = new Set(await productNames(db));
  const delegated = await delegatedRoles(db, proposed);
  for (const file of read) checkPublishable(file, delegated, { products, artifacts });
  if (!(await stage(db, files)))
    throw new ApiError("state-conflict", "One of these versions is there already.");
  await setProposalState(db, id, "publishing", null);
  return { files, read, artifacts };
}

interface Proposed {
  readonly role: TrustRole;
  readonly metadata: TrustMetadata;
}

const hasRole = (proposed: readonly Proposed[], wanted: TrustRole): boolean =>
  proposed.some(({ role }) => role === wanted);

const pathsOf = (file: PublishableFile): string[] =>
  "targets" in file ? Object.keys(file.targets.targets) : [];

const SignedTargets = z.object({ signed: TargetsMetadata });

/** Whom `targets` delegates to, once the proposal is published. */
async function delegatedRoles(
  db: TenantDb,
  proposed: readonly Proposed[],
): Promise<readonly DelegatedRole[]> {
  const own = proposed.find(({ role }) => role === "targets");
  const content =
    own === undefined ? await newestContent(db, "targets") : JSON.stringify(own.metadata);
  if (content === undefined) return [];
  const parsed = SignedTargets.safeParse(JSON.parse(content));
  return parsed.data?.signed.delegations?.roles ?? [];
}

interface Visible {
  readonly id: TrustProposalId;
  readonly by: string;
  readonly staged: Staged;
  readonly renewal: Extract<Renewal, { kind: "renewed" }>;
}

async function makeVisible(
  db: TenantDb,
  { id, by, staged, renewal }: Visible,
  at: InstantMs,
): Promise<void> {
  if ((await holdProposal(db, id)) !== "publishing")
    throw new ApiError("state-conflict", "It took too long to publish, and was undone.");
  const before = await publishedRoles(db);
  await publishStaged(db, staged.files, at);
  await publishOnline(db, renewal, at);
  for (const file of staged.read) await noteRole(db, file, staged);
  await noteSigners(db);
  await setProposalState(db, id, "published", at);
  const roles = staged.files.map(({ role }) => role);
  if (!before.some(({ role }) => role === "root"))
    await appendEvent(db, { at, body: { kind: "trust-initialised", by } });
  await tell(db, id, "published", roles, by, at);
  await raisePlanningEpoch(db);
}

/** Makes online metadata visible; throws `state-conflict` when newer ones came meanwhile. */
export async function publishOnline(
  db: TenantDb,
  { snapshot, timestamp }: Extract<Renewal, { kind: "renewed" }>,
  at: InstantMs,
): Promise<void> {
  const isNewest =
    (snapshot === null || (await insertOnline(db, "snapshot", snapshot, at))) &&
    (await insertOnline(db, "timestamp", timestamp, at));
  if (!isNewest)
    throw new ApiError("state-conflict", "Newer metadata was published meanwhile; try again.");
  await pruneOnline(db, timestamp.version, at - SNAPSHOTS_KEPT_MS);
  const before = await publishedRoles(db);
  for (const [role, file] of Object.entries({ snapshot, timestamp }))
    if (file !== null) {
      const known = before.find((one) => one.role === role);
      await putRole(db, {
        role,
        version: file.version,
        expiresAt: file.expiresAtMs,
        threshold: known?.threshold ?? 1,
        keyids: known?.keyids ?? [],
        targetCount: 0,
      });
    }
  // Devices that waited for it go on.
  const hadEnded = before.some(({ role, expiresAt }) => isOnlineRole(role) && expiresAt <= at);
  if (hadEnded) await raisePlanningEpoch(db);
}

async function noteRole(
  db: TenantDb,
  file: PublishableFile,
  { files, artifacts }: Staged,
): Promise<void> {
  const { role, version, expiresAt } = present(
    files.find((one) => one.role === file.role),
    "every file that was read is staged",
  );
  const known = (await publishedRoles(db)).find((one) => one.role === role);
  const targets = "targets" in file ? Object.entries(file.targets.targets) : [];
  await putRole(db, {
    role,
    version,
    expiresAt,
    threshold: known?.threshold ?? 1,
    keyids: known?.keyids ?? [],
    targetCount: targets.length,
  });
  if (role === "root" || role === "targets") return;
  await replaceTargets(
    db,
    { role, version },
    targets.map(([path, target]) => ({
      path,
      artifactId: present(artifacts.get(path), "it was checked").id,
      custom: present(targetCustom(target), "it was checked"),
    })),
  );
}

const SignedRoot = z.object({
  signed: z.object({
    roles: z.record(z.string(), z.object({ threshold: z.int(), keyids: z.array(z.string()) })),
  }),
});

/** Who signs each role stands in the role above it: any of them may have changed. */
async function noteSigners(db: TenantDb): Promise<void> {
  const root = await newestContent(db, "root");
  if (root !== undefined)
    for (const [role, signers] of Object.entries(SignedRoot.parse(JSON.parse(root)).signed.roles))
      await setSigners(db, role, signers);
  for (const { name, ...signers } of await delegatedRoles(db, []))
    await setSigners(db, name, signers);
}

/** Gives a proposal back to its signers, as it was before it was staged. */
export async function undoStaging(db: TenantDb, id: TrustProposalId): Promise<void> {
  if ((await holdProposal(db, id)) !== "publishing") return;
  const { files } = await proposalOrRefusal(db, id);
  await unstage(db, files);
  await setProposalState(db, id, "open", null);
}
