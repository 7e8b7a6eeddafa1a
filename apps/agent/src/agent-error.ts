import { AppError } from "@moult/base";

/** Everything that can go wrong at the agent's edges; what a person should do about it is in `docs/guide/agent.md`. */
export type AgentErrorCode =
  // Files of this device.
  | "config-invalid"
  | "provisioning-missing"
  | "provisioning-invalid"
  | "provisioning-exists"
  | "device-key-invalid"
  | "device-key-missing"
  /** The key would go with the slot. */
  | "identity-in-slot"
  | "state-file-invalid"
  | "identity-unavailable"
  | "folder-in-use"
  | "file-failed"
  // The server link.
  | "server-unreachable"
  | "tls-failed"
  | "reply-too-large"
  | "reply-invalid"
  | "request-timed-out"
  | "request-refused"
  // Downloads.
  | "download-slow"
  | "download-deadline"
  | "download-digest-mismatch"
  | "download-refused"
  | "disk-full"
  | "aborted"
  // Commands.
  | "usage"
  | "daemon-unreachable"
  | "command-refused";

/** The agent's one error: see `AgentErrorCode`. */
export class AgentError extends AppError<AgentErrorCode> {}

/** Whether `error` is the agent's error with one of `codes`. */
export function isAgentError(error: unknown, ...codes: readonly AgentErrorCode[]): boolean {
  return error instanceof AgentError && (codes.length === 0 || codes.includes(error.code));
}
