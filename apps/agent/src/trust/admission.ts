import { MINUTE_MS, SECOND_MS, assert, backOffDelayMs, present, type Random } from "@moult/base";
import type { HardwareType, Running } from "@moult/model";
import {
  installRefusal,
  type InstallRule,
  targetCustom,
  type InstructionComponent,
  type TargetCustom,
  type TargetResult,
  type TrustSource,
  type TrustState,
} from "@moult/trust";
import {
  RefusalCode,
  type AssignmentUpdate,
  type OpenedArtifact,
  type Update,
  type Vouched,
} from "@moult/updater";
import { isAgentError } from "../agent-error.ts";
import { AGENT_VERSION } from "../agent-version.ts";
import { InstallError } from "../installers/install-error.ts";
import type { Ticker } from "@moult/agent-core";
import { findFile, type FileTrustDeps } from "./find-file.ts";
import { keySha256, type DeviceTrust } from "./device-trust.ts";
import type { SecurityCounter } from "./security-counter.ts";

type StandaloneUpdate = Extract<Update, { kind: "standalone" }>;

/** What signed metadata say of the artifact of an update: everything that is read of it must be exactly this. */
export interface AdmittedTarget {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly custom: TargetCustom;
  readonly vouched: Vouched;
}

/** Who says what may be installed here. */
export interface Admission {
  /**
   * What vouches for an update, or null when nothing has to. Throws an `InstallError` with the name of the rule that keeps
   * the update out, and the signal's reason.
   */
  admit(update: Update, running: Running, signal: AbortSignal): Promise<AdmittedTarget | null>;
  /** The artifact's commit can no longer be undone. Never fails. */
  committed(artifact: OpenedArtifact): Promise<void>;
}

export interface AdmissionDeps extends FileTrustDeps {
  readonly trust: DeviceTrust;
  readonly source: (signal: AbortSignal) => TrustSource;
  readonly counter: SecurityCounter;
  readonly hardwareType: HardwareType;
  /** How long metadata that cannot be fetched are tried for. */
  readonly deadlineMs: number;
  readonly ticker: Ticker;
  readonly random: Random;
}

/** No healthy clock is further behind. */
const NEAR_MS = 10 * MINUTE_MS;

/** Between two tries to fetch metadata. */
const BACK_OFF = { delayMsMin: SECOND_MS, delayMsMax: 300 * SECOND_MS };

export function createAdmission(deps: AdmissionDeps): Admission {
  const { counter, log } = deps;
  return {
    admit: async (update, running, signal) => {
      if (update.kind === "assignment") return admitAssignment(deps, update, running, signal);
      return update.isUnsignedAllowed ? null : admitFile(deps, update, running);
    },
    committed: async (artifact) => {
      if (artifact.vouched === null) return;
      const before = counter.read();
      await counter.raise(artifact.vouched.securityCounter);
      if (counter.read() !== before)
        log.info("security-counter-raised", { from: before, to: counter.read() });
    },
  };
}

async function admitAssignment(
  deps: AdmissionDeps,
  update: AssignmentUpdate,
  running: Running,
  signal: AbortSignal,
): Promise<AdmittedTarget> {
  const { trust } = deps;
  const source = deps.source(signal);
  const refreshed = await untilAnswered(deps, signal, () => trust.refresh(source));
  if (refreshed.kind === "refused") throw refusal(refreshed.rule, refreshed.detail);
  // The newest root may have taken back the key that signed the instruction, which is then nobody's any more.
  const { keySha256: signedBy } = update.instruction;
  if (!trust.instructionKeys().some((key) => keySha256(key) === signedBy))
    throw refusal(
      "instruction-key-revoked",
      "the instruction was signed by a key that the newest root no longer names",
    );
  const found = await untilAnswered(deps, signal, () => trust.target(source, update.path));
  await untilItsInstant(deps, found, signal);
  return judge(deps, running, {
    component: { name: "main", ...update },
    found,
    state: trust.state(),
    expiredRole: null,
  });
}

/** A server offers a release at its instant, and clocks differ: one that is that near is waited for, not refused. */
async function untilItsInstant(
  { clock, ticker }: AdmissionDeps,
  found: TargetResult,
  signal: AbortSignal,
): Promise<void> {
  const notBefore = found.kind === "found" ? targetCustom(found.target)?.notBefore : undefined;
  if (notBefore === undefined) return;
  const missingMs = Date.parse(notBefore) - clock.now();
  if (missingMs > 0 && missingMs <= NEAR_MS) await ticker.sleep(missingMs + SECOND_MS, signal);
}

async function admitFile(
  deps: AdmissionDeps,
  { file, metadataDir }: StandaloneUpdate,
  running: Running,
): Promise<AdmittedTarget> {
  // A server that hangs must not keep somebody waiting who stands at the device.
  const { path, sizeBytes, sha256, ...looked } = await deps.trust.alone(() =>
    findFile(deps, file, metadataDir),
  );
  const admitted = judge(deps, running, {
    component: { name: "main", path, sizeBytes, sha256 },
    ...looked,
  });
  const { expiredRole } = admitted.vouched;
  if (expiredRole !== null) deps.log.warn("trust-expired", { role: expiredRole, path });
  return admitted;
}

interface Candidate {
  readonly component: InstructionComponent;
  readonly found: TargetResult;
  readonly state: TrustState;
  readonly expiredRole: string | null;
}

/** Everything that signed metadata have to say about an artifact before a byte of it is fetched. */
function judge(
  deps: AdmissionDeps,
  running: Running,
  { component, found, state, expiredRole }: Candidate,
): AdmittedTarget {
  if (found.kind === "refused") throw refusal(found.rule, found.detail);
  if (found.kind === "not-found")
    throw refusal(
      "target-not-signed",
      `no signed metadata that this device has or was given list ${component.path}`,
    );
  const { target, role } = found;
  const custom = targetCustom(target);
  const rule = installRefusal({
    component,
    target,
    custom,
    device: {
      pathPrefix: deps.pathPrefix,
      hardwareType: deps.hardwareType,
      securityCounter: deps.counter.read(),
      provides: {
        ...running.provides,
        artifact_name: running.artifactName,
        device_type: deps.hardwareType,
      },
      agentVersion: AGENT_VERSION,
      now: deps.clock.now(),
    },
  });
  if (rule !== undefined) throw refusal(rule, `${INSTALL_RULES[rule]} (${target.path})`);
  assert(custom !== undefined, "a target without it is refused");
  const { sizeBytes, sha256 } = component;
  const vouched: Vouched = {
    rootVersion: state.rootVersion,
    role,
    roleVersion: present(
      state.roles.find((trusted) => trusted.role === role)?.version,
      "the role that lists a target was verified",
    ),
    securityCounter: custom.securityCounter,
    expiredRole,
  };
  return { path: target.path, sizeBytes, sha256, custom, vouched };
}

/** Why, for the people who read a report. */
const INSTALL_RULES: Readonly<Record<InstallRule, string>> = {
  "custom-malformed": "what was signed about the target is not understood by this agent",
  "other-path": "the instruction names another target than was signed",
  "outside-path-prefix": "the target is not under the path that this device was provisioned with",
  "other-length": "the instruction names another size than was signed",
  "other-digest": "the instruction names another digest than was signed",
  "other-component": "the target is for a part that this device does not have",
  "wrong-hardware": "the target is for other hardware",
  "security-counter-too-low":
    "the target's security counter is below what this device has committed",
  "requirement-not-met": "the target needs something that is not installed here",
  conflict: "the target does not go with something that is installed here",
  "agent-too-old": "the target needs a newer agent",
  "too-early": "the target may not be installed yet",
};

const refusal = (rule: string, detail: string): InstallError =>
  new InstallError(RefusalCode.parse(rule), detail);

/** A server that cannot be asked is asked again; metadata that were answered are judged once. */
async function untilAnswered<Answer>(
  { ticker, random, deadlineMs, log }: AdmissionDeps,
  signal: AbortSignal,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const startedAtMs = ticker.monotonicMs();
  for (let failures = 1; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (isAgentError(error, "disk-full", "file-failed")) throw error;
      const delayMs = backOffDelayMs(BACK_OFF, failures, random);
      log.warn("trust-not-fetched", { retryInMs: delayMs, error });
      if (ticker.monotonicMs() - startedAtMs + delayMs > deadlineMs) throw error;
      await ticker.sleep(delayMs, signal);
    }
  }
}
