import { CliError, usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { integer } from "../command-line/option-value.ts";
import { channelPlace } from "../trust/channel-role.ts";
import { keysNamed } from "../trust/key-names.ts";
import { channelsOf, nextRole, nextTargets, roleNameOf } from "../trust/next-files.ts";
import { proposeAndTell } from "../trust/propose-command.ts";
import { PROPOSE_OPTIONS } from "../trust/proposals.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const trustRoleCreate = command({
  positionals: ["PRODUCT[/CHANNEL]"],
  details:
    "Decides who may sign the releases of a channel. The targets key signs that decision; the channel's own keys sign its first, empty list.",
  options: {
    member: {
      type: "string",
      value: "NAME",
      multiple: true,
      help: "A key that may sign; give CI's and a person's for production",
    },
    threshold: {
      type: "string",
      value: "NUMBER",
      help: "How many of them must sign; all of them unless told",
    },
    ...PROPOSE_OPTIONS,
  },
  example: "moult trust role create gw2/prod --member ci --member ada --sign",
  run: async (context, { options, positionals: [text = ""] }) => {
    const place = channelPlace(text);
    const session = await openTrustSession(context);
    const { repository } = session;
    const channels = channelsOf(repository);
    if (channels.some((channel) => roleNameOf(channel) === place.role))
      throw new CliError("file-exists", `There is a role ${place.role} already.`, {
        hint: "`moult trust rotate` changes who may sign it.",
      });
    if (options.member.length === 0) throw usageError("Name at least one --member.");
    const keys = keysNamed(session.keys, options.member);
    const bounds = { min: 1, max: keys.length };
    const threshold = integer("threshold", options.threshold, bounds) ?? keys.length;
    const { product, channel } = place;
    const files = [
      nextTargets(repository, [...channels, { product, channel, keys, threshold }]),
      nextRole(repository, place.role, {}),
    ];
    await proposeAndTell(context, session, files, options);
  },
});
