import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { lookupRelease } from "../lookup/lookup-release.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { releaseText } from "../show/release-text.ts";

export const releaseRules = command({
  positionals: ["RELEASE"],
  details:
    "Versions stand in the order of Semantic Versioning; other names stand in the order in which the product's releases were created. The rules hold for every deployment from the next check-in on; who installs already goes on.",
  options: {
    "minimum-from": {
      type: "string",
      value: "VERSION",
      help: "Offer it only to devices that run VERSION or later",
    },
    "any-version": { type: "boolean", help: "Offer it whatever devices run" },
    "must-pass-through": {
      type: "boolean",
      help: "Offer later releases of its channel only to devices that have come this far",
    },
    "may-be-skipped": { type: "boolean", help: "Offer later releases whether it was run or not" },
  },
  example:
    "moult release rules gw2/2.0.0 --must-pass-through --minimum-from 1.4.0\nmoult release rules gw2/2.0.0 --may-be-skipped",
  run: async (context, { options, positionals: [name = ""] }) => {
    const { signal } = context;
    const minimum = options["minimum-from"];
    const anyVersion = options["any-version"];
    const mustPassThrough = options["must-pass-through"];
    const maySkip = options["may-be-skipped"];
    if (minimum !== undefined && anyVersion)
      throw usageError("--minimum-from and --any-version contradict each other.");
    if (mustPassThrough && maySkip)
      throw usageError("--must-pass-through and --may-be-skipped contradict each other.");
    const body = {
      ...(minimum === undefined ? {} : { minimumFrom: minimum }),
      ...(anyVersion ? { minimumFrom: null } : {}),
      ...(mustPassThrough ? { mustPassThrough: true } : {}),
      ...(maySkip ? { mustPassThrough: false } : {}),
    };
    if (Object.keys(body).length === 0)
      throw usageError("Nothing to change was given: see `moult release rules --help`.");
    const client = await connect(context);
    const { id: releaseId } = await lookupRelease(client, name, signal);
    const release = await client.call("changeRelease", { params: { releaseId }, body }, { signal });
    if (context.isJson) printJson(context.terminal, release);
    else context.terminal.out(releaseText(release));
  },
});
