import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const artifactDelete = command({
  positionals: ["ID"],
  details:
    "Takes one artifact out of its release on the server; `moult release show` tells the ids.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult artifact delete 3d6f0b0e-7a52-4b7e-9a0e-2f3f5f0a1b2c",
  run: async (context, { options, positionals: [artifactId = ""] }) => {
    const client = await connect(context);
    await confirm(context, options.yes, `Delete the artifact ${artifactId} from the server?`);
    await client.call("deleteArtifact", { params: { artifactId } }, { signal: context.signal });
    printDeleted(context, "artifact", artifactId);
  },
});
