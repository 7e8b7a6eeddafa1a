import type { KeyGroup } from "@moult/signing";
import { CliError, usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { integer, oneOf } from "../command-line/option-value.ts";
import { channelPlace } from "../trust/channel-role.ts";
import { findKeyid, keysNamed } from "../trust/key-names.ts";
import {
  channelsOf,
  groupOf,
  nextRole,
  roleNameOf,
  targetsOf,
  withKeys,
} from "../trust/next-files.ts";
import { proposeAndTell } from "../trust/propose-command.ts";
import { PROPOSE_OPTIONS } from "../trust/proposals.ts";
import type { ProposedFile } from "../trust/proposed-files.ts";
import { openTrustSession, type TrustSession } from "../trust/trust-session.ts";

const KEYS_MAX = 32;

export const trustRevoke = command({
  positionals: ["key|release", "NAME"],
  details:
    "A key: takes it out of every role that it may sign, and puts another in its place. A release (PRODUCT/VERSION or PRODUCT/CHANNEL/VERSION): takes it off the channel's list, so that no device installs it any more; devices that run it keep it.",
  options: {
    replacement: { type: "string", value: "NAME", help: "With key: the key that takes its place" },
    threshold: {
      type: "string",
      value: "NUMBER",
      help: "With key: how many must sign, where it is not replaced",
    },
    ...PROPOSE_OPTIONS,
  },
  example: "moult trust revoke key ci --replacement ci-2 --sign",
  run: async (context, { options, positionals: [what = "", name = ""] }) => {
    const isKey = oneOf("revoke", what, ["key", "release"]) === "key";
    const session = await openTrustSession(context);
    const files = isKey ? keyRevoked(session, name, options) : releaseRevoked(session, name);
    await proposeAndTell(context, session, files, options);
  },
});

function keyRevoked(
  { repository, keys: local }: TrustSession,
  text: string,
  options: { readonly replacement: string | undefined; readonly threshold: string | undefined },
): readonly ProposedFile[] {
  const roles = ["root", "targets", ...channelsOf(repository).map(roleNameOf)];
  const groups = roles.map((role) => [role, groupOf(repository, role)] as const);
  const known = groups.flatMap(([, { keys }]) => keys.map(({ keyid }) => keyid));
  const keyid = findKeyid(local, known, text);
  const threshold = integer("threshold", options.threshold, { min: 1, max: KEYS_MAX });
  const [replacement] = keysNamed(local, [options.replacement ?? []].flat());
  const changes = new Map<string, KeyGroup>();
  for (const [role, group] of groups) {
    if (!group.keys.some((key) => key.keyid === keyid)) continue;
    const others = group.keys.filter((key) => key.keyid !== keyid);
    const hasIt = others.some((key) => key.keyid === replacement?.keyid);
    const keys = replacement === undefined || hasIt ? others : [...others, replacement];
    changes.set(role, { keys, threshold: threshold ?? group.threshold });
  }
  if (changes.size === 0)
    throw new CliError("not-found", `${text} may sign nothing.`, {
      hint: "The server's own keys are changed by `moult trust rotate online` and `moult trust rotate instruction`.",
    });
  return withKeys(repository, changes);
}

function releaseRevoked({ repository }: TrustSession, name: string): readonly ProposedFile[] {
  const [product = "", ...rest] = name.split("/");
  const version = rest.at(-1);
  if (version === undefined || rest.length > 2)
    throw usageError(`"${name}" is not PRODUCT/VERSION or PRODUCT/CHANNEL/VERSION.`);
  const place = channelPlace(rest.length === 2 ? `${product}/${rest[0] ?? ""}` : product);
  const current = targetsOf(repository, place.role);
  const prefix = `${place.product}/${place.channel}/${version}/`;
  const kept = Object.entries(current).filter(([path]) => !path.startsWith(prefix));
  if (kept.length === Object.keys(current).length)
    throw new CliError("not-found", `${place.role} does not list ${version}.`, {
      hint: "`moult trust status --targets` shows what it lists.",
    });
  return [nextRole(repository, place.role, Object.fromEntries(kept))];
}
