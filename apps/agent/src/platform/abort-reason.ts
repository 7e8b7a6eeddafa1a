import { AgentError } from "../agent-error.ts";

/** Why `signal` was aborted, as an Error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new AgentError("aborted");
}
