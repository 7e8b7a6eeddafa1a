import { named, type KeyGroup } from "@moult/signing";
import { usageError } from "../command-line/cli-error.ts";
import { command, type CommandContext } from "../command-line/command.ts";
import { integer } from "../command-line/option-value.ts";
import { findKeyid, keysNamed } from "../trust/key-names.ts";
import { groupOf, nextRoot, withKeys } from "../trust/next-files.ts";
import { proposeAndTell } from "../trust/propose-command.ts";
import { PROPOSE_OPTIONS } from "../trust/proposals.ts";
import type { ProposedFile } from "../trust/proposed-files.ts";
import { rootContentOf } from "../trust/repository.ts";
import { openTrustSession, type TrustSession } from "../trust/trust-session.ts";

const KEYS_MAX = 32;

export const trustRotate = command({
  positionals: ["ROLE"],
  details:
    "ROLE is root, targets, a channel (PRODUCT.CHANNEL), or one of the server's own: online (snapshot and timestamp) and instruction, whose new keys the server gives. What a role has signed so far is proposed again, for the new keys to sign.",
  options: {
    add: { type: "string", value: "NAME", multiple: true, help: "A key that may sign from now on" },
    remove: {
      type: "string",
      value: "NAME|ID",
      multiple: true,
      help: "A key that may sign no longer",
    },
    threshold: { type: "string", value: "NUMBER", help: "How many must sign, from now on" },
    "keep-old": {
      type: "boolean",
      help: "With instruction: the old key may sign on, until the next rotation",
    },
    ...PROPOSE_OPTIONS,
  },
  example: "moult trust rotate root --add root-4 --remove root-2 --sign",
  run: async (context, { options, positionals: [role = ""] }) => {
    const session = await openTrustSession(context);
    const isOfServer = role === "online" || role === "instruction";
    if (isOfServer && options.add.length + options.remove.length > 0)
      throw usageError(`The keys of ${role} are the server's: no --add and no --remove.`);
    const files = isOfServer
      ? await withServerKeys(context, session, role, options["keep-old"])
      : withKeys(session.repository, new Map([[role, changedGroup(session, role, options)]]));
    if (files === undefined)
      context.terminal.err("Nothing to propose: root has these keys already.");
    else await proposeAndTell(context, session, files, options);
  },
});

interface Change {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly threshold: string | undefined;
}

function changedGroup(
  { repository, keys: local }: TrustSession,
  role: string,
  { add, remove, threshold }: Change,
): KeyGroup {
  const before = groupOf(repository, role);
  const ids = before.keys.map(({ keyid }) => keyid);
  const gone = remove.map((text) => findKeyid(local, ids, text));
  const foreign = gone.find((keyid) => !ids.includes(keyid));
  if (foreign !== undefined) throw usageError(`${foreign.slice(0, 16)} is no key of ${role}.`);
  const added = keysNamed(local, add).filter(({ keyid }) => !ids.includes(keyid));
  const keys = [...before.keys.filter(({ keyid }) => !gone.includes(keyid)), ...added];
  const wanted = integer("threshold", threshold, { min: 1, max: KEYS_MAX }) ?? before.threshold;
  if (added.length + gone.length === 0 && wanted === before.threshold)
    throw usageError("Nothing would change: name keys to --add or --remove, or a --threshold.");
  return { keys, threshold: wanted };
}

/** A root with the keys that the server's signer has now; undefined when it has them already. */
async function withServerKeys(
  { signal }: CommandContext,
  { client, repository }: TrustSession,
  role: "online" | "instruction",
  keepsOld: boolean,
): Promise<readonly ProposedFile[] | undefined> {
  const online = await client.call("showOnlineKeys", {}, { signal });
  const before = rootContentOf(repository.root.metadata);
  if (role === "instruction") {
    const fresh = named(online.instruction);
    const old = before.instruction.filter(({ keyid }) => keyid !== fresh.keyid);
    const hasIt = old.length < before.instruction.length;
    if (hasIt && (keepsOld || old.length === 0)) return undefined;
    return [nextRoot(repository, { instruction: keepsOld ? [...old, fresh] : [fresh] })];
  }
  const fresh = { snapshot: named(online.snapshot), timestamp: named(online.timestamp) };
  const isSame = (["snapshot", "timestamp"] as const).every((name) => {
    const [key, ...more] = before[name].keys;
    return key?.keyid === fresh[name].keyid && more.length === 0;
  });
  if (isSame) return undefined;
  return [
    nextRoot(repository, {
      snapshot: { keys: [fresh.snapshot], threshold: 1 },
      timestamp: { keys: [fresh.timestamp], threshold: 1 },
    }),
  ];
}
