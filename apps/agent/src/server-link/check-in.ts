import { randomBytes } from "node:crypto";
import { DAY_MS, base64, hex, instant, type Clock, type Log } from "@moult/base";
import {
  contextDigest,
  inventoryDigest,
  runningDigest,
  type CheckInRequest,
  type Provisioning,
} from "@moult/device-protocol";
import { Sha256, type Inventory, type ReportedContext, type Running } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  verifyInstruction,
  type Instruction,
  type InstructionPolicy,
  type InstructionRefusal,
  type Report,
  type TrustSource,
  type VerifiedInstruction,
} from "@moult/trust";
import type { AssignmentUpdate } from "@moult/updater";
import { raisedFloor } from "../clock/time-floor.ts";
import { keySha256, type DeviceTrust } from "../trust/device-trust.ts";
import { jsonPost, type DeviceSession, type TurnedAway } from "./device-session.ts";
import type { LinkState } from "./link-state.ts";
import { readProblem } from "./read-problem.ts";

/** What the device says of itself in one check-in. */
export interface DeviceReport {
  readonly activity: CheckInRequest["activity"];
  readonly running: Running;
  readonly inventory: Inventory;
  /** Not there: it does not know it yet. */
  readonly context?: ReportedContext;
}

/** An instruction that was verified, and what of its envelope is remembered. */
export interface AcceptedInstruction {
  readonly instruction: Instruction;
  readonly origin: AssignmentUpdate["instruction"];
}

export type CheckInResult =
  /** The server has nothing newer than the generation this device holds. */
  | { readonly kind: "holds" }
  | {
      readonly kind: "instructed";
      readonly accepted: AcceptedInstruction;
      /** From now on: how long it may be acted on. */
      readonly lifetimeMs: number;
    }
  /** The answer is not what this device may obey. It keeps what it runs. */
  | { readonly kind: "refused"; readonly reason: InstructionRefusal }
  | TurnedAway;

export interface CheckInDeps {
  readonly session: DeviceSession;
  readonly link: LinkState;
  readonly provisioning: Provisioning;
  readonly trust: Pick<DeviceTrust, "instructionKeys" | "refresh">;
  /** Where newer metadata come from. */
  readonly source: (signal: AbortSignal) => TrustSource;
  /** Random for this start of the agent. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

export interface CheckIn {
  /** `fresh`: the answer must be a signed one. Throws an `AgentError` when the server could not be asked. */
  checkIn(report: DeviceReport, fresh: boolean, signal: AbortSignal): Promise<CheckInResult>;
}

/** Asks the server what to do, and accepts its answer durably before anybody acts on it. */
export function createCheckIn(deps: CheckInDeps): CheckIn {
  const { session } = deps;
  const reports = createReportMemory();
  const accept = createAcceptance(deps);

  return {
    checkIn: async (report, fresh, signal) => {
      const nonce = base64(randomBytes(24));
      const due = reports.due(report);
      const content = {
        nonce,
        generation: generationFloor(deps),
        fresh,
        instanceId: deps.instanceId,
        activity: report.activity,
        ...due,
      } satisfies CheckInRequest;
      const reply = await session.request(jsonPost("/device/v1/check-in", content, signal));
      if (reply.kind !== "reply") return reply;
      if (reply.status !== 200 && reply.status !== 204)
        return { kind: "problem", problem: readProblem(reply) };

      reports.sent(due.digests);
      if (reply.status === 204) return { kind: "holds" };
      const result = await accept(reply.body, nonce, signal);
      if (result.kind === "instructed") reports.ask(result.accepted.instruction.ask);
      return result;
    },
  };
}

type Digests = CheckInRequest["digests"];

/** What the server is known to have. Not kept over a restart: a short report then costs less than a write. */
function createReportMemory() {
  let known: Digests | undefined;
  let asked = new Set<Report>();

  return {
    /** The digests of `report`, and of its parts those that are news or were asked for. */
    due: ({ running, inventory, context }: DeviceReport) => {
      const digests: Digests = {
        running: runningDigest(running, nodeCrypto),
        inventory: inventoryDigest(inventory, nodeCrypto),
        ...(context === undefined ? {} : { context: contextDigest(context, nodeCrypto) }),
      };
      const isDue = (name: Report): boolean =>
        asked.has(name) || known === undefined || known[name] !== digests[name];
      return {
        digests,
        ...(isDue("running") ? { running } : {}),
        ...(isDue("inventory") ? { inventory } : {}),
        ...(context !== undefined && isDue("context") ? { context } : {}),
      };
    },
    sent: (digests: Digests): void => {
      known = digests;
      asked = new Set();
    },
    ask: (names: readonly Report[]): void => {
      asked = new Set(names);
    },
  };
}

/** Verifies the answer to `nonce`; a good one is durable (its generation, its time) when this returns. */
function createAcceptance(deps: CheckInDeps) {
  const { link, provisioning, clock, monotonicMs, log } = deps;
  let jumpedAtMs: number | undefined;

  return async (answer: Uint8Array, nonce: string, signal: AbortSignal): Promise<CheckInResult> => {
    const { device, timeFloorMs } = link.read();
    // Another call may have learnt in the meantime that the server no longer knows this device.
    if (device === null) return { kind: "refused", reason: "other-device" };
    const { tenantId, pathPrefix } = provisioning;
    const policy = { tenantId, deviceId: device.id, nonce, pathPrefix };
    const verified = await verifyByNewestRoot(deps, answer, policy, signal);
    if (verified.kind === "refused") {
      const generation = generationFloor(deps);
      log.error("instruction-refused", { reason: verified.reason, generation });
      return verified;
    }

    const { instruction, issuedAt, lifetimeMs, key } = verified;
    const mayJump = jumpedAtMs === undefined || monotonicMs() - jumpedAtMs >= DAY_MS;
    const floor = raisedFloor(instant(timeFloorMs), issuedAt, clock.now(), mayJump ? DAY_MS : 0);
    if (floor.hasJumped && mayJump) jumpedAtMs = monotonicMs();
    await link.save({
      generation: instruction.generation,
      generationKeySha256: keySha256(key),
      timeFloorMs: floor.at,
    });
    const origin = {
      generation: instruction.generation,
      sha256: Sha256.parse(hex(nodeCrypto.sha256(answer))),
      keySha256: keySha256(key),
    };
    return { kind: "instructed", accepted: { instruction, origin }, lifetimeMs };
  };
}

/**
 * The generation that an instruction must be above. It is only as good as the key that signed it: whoever stole that key may
 * have run ahead to the last generation there is, so a root that takes the key back makes the floor void (TUF 5.3.11 does
 * the same for the online roles). Until then the nonce alone keeps old answers out.
 */
function generationFloor({ link, trust }: Pick<CheckInDeps, "link" | "trust">): number {
  const { generation, generationKeySha256: by } = link.read();
  if (by === null) return generation;
  return trust.instructionKeys().some((key) => keySha256(key) === by) ? generation : 0;
}

/**
 * Verifies by the keys of the newest root this device knows. Keys change by a new root, so an unknown one is a reason to look
 * for it, once: what the new root's keys did not sign either is refused.
 */
async function verifyByNewestRoot(
  deps: CheckInDeps,
  answer: Uint8Array,
  policy: Omit<InstructionPolicy, "keys" | "generation">,
  signal: AbortSignal,
): Promise<VerifiedInstruction> {
  const { trust, source, log } = deps;
  const verify = (): VerifiedInstruction => {
    const generation = generationFloor(deps);
    return verifyInstruction(
      answer,
      { ...policy, generation, keys: trust.instructionKeys() },
      nodeCrypto,
    );
  };
  const verified = verify();
  if (verified.kind === "verified" || verified.reason !== "signature-invalid") return verified;
  log.info("instruction-key-unknown", { generation: generationFloor(deps) });
  // Roots count as soon as they are verified, whatever is wrong with what comes after them.
  await trust.refresh(source(signal));
  return verify();
}
