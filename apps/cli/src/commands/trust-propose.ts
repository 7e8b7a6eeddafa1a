import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { channelsOf, nextRole, nextRoot, nextTargets, targetsOf } from "../trust/next-files.ts";
import { proposeAndTell } from "../trust/propose-command.ts";
import { PROPOSE_OPTIONS } from "../trust/proposals.ts";
import { releaseFiles } from "../trust/propose-release.ts";
import { TARGET_OPTIONS } from "../trust/release-target.ts";
import type { Repository } from "../trust/repository.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const trustPropose = command({
  positionals: ["[FILE...]"],
  details:
    "Proposes that devices may install these update files, which must be uploaded before it is published; what is signed comes from the files, not from the server. With --renew proposes a role as it is, for another year.",
  options: {
    product: { type: "string", value: "PRODUCT", help: "Whose release the files are" },
    channel: { type: "string", value: "CHANNEL", help: "prod unless told" },
    renew: {
      type: "string",
      value: "ROLE",
      multiple: true,
      help: "root, targets or PRODUCT.CHANNEL: the same again, valid for longer",
    },
    ...TARGET_OPTIONS,
    ...PROPOSE_OPTIONS,
  },
  example: "moult trust propose --product gw2 gw2-1.4.0.mender --note 'Fixes the modem'",
  run: async (context, { options, positionals: files }) => {
    const { product, channel, renew } = options;
    if (files.length > 0 === renew.length > 0)
      throw usageError("Name update files, or roles to --renew.");
    if (files.length > 0 && product === undefined)
      throw usageError("--product PRODUCT is missing.");
    const session = await openTrustSession(context);
    const { repository } = session;
    const proposed =
      renew.length > 0
        ? renew.map((role) => renewed(repository, role))
        : await releaseFiles(
            context,
            repository,
            files,
            { product: product ?? "", channel },
            options,
          );
    if (proposed === undefined) context.terminal.err("Nothing to propose: it is signed already.");
    else await proposeAndTell(context, session, proposed, options);
  },
});

function renewed(repository: Repository, role: string) {
  if (role === "root") return nextRoot(repository, {});
  if (role === "targets") return nextTargets(repository, channelsOf(repository));
  return nextRole(repository, role, targetsOf(repository, role));
}
