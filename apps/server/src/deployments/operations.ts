import { present, type Clock } from "@moult/base";
import type { Deployment, DeploymentId, DeploymentState, DeviceId, WaitReason } from "@moult/model";
import { explain } from "@moult/planner";
import { ApiError } from "../platform/api-error.ts";
import { isoOrNull } from "../platform/columns.ts";
import type { Handlers, OperationContext } from "../platform/operation-handler.ts";
import { decodeCursor, encodeCursor } from "../platform/page-cursor.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { logOf } from "./assignment-queries.ts";
import { approveStage, withdrawApproval } from "./approve-stage.ts";
import { chainPage } from "./chain-page.ts";
import { changeDeployment, openNextStage, type DeploymentAction } from "./change-deployment.ts";
import { createDeployment } from "./create-deployment.ts";
import { planningDevice } from "./facts-queries.ts";
import { assignmentShown, assignmentsPage, deviceAssignmentsPage } from "./list-queries.ts";
import { loadFacts } from "./load-facts.ts";
import { openInstallation } from "./open-installation.ts";
import { orderDevice, type DeviceOrder } from "./order-device.ts";
import { orderRollback, previewRollback } from "./order-rollback.ts";
import { previewDeployment } from "./preview-deployment.ts";
import {
  deploymentById,
  deploymentsByIds,
  deploymentsPage,
  type DeploymentRecord,
} from "./queries.ts";
import { replayChain } from "./replay-chain.ts";
import { rehearseChange, showProgress } from "./show-progress.ts";
import { createWaitingCounts, waitingDevicesPage } from "./waiting-devices.ts";
import { showDeployments } from "./show-deployments.ts";
import { verifyChain } from "./verify-chain.ts";

export interface DeploymentHandlerDeps {
  readonly clock: Clock;
  /** How often devices are told to check in, where that is known. */
  readonly checkInSeconds?: number;
}

export type DeploymentHandlers = Handlers<
  | "listDeployments"
  | "createDeployment"
  | "previewDeployment"
  | "showDeploymentProgress"
  | "listWaitingDevices"
  | "rehearseDeploymentChange"
  | "showDeployment"
  | "verifyDeploymentChain"
  | "replayDeployment"
  | "listChainEntries"
  | "pauseDeployment"
  | "resumeDeployment"
  | "abortDeployment"
  | "advanceDeployment"
  | "openInstallation"
  | "approveDeployment"
  | "withdrawApproval"
  | "previewRollBack"
  | "rollBackDeployment"
  | "forceDevice"
  | "retryDevice"
  | "cancelDevice"
  | "listAssignments"
  | "showAssignment"
  | "showAttemptLog"
  | "explainDevice"
  | "listDeviceAssignments"
>;

export function createDeploymentHandlers(deps: DeploymentHandlerDeps): DeploymentHandlers {
  return { ...readingHandlers(deps), ...changingHandlers(deps), ...assignmentHandlers(deps) };
}

function readingHandlers({
  clock,
  checkInSeconds,
}: DeploymentHandlerDeps): Pick<
  DeploymentHandlers,
  | "listDeployments"
  | "showDeployment"
  | "showDeploymentProgress"
  | "listWaitingDevices"
  | "previewDeployment"
  | "rehearseDeploymentChange"
  | "previewRollBack"
  | "verifyDeploymentChain"
  | "replayDeployment"
  | "listChainEntries"
> {
  const waiting = createWaitingCounts();
  return {
    listDeployments: async ({ db }, { query: { cursor, limit, state, ...filter } }) => {
      const states = state?.split(",") as DeploymentState[] | undefined;
      const after = decodeCursor(cursor);
      const rows = await deploymentsPage(db, { ...filter, states }, after, limit);
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: await showDeployments(db, shown),
        nextCursor:
          rows.length > limit && last !== undefined
            ? encodeCursor({ sortedBy: last.number, id: last.id })
            : null,
      };
    },

    showDeployment: ({ db }, { params }) => deploymentOrRefusal(db, params.deploymentId),
    previewDeployment: ({ db, principal }, { body }) =>
      previewDeployment(db, body, clock.now(), principal.userId, checkInSeconds),

    showDeploymentProgress: async ({ db }, { params }) => {
      const record = await recordOrRefusal(db, params.deploymentId);
      const at = clock.now();
      const progress = await showProgress(db, await shownDeployment(db, record), at);
      return { ...progress, waiting: [...(await waiting(db, record, at))] };
    },

    listWaitingDevices: async ({ db }, { params, query: { cursor, limit } }) => {
      const record = await recordOrRefusal(db, params.deploymentId);
      return waitingDevicesPage(db, record, decodeCursor(cursor), limit, clock.now());
    },

    rehearseDeploymentChange: async ({ db }, { params, query: { action } }) =>
      rehearseChange(db, await deploymentOrRefusal(db, params.deploymentId), action),

    previewRollBack: ({ db }, { params, query }) =>
      previewRollback(db, params.deploymentId, query, clock.now()),

    verifyDeploymentChain: ({ db }, { params, query: { after } }) =>
      verifyChain(db, params.deploymentId, after),
    listChainEntries: ({ db }, { params, query: { after, limit } }) =>
      chainPage(db, params.deploymentId, after, limit),
    replayDeployment: ({ db }, { params, query: { after } }) =>
      replayChain(db, params.deploymentId, after),
  };
}

function changingHandlers(
  deps: DeploymentHandlerDeps,
): Pick<
  DeploymentHandlers,
  | "createDeployment"
  | "pauseDeployment"
  | "resumeDeployment"
  | "abortDeployment"
  | "advanceDeployment"
  | "openInstallation"
  | "approveDeployment"
  | "withdrawApproval"
  | "rollBackDeployment"
  | "forceDevice"
  | "retryDevice"
  | "cancelDevice"
> {
  const { clock } = deps;
  const change = async (
    { db, principal }: OperationContext,
    deploymentId: DeploymentId,
    action: DeploymentAction,
  ): Promise<Deployment> => {
    await changeDeployment(db, deploymentId, action, principal.name, deps);
    return deploymentOrRefusal(db, deploymentId);
  };

  const order = async (
    { db, principal }: OperationContext,
    {
      deploymentId,
      deviceId,
    }: { readonly deploymentId: DeploymentId; readonly deviceId: DeviceId },
    what: DeviceOrder,
  ): Promise<void> => orderDevice(db, deploymentId, deviceId, what, principal.name, deps);

  return {
    createDeployment: async ({ db, principal, log }, { body }) => {
      const { id } = await createDeployment(db, body, principal, { clock, log });
      return deploymentOrRefusal(db, id);
    },

    pauseDeployment: (context, { params }) => change(context, params.deploymentId, "pause"),
    resumeDeployment: (context, { params }) => change(context, params.deploymentId, "resume"),
    abortDeployment: (context, { params }) => change(context, params.deploymentId, "abort"),

    forceDevice: (context, { params }) => order(context, params, "force"),
    retryDevice: (context, { params }) => order(context, params, "retry"),
    cancelDevice: (context, { params }) => order(context, params, "cancel"),

    approveDeployment: async ({ db, principal }, { params, body }) => {
      await approveStage(db, params.deploymentId, body.stage, principal, deps);
      return deploymentOrRefusal(db, params.deploymentId);
    },

    withdrawApproval: async ({ db, principal }, { params, body }) => {
      await withdrawApproval(db, params.deploymentId, body.stage, principal, deps);
      return deploymentOrRefusal(db, params.deploymentId);
    },

    rollBackDeployment: async ({ db, principal }, { params, body }) => {
      await orderRollback(db, params.deploymentId, body, principal, deps);
      return deploymentOrRefusal(db, params.deploymentId);
    },

    openInstallation: async ({ db, principal }, { params }) => {
      await openInstallation(db, params.deploymentId, principal.name, deps);
      return deploymentOrRefusal(db, params.deploymentId);
    },

    advanceDeployment: async ({ db, principal }, { params, body }) => {
      await openNextStage(db, params.deploymentId, body.stage, principal.name, deps);
      return deploymentOrRefusal(db, params.deploymentId);
    },
  };
}

function assignmentHandlers({
  clock,
}: DeploymentHandlerDeps): Pick<
  DeploymentHandlers,
  | "listAssignments"
  | "showAssignment"
  | "showAttemptLog"
  | "explainDevice"
  | "listDeviceAssignments"
> {
  return {
    listAssignments: async ({ db }, { params, query: { cursor, limit, ...filter } }) => {
      const { id } = await recordOrRefusal(db, params.deploymentId);
      return assignmentsPage(db, id, filter, decodeCursor(cursor), limit);
    },

    showAssignment: async ({ db }, { params }) => {
      const assignment = await assignmentShown(db, params.assignmentId);
      if (assignment === undefined)
        throw new ApiError("not-found", "There is no assignment with this id.");
      return assignment;
    },

    showAttemptLog: async ({ db }, { params: { assignmentId, attempt } }) => {
      const content = await logOf(db, assignmentId, attempt);
      if (content === undefined)
        throw new ApiError("not-found", "The device sent no log of this attempt.");
      const bytes = Buffer.from(content, "utf8");
      return {
        contentType: "text/plain; charset=utf-8",
        sizeBytes: bytes.length,
        fileName: `${assignmentId}.${attempt}.log`,
        open: async ({ start, end }) => once(bytes.subarray(start, end)),
      };
    },

    explainDevice: async ({ db }, { params }) => {
      const device = await planningDevice(db, params.deviceId);
      if (device === undefined) throw noDevice();
      // Nobody asks the device what it is doing right now, so it counts as neither idle nor busy.
      const facts = await loadFacts(db, device, null, clock.now(), "with-others");
      const { summary, reasons, earliest } = explain(facts);
      const ids = reasons.flatMap(({ reason }) => deploymentOf(reason) ?? []);
      const deployments = await deploymentsByIds(db, [...new Set(ids)]);
      const nameOf = new Map(deployments.map(({ id, name }) => [id, name]));
      const named = reasons.map((one) => {
        const deploymentId = deploymentOf(one.reason);
        const deploymentName = deploymentId === null ? null : (nameOf.get(deploymentId) ?? null);
        return { ...one, deploymentName };
      });
      return { summary, reasons: named, earliest: isoOrNull(earliest) };
    },

    listDeviceAssignments: async ({ db }, { params, query: { cursor, limit } }) => {
      if ((await planningDevice(db, params.deviceId)) === undefined) throw noDevice();
      return deviceAssignmentsPage(db, params.deviceId, decodeCursor(cursor), limit);
    },
  };
}

const deploymentOf = (reason: WaitReason): DeploymentId | null =>
  "deploymentId" in reason ? reason.deploymentId : null;

async function recordOrRefusal(
  db: TenantDb,
  deploymentId: DeploymentId,
): Promise<DeploymentRecord> {
  const record = await deploymentById(db, deploymentId);
  if (record === undefined) throw noDeployment();
  return record;
}

async function deploymentOrRefusal(db: TenantDb, deploymentId: DeploymentId): Promise<Deployment> {
  return shownDeployment(db, await recordOrRefusal(db, deploymentId));
}

async function shownDeployment(db: TenantDb, record: DeploymentRecord): Promise<Deployment> {
  return present((await showDeployments(db, [record]))[0], "a record is shown");
}

const noDeployment = (): ApiError =>
  new ApiError("not-found", "There is no deployment with this id.");
const noDevice = (): ApiError => new ApiError("not-found", "There is no device with this id.");

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
