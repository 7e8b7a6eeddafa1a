import { errorChain } from "@moult/base";
import { AgentError, type AgentErrorCode } from "./agent-error.ts";

/** What each error means and what to do about it, for whoever reads a terminal or a journal. */
const MEANINGS: Readonly<Record<AgentErrorCode, string>> = {
  "config-invalid":
    "The configuration file has mistakes. Mend them; docs/guide/agent.md names every setting.",
  "provisioning-missing":
    "This device is not provisioned: it does not know whom to trust. Run `moult-agent provision FILE`.",
  "provisioning-invalid":
    "The provisioning cannot be used, and the agent does not run with less. Provision the device again.",
  "provisioning-exists":
    "This device is provisioned already. Pass --replace to change whom it trusts.",
  "device-key-invalid":
    "The device's key cannot be used. It is never replaced by itself: restore it, or delete it to make this a new device.",
  "device-key-missing":
    "This device had a key and it is gone. Mount or restore its folder; to start as a new device delete link.json in the data folder.",
  "identity-in-slot":
    "The device's key would be made in the slot of the system that runs, and be gone with its next update. Mount the partition of paths.identityDir; docs/guide/system-updates.md says how.",
  "state-file-invalid": "A state file of the agent cannot be read.",
  "identity-unavailable":
    "What tells this device from others cannot be found out. Set `identity` in agent.json, or mend its script.",
  "folder-in-use": "Another agent runs on this data folder.",
  "file-failed": "A file could not be read or written.",
  "server-unreachable": "The server does not answer.",
  "tls-failed":
    "The server's certificate is not believed. Look at the provisioned authority, the server's address, and this device's clock.",
  "reply-too-large": "The server answered with more than the protocol allows.",
  "reply-invalid": "The server answered with something the protocol does not know.",
  "request-timed-out": "The server did not answer in time.",
  "request-refused": "The server refused the request.",
  "download-slow": "The download was too slow.",
  "download-deadline": "The download did not end in its time.",
  "download-digest-mismatch": "The server sent other content than was instructed, twice.",
  "download-refused": "The server does not give out what it instructed to install.",
  "disk-full": "The disk is full.",
  aborted: "It was given up.",
  usage: "That is not how it is called. See `moult-agent help`.",
  "daemon-unreachable": "No agent answers. Start it (systemctl start moult-agent).",
  "command-refused": "The agent refused the command.",
};

/** An error as text: what it means, then where and why. */
export function explainError(error: unknown): string {
  if (!(error instanceof AgentError)) return errorChain(error).join("\n  ");
  const facts = Object.entries(error.context)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name}: ${shown(value)}`);
  const causes = errorChain(error.cause).map((cause) => `  because: ${cause}`);
  return [MEANINGS[error.code], ...facts, ...causes].join("\n");
}

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.map((item) => `\n    ${String(item)}`).join("") : String(value);
