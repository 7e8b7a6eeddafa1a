import { unreachable, type Blobs, type Clock } from "@moult/base";
import type {
  AssignmentId,
  ClientTraits,
  DeviceId,
  DeviceState,
  Sha256,
  TenantId,
} from "@moult/model";
import {
  noteRefusedOffer,
  openOffer,
  saveAttemptLog,
  type AssignmentReport,
  type Offer,
  type OfferedContent,
  type ReportResult,
} from "../deployments/index.ts";
import {
  enrolDevice,
  findDeviceByKey,
  recordTraits,
  type EnrolmentLimits,
  type EnrolmentRequest,
  type KeyState,
  type LastSeen,
} from "../devices/index.ts";
import { ApiError } from "../platform/api-error.ts";
import type { Database } from "../platform/database.ts";
import type { StreamReply } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { publishedTrustFile } from "../trust/index.ts";
import {
  demandAccepted,
  demandStanding,
  deviceUnknown,
  type DevicePrincipal,
} from "./device-principal.ts";
import { heardStream } from "./heard-stream.ts";
import { pollDevice, type Poll, type PollAnswer } from "./poll-device.ts";
import { recordReport } from "./record-report.ts";
import { hasTraits, holdStanding, preparePollRow, standingOf, voidAnswer } from "./queries.ts";

/**
 * What a device can do here, whatever protocol it speaks. A protocol authenticates its own credentials, hands over a
 * `DevicePrincipal`, and translates; nothing behind this knows which protocol it was. Refusals are thrown as `ApiError`.
 *
 * - Acknowledging a withdrawn offer is `report` with the outcome `aborted` and the code `withdrawn`.
 * - What really runs arrives with `poll`, or with the report that ends a try; only that closes an update as succeeded.
 */
export interface DeviceSessions {
  enrol(
    tenantId: TenantId,
    request: EnrolmentRequest,
  ): Promise<{ readonly deviceId: DeviceId; readonly state: DeviceState }>;
  /** The key that a device claims to hold, for the protocol to verify. */
  claimKey(tenantId: TenantId, fingerprint: Sha256): Promise<ClaimedKey>;
  /** Opens a session for a device that proved its key. Only then is it told what speaks against it. */
  begin(claimed: ClaimedKey, traits: ClientTraits): Promise<DevicePrincipal>;
  /** At once, or when it takes the database some time. */
  poll(principal: DevicePrincipal, poll: Poll): PollAnswer | Promise<PollAnswer>;
  /**
   * The answer of `generation` was this offer, and it may not be told to the device. The next check-in is decided anew, and
   * operators see why.
   */
  refuseOffer(
    principal: DevicePrincipal,
    generation: number,
    offer: Offer,
    reason: string,
  ): Promise<void>;
  report(
    principal: DevicePrincipal,
    assignmentId: AssignmentId,
    attempt: number,
    reports: readonly AssignmentReport[],
  ): Promise<void>;
  /** Keeps the log of a try; sent again, it replaces the one before. */
  log(
    principal: DevicePrincipal,
    assignmentId: AssignmentId,
    attempt: number,
    text: string,
  ): Promise<void>;
  /** The content of the device's open offer, and of nothing else. */
  blob(principal: DevicePrincipal, sha256: Sha256): Promise<StreamReply>;
  /** A metadata file of the device's tenant, which the device verifies by itself. */
  trustFile(principal: DevicePrincipal, file: string): Promise<StreamReply>;
}

interface ClaimedKey {
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly keyState: KeyState;
  readonly deviceState: DeviceState;
  readonly principal: DevicePrincipal;
}

export interface DeviceSessionDeps {
  readonly database: Pick<Database, "tenant" | "prepareRead">;
  readonly blobs: Pick<Blobs, "read">;
  readonly lastSeen: Pick<LastSeen, "note">;
  readonly limits: EnrolmentLimits;
  readonly clock: Clock;
}

export function createDeviceSessions(deps: DeviceSessionDeps): DeviceSessions {
  const { database, lastSeen, clock } = deps;
  const pollDeps = { clock, lastSeen, readPollRow: preparePollRow(database.prepareRead) };
  const dbOf = tenantHandles(database);

  /** Runs `work` with the device's row held, if its session still stands. */
  const held = <T>(principal: DevicePrincipal, work: (db: TenantDb) => Promise<T>): Promise<T> =>
    dbOf(principal.tenantId).transaction(async (inner) => {
      demandStanding(await holdStanding(inner, principal.deviceId), principal);
      return work(inner);
    });

  return {
    enrol: async (tenantId, request) => {
      const answer = await enrolDevice(dbOf(tenantId), request, deps);
      if (answer.kind === "refused") throw new ApiError(answer.reason, answer.detail);
      return answer;
    },

    claimKey: async (tenantId, fingerprint) => {
      const device = await findDeviceByKey(dbOf(tenantId), fingerprint);
      if (device === undefined) throw deviceUnknown();
      const { deviceId, credentialEpoch, keyState, deviceState } = device;
      const publicKey = Buffer.from(device.publicKey, "base64");
      return {
        publicKey,
        keyState,
        deviceState,
        principal: { tenantId, deviceId, credentialEpoch },
      };
    },

    begin: async ({ principal, keyState, deviceState }, traits) => {
      demandAccepted(deviceState);
      // A key that waits, was turned down or gave way to another is none of an accepted device's.
      if (keyState !== "accepted") demandAccepted(keyState === "pending" ? "pending" : "rejected");
      const { tenantId, deviceId } = principal;
      // Most sessions begin with what is known already, and a write less is worth a question.
      if (!(await hasTraits(dbOf(tenantId), deviceId, JSON.stringify(traits))))
        await held(principal, (db) => recordTraits(db, deviceId, traits));
      return principal;
    },

    poll: (principal, poll) => pollDevice(dbOf(principal.tenantId), principal, poll, pollDeps),

    refuseOffer: ({ tenantId, deviceId }, generation, offer, reason) =>
      dbOf(tenantId).transaction(async (inner) => {
        await voidAnswer(inner, deviceId, generation);
        await noteRefusedOffer(inner, deviceId, offer, reason, clock.now());
      }),

    report: async (principal, assignmentId, attempt, reports) => {
      const { deviceId, tenantId } = principal;
      lastSeen.note(dbOf(tenantId), deviceId);
      const result = await held(principal, (db) =>
        recordReport(db, deviceId, assignmentId, attempt, reports, clock.now()),
      );
      if (result !== "recorded") throw refusedReport(result, attempt);
    },

    log: async (principal, assignmentId, attempt, text) => {
      const isKept = await held(principal, (db) =>
        saveAttemptLog(db, principal.deviceId, assignmentId, attempt, text),
      );
      if (!isKept) throw new ApiError("not-found", "This device had no such attempt.");
    },

    blob: async (principal, sha256) => {
      const db = dbOf(principal.tenantId);
      demandStanding(await standingOf(db, principal.deviceId), principal);
      const content = offeredBlob(await openOffer(db, principal.deviceId), sha256, deps);
      const note = (): void => lastSeen.note(db, principal.deviceId);
      note();
      return heardStream(content, note);
    },

    trustFile: async (principal, file) => {
      const db = dbOf(principal.tenantId);
      demandStanding(await standingOf(db, principal.deviceId), principal);
      return publishedTrustFile(db, file);
    },
  };
}

function refusedReport(result: Exclude<ReportResult, "recorded">, attempt: number): ApiError {
  switch (result) {
    case "not-found":
      return new ApiError("not-found", "This device has no assignment with this id.");
    case "attempt-unknown":
      return new ApiError("invalid-request", `Attempt ${attempt} was never offered.`);
    case "assignment-closed":
      return new ApiError("assignment-closed", `The server has ended attempt ${attempt}.`);
    default:
      return unreachable(result);
  }
}

function offeredBlob(
  offered: OfferedContent | undefined,
  sha256: Sha256,
  { blobs }: Pick<DeviceSessionDeps, "blobs">,
): StreamReply {
  if (offered?.sha256 !== sha256)
    throw new ApiError(
      "blob-not-offered",
      "Only the content of this device's open offer can be read.",
    );
  return {
    contentType: "application/octet-stream",
    sizeBytes: offered.sizeBytes,
    etag: sha256,
    open: async (range) => {
      const bytes = await blobs.read(sha256, range);
      if (bytes === undefined)
        throw new ApiError("unavailable", "The content cannot be read at the moment; try again.");
      return bytes;
    },
  };
}

/** One handle per tenant, kept: making one for each check-in costs more than the check-in asks. */
function tenantHandles({ tenant }: Pick<Database, "tenant">): (tenantId: TenantId) => TenantDb {
  const handles = new Map<TenantId, TenantDb>();
  return (tenantId) => {
    const known = handles.get(tenantId);
    if (known !== undefined) return known;
    // Tenant ids come from outside too; handles of made-up ones must not pile up.
    if (handles.size >= HANDLES_MAX) handles.clear();
    const db = tenant(tenantId);
    handles.set(tenantId, db);
    return db;
  };
}

const HANDLES_MAX = 10_000;
