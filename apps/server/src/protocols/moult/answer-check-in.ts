import { SECOND_MS, later, type Clock } from "@moult/base";
import { CheckInRequest } from "@moult/device-protocol";
import type { Instruction } from "@moult/trust";
import type { DevicePrincipal, DeviceSessions, PollAnswer } from "../../device-session/index.ts";
import { SignerRefusal, type Signer } from "../../platform/signer-client.ts";
import { readMessage } from "./read-message.ts";

export interface CheckInDeps {
  readonly sessions: Pick<DeviceSessions, "poll" | "refuseOffer">;
  readonly signer: Pick<Signer, "sign">;
  readonly clock: Clock;
  readonly checkInSeconds: number;
  readonly instructionLifetimeSeconds: number;
}

/** A device that is asked for a report comes back at once. */
const ASKED_CHECK_IN_SECONDS = 2;
/** At least: what the signer refuses waits for people, or for others to be done. */
const REFUSED_CHECK_IN_SECONDS = 300;

/**
 * The envelope that answers a check-in, or undefined (at once, when the database answered so) if the device's answer still
 * holds. Signing happens after what was decided is durable and outside any transaction; when it fails, the device asks
 * again and gets the same offer.
 *
 * An offer that the signer refuses is answered by nothing to do: a device that has not begun to install gives it up, one that
 * installs goes on, and either has a signed answer.
 */
export function answerCheckIn(
  principal: DevicePrincipal,
  body: unknown,
  deps: CheckInDeps,
): undefined | Promise<Uint8Array | undefined> {
  const request = readMessage(body, CheckInRequest);
  const { nonce, activity, ...said } = request;
  const poll = { ...said, isIdle: activity.kind === "idle" };
  const answer = deps.sessions.poll(principal, poll);
  if (answer instanceof Promise)
    return answer.then((late) => envelopeOf(principal, poll, nonce, late, deps));
  return answer.kind === "holds" ? undefined : envelopeOf(principal, poll, nonce, answer, deps);
}

async function envelopeOf(
  principal: DevicePrincipal,
  { isIdle }: { readonly isIdle: boolean },
  nonce: string,
  answer: PollAnswer,
  deps: CheckInDeps,
): Promise<Uint8Array | undefined> {
  if (answer.kind === "holds") return undefined;
  const instruction = instructionOf(principal, nonce, answer, deps);
  try {
    return await deps.signer.sign(instruction);
  } catch (error) {
    if (!(error instanceof SignerRefusal) || answer.plan.kind !== "install") throw error;
    // A fault may be over in a second, and whoever downloads would begin again.
    if (error.reason === "signer-failed" && !isIdle) throw error;
    await deps.sessions.refuseOffer(principal, answer.generation, answer.plan.offer, error.reason);
    return deps.signer.sign(nothingToDo(instruction));
  }
}

type Answer = Extract<PollAnswer, { kind: "answer" }>;

const nothingToDo = (instruction: Instruction): Instruction => ({
  ...instruction,
  action: { kind: "nothing-to-do" },
  checkInSeconds:
    instruction.ask.length > 0
      ? instruction.checkInSeconds
      : Math.max(instruction.checkInSeconds, REFUSED_CHECK_IN_SECONDS),
});

function instructionOf(
  { tenantId, deviceId }: DevicePrincipal,
  nonce: string,
  { generation, plan, terms, ask }: Answer,
  { clock, checkInSeconds, instructionLifetimeSeconds }: CheckInDeps,
): Instruction {
  const issuedAtMs = clock.now();
  return {
    type: "instruction",
    tenantId,
    deviceId,
    nonce,
    generation,
    issuedAtMs,
    expiresAtMs: later(issuedAtMs, instructionLifetimeSeconds * SECOND_MS),
    action: actionOf(plan, terms),
    ask: [...ask],
    checkInSeconds: ask.length > 0 ? ASKED_CHECK_IN_SECONDS : checkInSeconds,
  };
}

function actionOf(plan: Answer["plan"], terms: Answer["terms"]): Instruction["action"] {
  if (plan.kind === "nothing-to-do") return { kind: "nothing-to-do" };
  const { assignmentId, deploymentId, attempt, artifactName, artifact } = plan.offer;
  const { path, sizeBytes, sha256 } = artifact;
  return {
    kind: "install",
    assignmentId,
    deploymentId,
    attempt,
    artifactName,
    components: [{ name: "main", path, sizeBytes, sha256 }],
    ...terms,
  };
}
