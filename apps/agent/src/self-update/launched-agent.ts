import type { Slot } from "@moult/agent-core";

/** How `moult-agent-launcher` started this agent. */
export interface LaunchedAgent {
  /** Where the slots are. */
  readonly dir: string;
  /** What this agent was started from; `factory`: the file that came with the image or the package. */
  readonly slot: Slot | "factory";
  readonly factory: string;
}

/** What the agent ends with when the launcher shall start it again. */
export const RESTART_EXIT_CODE = 86;

/** Undefined when something else started this agent: nothing would bring the old one back, so it does not replace itself. */
export function launchedAgent(environment: NodeJS.ProcessEnv): LaunchedAgent | undefined {
  const {
    MOULT_AGENT_DIR: dir,
    MOULT_AGENT_SLOT: slot,
    MOULT_AGENT_FACTORY: factory,
  } = environment;
  if (dir === undefined || factory === undefined) return undefined;
  return slot === "a" || slot === "b" || slot === "factory" ? { dir, slot, factory } : undefined;
}
