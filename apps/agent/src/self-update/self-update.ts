import type { Ticker } from "@moult/agent-core";
import type { Log } from "@moult/base";
import type { UpdateState } from "@moult/updater";
import { AgentError } from "../agent-error.ts";
import { InstallError } from "../installers/install-error.ts";
import { QUIET_STATES, type Installer } from "../installers/installer.ts";
import { isUpdateWith, slotPayloadSteps, type SlotPayload } from "../installers/slot-payload.ts";
import { checkRoom } from "../installers/store-file.ts";
import { createAgentSlots, type AgentSlots } from "./agent-slots.ts";
import type { LaunchedAgent } from "./launched-agent.ts";

// Payload type `moult-agent`: one file, the agent's bundle. It goes into the slot that this agent does not run from, and the
// launcher starts it on trial: an agent that crashes, hangs, or does not confirm itself is replaced by the old one.

export const SELF_UPDATE_TYPE = "moult-agent";

/** Starts of a trial: the first, one more after a crash or a loss of power, and one for a reboot that comes in between. */
const TRIES = 3;

/** Far above any bundle; what is larger is something else. */
const BUNDLE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * How much longer than the new agent itself the launcher waits: for scripts around the restart and the commit. An agent that
 * works goes back by itself before.
 */
const TRIAL_SECONDS_MORE = 600;

export interface SelfUpdateDeps {
  readonly launched: LaunchedAgent;
  /** Ends this process in good order, to be started again by the launcher. */
  readonly restart: () => void;
  readonly confirmTimeoutMs: number;
  /** How long the restart may take. */
  readonly restartTimeoutMs: number;
  readonly isMachineShared: boolean;
  readonly ticker: Ticker;
  readonly log: Log;
}

export interface SelfUpdate {
  readonly installer: Installer;
  /**
   * Called with the state that was read, before anything is done about it. An agent on trial whose state tells of no such
   * update cannot confirm itself and must not begin another one: it goes back at once, and this throws.
   */
  refuseStrayTrial(state: UpdateState): Promise<void>;
}

export function createSelfUpdate(deps: SelfUpdateDeps): SelfUpdate {
  const { launched, confirmTimeoutMs, isMachineShared, log } = deps;
  const trialSeconds = Math.ceil(confirmTimeoutMs / 1_000) + TRIAL_SECONDS_MORE;
  const slots = createAgentSlots({ launched, trialSeconds, isMachineShared, log });
  return {
    installer: createInstaller(slots, deps),
    refuseStrayTrial: async (state) => {
      if (isUpdateWith(SELF_UPDATE_TYPE, state)) return;
      if (!(await slots.installer.endForgottenTrial())) return;
      log.error("trial-without-update", { slot: launched.slot, state: state.kind });
      deps.restart();
      throw new AgentError("aborted", {
        reason: "this agent is on trial and has no update to prove",
      });
    },
  };
}

function createInstaller(slots: AgentSlots, deps: SelfUpdateDeps): Installer {
  const restart = (signal: AbortSignal): Promise<never> => restarted(deps, signal);
  const { steps, isRunning } = slotPayloadSteps({
    slots: slots.installer,
    boot: slots.boot,
    name: "self-update",
    admit: async ({ sizeBytes }) => {
      if (sizeBytes > BUNDLE_BYTES_MAX) throw new InstallError("payload-refused", WORDS.onePayload);
      await slots.prepare();
      await checkRoom(deps.launched.dir, sizeBytes);
    },
    arm: async (content) => {
      await slots.note();
      await slots.installer.arm(content, TRIES);
    },
    restart,
    words: WORDS,
  });
  return {
    ...QUIET_STATES,
    ...steps,
    neededReboot: () => Promise.resolve("installer"),
    reboot: async ({ tree }, signal) => {
      if (!(await isRunning(tree))) await restart(signal);
    },
    rebootRollback: async ({ tree }, signal) => {
      if (await isRunning(tree)) await restart(signal);
    },
  };
}

/** Returns only when the restart did not come. */
async function restarted(
  { restart, restartTimeoutMs, ticker }: SelfUpdateDeps,
  signal: AbortSignal,
): Promise<never> {
  restart();
  await ticker.sleep(restartTimeoutMs, signal);
  throw new InstallError("activation-failed", "the agent did not end to be started again");
}

const WORDS: SlotPayload["words"] = {
  onePayload: "the payload is not one file, an agent's bundle",
  startedAgain: "the launcher has started the new agent again",
  "slot-too-small": "the new agent does not fit into its slot",
  "slot-on-trial":
    "this agent is itself on trial, and the other one is the only one that is known to be good",
  "slot-content-wrong":
    "the slot does not hold what was to be put there, as it was read back from the disk",
  "slot-in-use": "the slot that was filled is in use by now",
  "slot-not-booted":
    "the new agent does not run: the launcher has not started it yet, or it did not stand its trial and the old one came back",
};
