import type { Blobs, Clock } from "@moult/base";
import type { ClientTraits, Inventory, TenantId } from "@moult/model";
import {
  actionOf,
  claimController,
  isActionOf,
  noteConfirmed,
  type ControllerCredential,
  type ControllerRecord,
} from "../controllers/index.ts";
import { offerInstalled } from "../deployments/index.ts";
import type { LastSeen } from "../devices/index.ts";
import type { Database } from "../platform/database.ts";
import type { StreamReply } from "../platform/operation-handler.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { askDevice } from "./ask-device.ts";
import { bareFile } from "./bare-file.ts";
import { recordAttributes } from "./controller-attributes.ts";
import {
  recordCancelFeedback,
  recordFeedback,
  type CancelFeedback,
  type ControllerFeedback,
  type FeedbackResult,
} from "./controller-feedback.ts";
import type {
  ControllerAnswer,
  ControllerHabits,
  ControllerPrincipal,
  ControllerWait,
  ControllerWork,
} from "./controller-work.ts";
import { demandAccepted, type DevicePrincipal } from "./device-principal.ts";
import { heardStream } from "./heard-stream.ts";
import { holdDevice } from "./hold-device.ts";
import { noteRead } from "./note-read.ts";
import { noteWait } from "./note-wait.ts";
import { pollController } from "./poll-controller.ts";
import { preparePollRow } from "./queries.ts";

/** Sessions of devices that know their updates by numbers. What a device runs, it says by an attribute. */
export interface ControllerSessions {
  /** Undefined: the credential speaks for no such device. Throws what speaks against a device that it does speak for. */
  claim(
    tenantId: TenantId,
    controllerId: string,
    credential: ControllerCredential,
  ): Promise<ControllerPrincipal | undefined>;
  poll(
    principal: ControllerPrincipal,
    traits: ClientTraits,
    habits: ControllerHabits,
  ): Promise<ControllerAnswer>;
  /** Keeps why its client does not go on with an update that it was answered; undefined: it may. */
  wait(
    principal: ControllerPrincipal,
    work: ControllerWork,
    wait: ControllerWait | undefined,
  ): Promise<void>;
  /** The update of this number, while its client may work on it; reading it is noted. */
  work(
    principal: ControllerPrincipal,
    number: number,
    habits: ControllerHabits,
  ): Promise<ControllerWork | undefined>;
  /** The update of this number, which ended well and is what the device runs. */
  installed(principal: ControllerPrincipal, number: number): Promise<ControllerWork | undefined>;
  /** Whether the update of this number is one that its client shall give up. */
  isCancelled(principal: ControllerPrincipal, number: number): Promise<boolean>;
  feedback(
    principal: ControllerPrincipal,
    number: number,
    feedback: ControllerFeedback,
  ): Promise<FeedbackResult>;
  /** A person at the device agreed to the update of this number. */
  confirm(principal: ControllerPrincipal, number: number): Promise<void>;
  cancelFeedback(
    principal: ControllerPrincipal,
    number: number,
    feedback: CancelFeedback,
  ): Promise<FeedbackResult>;
  attributes(
    principal: ControllerPrincipal,
    change: (before: Inventory) => Inventory,
    habits: ControllerHabits,
  ): Promise<void>;
  /** A file of an update that its client works on. */
  file(
    principal: ControllerPrincipal,
    number: number,
    name: string,
  ): Promise<(StreamReply & { readonly sha1: string; readonly md5: string }) | undefined>;
}

export interface ControllerSessionDeps {
  readonly database: Pick<Database, "tenant" | "prepareRead">;
  readonly blobs: Pick<Blobs, "read">;
  readonly lastSeen: Pick<LastSeen, "note">;
  readonly clock: Clock;
  /** The attribute in which devices say which release they run. */
  readonly versionAttribute: string;
  /** How long after its client was done a device may go on to say that it runs what it ran before. */
  readonly confirmSeconds: number;
}

export function createControllerSessions(deps: ControllerSessionDeps): ControllerSessions {
  const { database, lastSeen, clock } = deps;
  const askDeps = { ...deps, readPollRow: preparePollRow(database.prepareRead) };
  const dbOf = ({ tenantId }: { readonly tenantId: TenantId }) => database.tenant(tenantId);
  const held = <T>(principal: DevicePrincipal, work: (db: TenantDb) => Promise<T>): Promise<T> =>
    holdDevice(database, principal, work);
  const workOf = async (principal: ControllerPrincipal, number: number) => {
    const { deviceId } = principal;
    const offer = await askDevice(dbOf(principal), principal, {}, askDeps);
    const action = await actionOf(dbOf(principal), deviceId, number);
    return offer === undefined ||
      action === undefined ||
      action.isClosed ||
      !isActionOf(action, offer)
      ? undefined
      : { action, offer };
  };

  return {
    claim: async (tenantId, controllerId, credential) => {
      const record = await claimController(dbOf({ tenantId }), controllerId, credential, clock);
      if (record === undefined) return undefined;
      demandAccepted(record.state);
      return principalOf(tenantId, controllerId, record);
    },

    poll: (principal, traits, habits) =>
      pollController(principal, traits, habits, { ...askDeps, dbOf, held }),

    wait: (principal, work, wait) => noteWait(principal, work, wait, { clock, held }),

    work: async (principal, number, habits) => {
      const work = await workOf(principal, number);
      if (work !== undefined) await noteRead(principal, work, habits, { clock, held });
      return work;
    },

    installed: async (principal, number) => {
      const action = await actionOf(dbOf(principal), principal.deviceId, number);
      if (action === undefined) return undefined;
      const offer = await offerInstalled(dbOf(principal), principal.deviceId, action);
      return offer && { action, offer };
    },

    isCancelled: async (principal, number) => {
      const action = await actionOf(dbOf(principal), principal.deviceId, number);
      if (action === undefined || action.isClosed || !action.isFetched) return false;
      return (await workOf(principal, number)) === undefined;
    },

    feedback: (principal, number, feedback) =>
      held(principal, (db) => recordFeedback(db, principal, number, feedback, deps)),

    confirm: (principal, number) => held(principal, (db) => noteConfirmed(db, number, clock.now())),

    cancelFeedback: (principal, number, feedback) =>
      held(principal, (db) => recordCancelFeedback(db, principal, number, feedback, deps)),

    attributes: (principal, change, habits) =>
      held(principal, (db) => recordAttributes(db, principal.deviceId, change, habits, deps)),

    file: async (principal, number, name) => {
      const work = await workOf(principal, number);
      if (work === undefined) return undefined;
      // Once, and not with every range: a client that streams asks for thousands of them.
      if (work.offer.state === "offered")
        await held(principal, (db) => recordFeedback(db, principal, number, BEGINS, deps));
      const content = bareFile(work.offer, name, deps);
      const note = (): void => lastSeen.note(dbOf(principal), principal.deviceId);
      return content && heardStream(content, note);
    },
  };
}

const BEGINS: ControllerFeedback = {
  step: { kind: "progress", report: { kind: "downloading", progressPercent: 0 } },
  lines: [],
};

const principalOf = (
  tenantId: TenantId,
  controllerId: string,
  { deviceId, credentialEpoch, wantsAttributes, traits }: ControllerRecord,
): ControllerPrincipal => ({
  tenantId,
  deviceId,
  credentialEpoch,
  controllerId,
  wantsAttributes,
  traits,
});
