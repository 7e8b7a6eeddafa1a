import {
  secondsWords,
  type DeploymentFinding,
  type DeploymentTarget,
  type Plan,
  type WaitReason,
} from "@moult/model";
import { checkPlan, type PlanFinding } from "./check-plan.ts";
import type { ArtifactFacts } from "./facts.ts";
import { limitRemark } from "./limit-remarks.ts";
import { sentenceOfMany } from "./reason-groups.ts";
import { rollbackSentence, type RollbackGap } from "./rollback-sentence.ts";
import { clause } from "./clause.ts";
import { counted, devices, numberText } from "./counted.ts";
import { missedWindows, outlastedWindow } from "./window-remarks.ts";
import { heldBackAbout } from "./hold-back.ts";

/** What is about to be deployed, with its numbers. */
export interface Intent {
  readonly version: string;
  readonly target: DeploymentTarget["kind"];
  readonly plan: Plan;
  /** Accepted devices of the target that the release has an artifact for. */
  readonly eligible: number;
  /** The share of them that is held back; null: none. */
  readonly holdBackPercent: number | null;
  /** Of each stage by group or query, how many devices are its own. */
  readonly named: readonly number[];
  readonly gets: number;
  readonly alreadyRunning: number;
  readonly artifacts: readonly Pick<ArtifactFacts, "sizeBytes" | "hardwareTypes">[];
  /** Devices that the release's rules keep out. */
  readonly keptOut: readonly KeptOut[];
  /** What running deployments of the product bring. */
  readonly broughtVersions: readonly string[];
  /** Devices that its plan promises to roll back and that could not be. */
  readonly rollbackGaps: readonly RollbackGap[];
  /** E-mail addresses of those who could approve a stage. */
  readonly approvers: readonly string[];
  /** Zones of its windows that the server has no clocks for, by the window's index. */
  readonly unknownZones: readonly (readonly [number, string])[];
  readonly zoneGaps: readonly ZoneGap[];
  /** How often devices ask; null: not known. */
  readonly checkInSeconds: number | null;
  readonly conditionGap: ConditionGap;
}

/** Eligible devices that do not meet the plan's conditions as they are now. */
export interface ConditionGap {
  readonly unmet: number;
  /** Of those, whoever never said anything of its circumstances. */
  readonly silent: number;
}

/** Devices that a plan's windows would wait for the clocks of. */
export interface ZoneGap {
  /** Where devices say their zone. */
  readonly attribute: string;
  /** Say none. */
  readonly missing: number;
  /** Say one that the server has no clocks for. */
  readonly unknown: number;
}

/** Devices that a rule keeps out alike. */
export interface KeptOut {
  readonly reason: WaitReason;
  readonly count: number;
}

/** What to say beside the fields of a form, errors first. */
export function findingsOf(intent: Intent): DeploymentFinding[] {
  const { version, plan, eligible, gets, alreadyRunning, artifacts } = intent;
  if (artifacts.length === 0)
    return [error("releaseId", `${version} has no artifact yet; upload one.`)];
  if (eligible === 0)
    return [
      error(
        "target",
        `No accepted device of the target has a hardware type that ${version} has an artifact for.`,
      ),
    ];
  const nobody =
    gets > 0
      ? []
      : alreadyRunning > 0
        ? [warning("target", `Nobody would get ${version}: all that could run it already.`)]
        : intent.keptOut.length > 0
          ? [nobodyMay(intent)]
          : [warning("target", `Nobody would get ${version} as devices are now.`)];
  return [
    ...nobody,
    ...missingSteps(intent),
    ...intent.rollbackGaps.map((gap) => error("plan.onTrip", rollbackSentence(gap))),
    ...intent.unknownZones.map(([index, zone]) =>
      error(`plan.windows.${index}.zone`, `The server knows no time zone ${zone}.`),
    ),
    ...intent.zoneGaps.map((gap) => warning("plan.windows", zoneGapSentence(gap))),
    ...missedWindows(intent).map((sentence) => warning("plan.windows", sentence)),
    ...conditionGapFinding(intent),
    ...holdBackFinding(intent),
    ...checkPlan(plan, keptOf(intent), intent.approvers, artifacts, intent.named).map(planFinding),
  ];
}

/** How many devices the stages are of. */
const keptOf = ({ eligible, holdBackPercent }: Intent): number =>
  Math.max(1, eligible - heldBackAbout(eligible, holdBackPercent));

function holdBackFinding({ eligible, holdBackPercent }: Intent): DeploymentFinding[] {
  if (holdBackPercent === null) return [];
  const share = (eligible * holdBackPercent) / 100;
  return share >= 1
    ? []
    : [
        warning(
          "target.holdBackPercent",
          `${holdBackPercent} % of ${counted(eligible, "device")} is less than one: it may well hold nobody back.`,
        ),
      ];
}

const nobodyMay = ({ version, keptOut }: Intent): DeploymentFinding =>
  warning(
    "releaseId",
    [
      `Nobody would get ${version} by its rules as devices are now.`,
      ...keptOut.map(({ reason, count }) => sentenceOfMany(reason, count)),
    ].join(" "),
  );

/** Steps that devices wait for and that nothing brings them. */
function missingSteps({ keptOut, broughtVersions, version }: Intent): DeploymentFinding[] {
  const waiting = new Map<string, number>();
  for (const { reason, count } of keptOut)
    if (reason.kind === "must-pass-through" && !broughtVersions.includes(reason.version))
      waiting.set(reason.version, (waiting.get(reason.version) ?? 0) + count);
  return [...waiting].map(([step, count]) =>
    warning(
      "releaseId",
      `${devices(count, "has", "have")} to run ${step} before ${version}, and no running deployment brings it.`,
    ),
  );
}

function conditionGapFinding({ conditionGap, eligible }: Intent): DeploymentFinding[] {
  const { unmet, silent } = conditionGap;
  if (unmet === 0) return [];
  const now = `${numberText(unmet)} of ${counted(eligible, "device")} ${unmet === 1 ? "does" : "do"} not meet the conditions now and would wait`;
  const whom = silent < unmet ? `${numberText(silent)} of them` : silent === 1 ? "it" : "they";
  const have = `${silent === 1 ? "has" : "have"} never said anything of ${silent === 1 ? "its" : "their"} circumstances`;
  return [warning("plan.conditions", `${now}${silent === 0 ? "" : `; ${whom} ${have}`}.`)];
}

function zoneGapSentence({ attribute, missing, unknown }: ZoneGap): string {
  const whom = [
    ...(missing === 0 ? [] : [devices(missing, "reports no time zone", "report no time zone")]),
    ...(unknown === 0
      ? []
      : [devices(unknown, "reports one", "report one") + " that the server does not know"]),
  ];
  return `${whom.join(", and ")} (${attribute}): no window opens for ${missing + unknown === 1 ? "it" : "them"} until that changes.`;
}

const error = (field: string, sentence: string): DeploymentFinding => ({
  severity: "error",
  field,
  sentence,
});
const warning = (field: string, sentence: string): DeploymentFinding => ({
  severity: "warning",
  field,
  sentence,
});

function planFinding(finding: PlanFinding): DeploymentFinding {
  switch (finding.kind) {
    case "no-trial-stage":
      return warning(
        "plan.stages",
        `All ${numberText(finding.devices)} devices are in the first stage: nothing is tried on a few first.`,
      );
    case "no-error-stop":
      return warning(
        `plan.stages.${finding.stage}.errorStop`,
        `Failures do not stop stage ${finding.stage + 1}.`,
      );
    case "error-stop-unreachable":
      return warning(
        `plan.stages.${finding.stage}.errorStop`,
        `Stage ${finding.stage + 1} stops at ${counted(finding.count, "failure")}, and only ${devices(finding.devices, "is", "are")} in it.`,
      );
    case "stage-names-nobody":
    case "stage-without-devices":
      return warning(`plan.stages.${finding.stage}.size`, sizeRemark(finding));
    case "stage-can-stick":
      return warning(`plan.stages.${finding.stage}.advance`, stickSentence(finding));
    case "wait-shorter-than-silence":
      return warning(
        `plan.stages.${finding.stage}.advance`,
        `Stage ${finding.stage + 1} waits at most ${secondsWords(finding.maxWaitSeconds)} for devices that are not reached, but one that goes silent in the update holds it up for ${secondsWords(finding.silenceSeconds)}.`,
      );
    case "advance-without-next":
      return warning(
        `plan.stages.${finding.stage}.advance`,
        `Stage ${finding.stage + 1} is the last: nothing opens after it, so its times and its person are never asked.`,
      );
    case "windows-overlap":
    case "windows-always-open":
      return windowRemark(finding);
    case "download-only-stops-stages":
    case "download-only-fills-places":
      return warning("plan.mode", downloadOnlySentence(finding));
    case "conditions-invalid":
    case "conditions-never":
    case "conditions-always":
      return conditionRemark(finding);
    case "approvals-impossible":
      return error(`plan.stages.${finding.stage}.approvals`, approvalsImpossible(finding));
    case "queued-timeout-idle":
      return warning(
        "plan.timeouts.queuedSeconds",
        `A device may take ${secondsWords(finding.queuedSeconds)} to begin, but one that reports nothing is given up after ${secondsWords(finding.silenceSeconds)}.`,
      );
    case "window-shorter-than-timeout":
      return warning(...outlastedWindow(finding));
    case "retry-without-tries":
    case "retry-contradicts":
      return warning("plan.retry", retryRemark(finding));
    case "site-limit-idle":
    case "byte-budget-too-small":
    case "ramp-idle":
    case "ramp-never-rises":
      return warning(...limitRemark(finding));
  }
}

const windowRemark = (
  finding: Extract<PlanFinding, { kind: `windows-${string}` }>,
): DeploymentFinding =>
  finding.kind === "windows-overlap"
    ? warning(
        `plan.windows.${finding.window}`,
        `Window ${finding.window + 1} overlaps window ${finding.other + 1}: between them they are open as one.`,
      )
    : warning(
        "plan.windows",
        `For the ${finding.step} the windows leave no minute of the week out: they hold nobody back.`,
      );

const downloadOnlySentence = (
  finding: Extract<PlanFinding, { kind: `download-only-${string}` }>,
): string =>
  finding.kind === "download-only-stops-stages"
    ? `Nobody succeeds before a person opens the installation, so until then only the ${counted(finding.devices, "device")} of stage 1 ${finding.devices === 1 ? "downloads" : "download"}.`
    : `Devices that keep what they downloaded keep their places: until a person opens the installation no more than ${numberText(finding.concurrentMax)} of ${numberText(finding.devices)} download.`;

const retryRemark = (
  finding: Extract<PlanFinding, { kind: "retry-without-tries" | "retry-contradicts" }>,
): string =>
  finding.kind === "retry-without-tries"
    ? "Devices have one try: what is said of further tries has no effect."
    : `After ${finding.code} a device both tries again and never does; never wins.`;

const conditionRemark = (
  finding: Extract<PlanFinding, { kind: `conditions-${string}` }>,
): DeploymentFinding =>
  finding.kind === "conditions-always"
    ? warning(
        "plan.conditions",
        `Whatever a device says of its circumstances, or if it says nothing, ${clause(finding.conditions)} holds: the condition holds nobody back.`,
      )
    : error("plan.conditions", conditionsRefused(finding));

/** What is wrong with conditions that a plan cannot have. */
export const conditionsRefused = (
  finding: Extract<PlanFinding, { kind: "conditions-invalid" | "conditions-never" }>,
): string =>
  finding.kind === "conditions-invalid"
    ? finding.sentence
    : `Whatever a device says of its circumstances, ${clause(finding.conditions)} does not hold: nobody would be offered the release.`;

const sizeRemark = ({
  kind,
  stage,
}: Extract<PlanFinding, { kind: "stage-names-nobody" | "stage-without-devices" }>): string =>
  kind === "stage-without-devices"
    ? `Stage ${stage + 1} adds no device to the stage before it.`
    : `Stage ${stage + 1} has no device of its own: nothing is tried in it, and the next stage opens only when a person opens it.`;

export const approvalsImpossible = ({
  stage,
  required,
  people,
}: Extract<PlanFinding, { kind: "approvals-impossible" }>): string =>
  `Stage ${stage + 1} would never open: ${required === 1 ? "1 other person" : `${numberText(required)} other people`} must approve it, and ${people === 0 ? "nobody" : `only ${numberText(people)}`} could.`;

function stickSentence({
  stage,
  failed,
  devices: of,
  needed,
}: Extract<PlanFinding, { kind: "stage-can-stick" }>): string {
  const failures = `${counted(failed, "failure")} of ${counted(of, "device")}`;
  return `Stage ${stage + 1} can stand still: ${failures} would not stop it, and ${numberText(needed)} must succeed before the next.`;
}

/** Fewer devices than this are a trial themselves. */
const CONFIRM_DEVICES_MIN = 2;

/** What to ask before a deployment that could do much harm; null for one that is careful. */
export function confirmSentence({ version, target, plan, gets }: Intent): string | null {
  if (gets < CONFIRM_DEVICES_MIN) return null;
  const isAtOnce = plan.stages.length === 1;
  const hasStop = plan.stages.some(({ errorStop }) => errorStop !== undefined);
  const whom = `${target === "all" ? "all " : ""}${counted(gets, "device")}`;
  if (isAtOnce && !hasStop)
    return `Deploy ${version} to ${whom} in one stage, without an error stop? A bad release would reach every device before anyone can stop it.`;
  if (!hasStop)
    return `Deploy ${version} to ${whom} without an error stop? Failures would not stop it.`;
  if (isAtOnce) {
    const atOnce = Math.min(plan.limits.concurrentMax, gets);
    return `Deploy ${version} to ${whom} in one stage? A bad release could reach ${counted(atOnce, "device")} at a time before it stops itself.`;
  }
  return null;
}
