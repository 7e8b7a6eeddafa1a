import { DAY_MS } from "@moult/base";
import { countSignatures } from "@moult/signing";
import type { ProposalOutcome } from "../trust/proposals.ts";
import type { Understood, UnderstoodFile } from "../trust/proposed-files.ts";
import type { LocalKey } from "../trust/trust-folder.ts";
import { plainText } from "../terminal/plain-text.ts";
import type { Terminal } from "../terminal/terminal.ts";

const STYLES = { "+": "green", "-": "red", "~": "yellow" } as const;

/** What a proposal would change, and what is weak after it. */
export function understoodText(
  { files, findings }: Understood,
  keys: readonly LocalKey[],
  terminal: Terminal,
): string {
  const lines = files.flatMap((file) => [
    terminal.style("bold", `${file.role}:`),
    ...file.changes.map((change) => {
      const style = STYLES[change.charAt(0) as keyof typeof STYLES] as
        | (typeof STYLES)[keyof typeof STYLES]
        | undefined;
      const text = `  ${plainText(change)}`;
      return style === undefined ? text : terminal.style(style, text);
    }),
    ...signedText(file, keys),
  ]);
  const notes = findings.map(({ sentence }) => terminal.style("yellow", `Note: ${sentence}`));
  return [...lines, ...notes].join("\n");
}

function signedText({ file, groups }: UnderstoodFile, keys: readonly LocalKey[]): string[] {
  const signed = new Set(
    groups.flatMap((group) => countSignatures(file, group).signed.map(({ keyid }) => keyid)),
  );
  return signed.size === 0
    ? []
    : [`  signed by ${[...signed].map((keyid) => keyText(keyid, keys)).join(", ")}`];
}

/** Who could give the signatures that are missing. */
export function missingText(
  { file, groups }: UnderstoodFile,
  keys: readonly LocalKey[],
): readonly string[] {
  const missing = groups
    .map((group) => countSignatures(file, group))
    .filter(({ needed }) => needed > 0)
    .flatMap((count) => count.missing.map(({ keyid }) => keyid));
  return [...new Set(missing)].map((keyid) => keyText(keyid, keys));
}

/** A key's name on this machine, or the beginning of its id. */
export const keyText = (keyid: string, keys: readonly LocalKey[]): string =>
  keys.find((key) => key.keyid === keyid)?.name ?? plainText(keyid.slice(0, 16));

export function outcomeText({ proposalId, published, files }: ProposalOutcome): string {
  if (published) return `Published: ${files.map(({ role }) => role).join(", ")}.`;
  const missing = files.filter((file) => file.missing.length > 0);
  if (missing.length === 0)
    return `Proposal ${proposalId} has all signatures: moult trust publish ${proposalId}`;
  return [
    `Proposal ${proposalId} waits for signatures: moult trust sign ${proposalId}`,
    ...missing.map((file) => `  ${file.role}: of ${file.missing.join(", ")}`),
  ].join("\n");
}

/** `in 364 days`, or that it is over. */
export function expiryText(expires: string, nowMs: number): string {
  const days = Math.floor((Date.parse(expires) - nowMs) / DAY_MS);
  return days < 0 ? "expired" : `in ${days} days`;
}
