import { command } from "../command-line/command.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { INTENT_DETAILS, INTENT_OPTIONS, intentFrom } from "../deployment/intent-options.ts";
import { previewText } from "../show/preview-text.ts";
import { printJson } from "../show/print-json.ts";

export const deploymentPreview = command({
  positionals: ["[RELEASE]"],
  details: `Takes what \`moult deployment create\` takes, and creates nothing; fails when it could not be created. ${INTENT_DETAILS}`,
  options: INTENT_OPTIONS,
  example: "moult deployment preview gw2/1.4.0 --all --stages 10,100 --error-stop 3",
  run: async (context, { options, positionals: [name] }) => {
    const { terminal, signal } = context;
    const { client, release, target, plan } = await intentFrom(context, name, options);
    const body = { releaseId: release.id, target, plan };
    const preview = await client.call("previewDeployment", { body }, { signal });
    if (context.isJson) printJson(terminal, preview);
    else terminal.out(previewText(preview, terminal));
    const isRefused = preview.findings.some(({ severity }) => severity === "error");
    return isRefused ? EXIT.failed : undefined;
  },
});
