import { applyProvides } from "@moult/artifact";
import type { InstantMs } from "@moult/base";
import type {
  AssignmentId,
  AssignmentState,
  DeviceId,
  HoldPoint,
  ReleaseVersion,
  Running,
} from "@moult/model";
import { CANCELLED, isProvisional, isUnderWay } from "@moult/planner";
import type { TenantDb } from "../platform/tenant-db.ts";
import { artifactById } from "./artifact-facts-queries.ts";
import { assignmentBeginning, assignmentById } from "./assignment-queries.ts";
import { planningDevice } from "./facts-queries.ts";
import { termsOf, type OfferTerms } from "./offer-terms.ts";
import { deploymentById } from "./queries.ts";

/** How it stands with a device's update, for a protocol whose clients say less of it than the server keeps. */
export interface ReportedUpdate {
  readonly state: AssignmentState;
  readonly attempt: number;
  /** Of the last report that the server has. */
  readonly sequence: number;
  readonly version: ReleaseVersion;
  /** What its plan says of it to the device by now. */
  readonly terms: OfferTerms;
  /** The step that the device said it puts off; null: none. */
  readonly putsOff: HoldPoint | null;
  /** The server took it back: the device is to give it up, and whatever it says of it acknowledges that. */
  readonly isTakenBack: boolean;
  /** The device is to go on with it: it is under way, or the server only supposes that it has ended. */
  readonly goesOn: boolean;
  /** What the device runs, as it last said. */
  readonly running: Running;
  /** What it will run when the release is installed. */
  readonly runningAfter: Running;
}

/** A device that never said what it runs. */
const NOTHING_SAID: Running = { artifactName: "", provides: {} };

/** Undefined when the device has no such assignment. */
export async function reportedUpdate(
  db: TenantDb,
  deviceId: DeviceId,
  assignmentId: AssignmentId,
  at: InstantMs,
): Promise<ReportedUpdate | undefined> {
  const assignment = await assignmentById(db, assignmentId);
  if (assignment === undefined || assignment.deviceId !== deviceId) return undefined;
  const device = await planningDevice(db, deviceId);
  const deployment = await deploymentById(db, assignment.deploymentId);
  if (device === undefined || deployment === undefined) return undefined;
  const { state, attempt, eventSequence, outcome, code, artifactId, deferral } = assignment;
  const { version } = deployment;
  const running = device.running ?? NOTHING_SAID;
  const artifact = artifactId === null ? null : await artifactById(db, artifactId, at);
  const isOver = !isUnderWay(state);
  const isSupposed = outcome !== null && isProvisional(outcome) && deployment.state !== "aborted";
  return {
    state,
    attempt,
    sequence: eventSequence,
    version,
    terms: await termsOf(db, deviceId, { ...deployment, assignmentId }, at),
    putsOff: deferral?.before ?? null,
    isTakenBack: isOver && (outcome === "aborted" || code === "withdrawn" || code === CANCELLED),
    goesOn: !isOver || isSupposed,
    running,
    runningAfter: {
      artifactName: version,
      provides: artifact === null ? {} : applyProvides(running.provides, artifact),
    },
  };
}

/** The device's assignment whose id begins so; for protocols whose ids say more than that. */
export const updateBeginning = (
  db: TenantDb,
  deviceId: DeviceId,
  idStart: string,
): Promise<AssignmentId | undefined> => assignmentBeginning(db, deviceId, idStart);
