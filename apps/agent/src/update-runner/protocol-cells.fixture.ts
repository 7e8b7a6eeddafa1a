import type { Fault, Plan, Reboot } from "./protocol-model.fixture.ts";
import { SCRIPTS } from "./protocol-play.fixture.ts";

/** One update of the matrix. */
export interface Cell {
  readonly title: string;
  readonly plan: Plan;
}

const ANSWERS = (["Yes", "No"] as const).flatMap((rollback) =>
  (["No", "Yes", "Automatic"] as const).map((reboot) => ({ rollback, reboot })),
);

export const FAULTS: readonly Fault[] = [
  "fails",
  "is-killed",
  "hangs",
  "agent-killed",
  "power-cut",
];

interface ModuleState {
  readonly name: string;
  /** With which answers of the module it is reached. */
  readonly isReached: (rollback: "Yes" | "No", reboot: Reboot) => boolean;
  /** What must fail first. */
  readonly after?: (reboot: Reboot) => string;
}

const always = (): boolean => true;
const lastBefore = (reboot: Reboot): string =>
  reboot === "No" ? "ArtifactCommit" : "ArtifactVerifyReboot";

export const MODULE_STATES: readonly ModuleState[] = [
  { name: "ProvidePayloadFileSizes", isReached: always },
  { name: "Download", isReached: always },
  { name: "SupportsRollback", isReached: always },
  { name: "ArtifactInstall", isReached: always },
  { name: "NeedsArtifactReboot", isReached: always },
  { name: "ArtifactReboot", isReached: (_, reboot) => reboot === "Yes" },
  { name: "ArtifactVerifyReboot", isReached: (_, reboot) => reboot !== "No" },
  { name: "ArtifactCommit", isReached: always },
  { name: "ArtifactRollback", isReached: (rollback) => rollback === "Yes", after: lastBefore },
  {
    name: "ArtifactRollbackReboot",
    isReached: (rollback, reboot) => rollback === "Yes" && reboot === "Yes",
    after: lastBefore,
  },
  {
    name: "ArtifactVerifyRollbackReboot",
    isReached: (rollback, reboot) => rollback === "Yes" && reboot !== "No",
    after: lastBefore,
  },
  { name: "ArtifactFailure", isReached: always, after: () => "ArtifactInstall" },
  { name: "Cleanup", isReached: always },
];

/** Every answer of a module to whose calls nothing happens. */
export const GOOD_CELLS: readonly Cell[] = ANSWERS.flatMap(({ rollback, reboot }) =>
  (["", "No", "Yes"] as const).map((sizes) => ({
    title: `all goes well (rollback ${rollback}, reboot ${reboot}, file sizes ${sizes || "unsaid"})`,
    plan: { rollback, reboot, sizes, faults: {} },
  })),
);

/**
 * Every state of a module, failing in every way, with every answer that reaches it. Those that fail, and those whose agent
 * is killed, have all state scripts beside them; the other ways are told by the module's calls alone.
 */
export const MODULE_CELLS: readonly Cell[] = MODULE_STATES.flatMap(({ name, isReached, after }) =>
  ANSWERS.filter(({ rollback, reboot }) => isReached(rollback, reboot)).flatMap(
    ({ rollback, reboot }) =>
      FAULTS.map((fault): Cell => {
        const before = after?.(reboot);
        const first: Readonly<Record<string, Fault>> =
          before === undefined ? {} : { [before]: "fails" };
        const scripts = fault === "fails" || fault === "agent-killed" ? {} : { scripts: [] };
        return {
          title: `${name} ${fault} (rollback ${rollback}, reboot ${reboot})`,
          plan: { rollback, reboot, faults: { ...first, [name]: fault }, ...scripts },
        };
      }),
  ),
);

export const SCRIPT_FAULTS: readonly Fault[] = [
  "fails",
  "is-killed",
  "hangs",
  "agent-killed",
  "asks-later",
];

/** The call that must fail for a script to run at all; none for the scripts of the good way. */
function reasonFor(script: string): string | undefined {
  if (script.endsWith("_Error_00")) return REASONS_FOR_ERROR[script.replace("_Error_00", "")];
  return /Rollback|Failure/.test(script) ? "ArtifactVerifyReboot" : undefined;
}

const REASONS_FOR_ERROR: Readonly<Record<string, string>> = {
  Download: "Download",
  ArtifactInstall: "ArtifactInstall",
  ArtifactReboot: "ArtifactReboot",
  ArtifactCommit: "ArtifactCommit",
  // On the way back there are no Error scripts: what could run them does not.
  ArtifactRollback: "ArtifactVerifyReboot",
  ArtifactRollbackReboot: "ArtifactVerifyReboot",
  ArtifactFailure: "ArtifactVerifyReboot",
};

/**
 * Every state script, saying no in every way, asking for later once and for ever. Where only the one script matters to the
 * story it is the only one.
 */
export const SCRIPT_CELLS: readonly Cell[] = SCRIPTS.flatMap((script) =>
  SCRIPT_FAULTS.flatMap((fault) => {
    const reason = reasonFor(script);
    const first: Readonly<Record<string, Fault>> =
      reason === undefined ? {} : { [reason]: "fails" };
    const scripts = fault === "fails" || fault === "agent-killed" ? {} : { scripts: [script] };
    const cell = (title: string, more: Partial<Plan>): Cell => ({
      title: `${script} ${title}`,
      plan: {
        rollback: "Yes",
        reboot: "Yes",
        faults: { ...first, [script]: fault },
        ...scripts,
        ...more,
      },
    });
    if (fault !== "asks-later") return [cell(fault, {})];
    return [cell("asks for later once", {}), cell("asks for later for ever", { isForEver: true })];
  }),
);
