import { signArtifact } from "@moult/artifact";
import { command } from "../command-line/command.ts";
import { fileBytes } from "../files/file-bytes.ts";
import { SIGNING_OPTIONS, readSigner } from "../files/read-signer.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { printJson } from "../show/print-json.ts";

export const artifactSign = command({
  positionals: ["FILE"],
  details: "Verifies the artifact while it signs it. A signature that is there is replaced.",
  options: {
    key: {
      type: "string",
      value: "FILE",
      required: true,
      help: "PEM private key, RSA or ECDSA P-256",
    },
    ...SIGNING_OPTIONS,
    out: { type: "string", value: "FILE", help: "Write here instead of replacing the artifact" },
    force: { type: "boolean", help: "Replace the file that --out names" },
  },
  example: "moult artifact sign gw2-1.4.0.mender --key release-key.pem",
  run: async (context, { options, positionals: [file = ""] }) => {
    const out = options.out ?? file;
    const mayReplace = options.out === undefined || options.force;
    await refuseExisting(out, mayReplace);
    const signer = await readSigner(context, options.key, options["passphrase-stdin"]);
    const signed = signArtifact(fileBytes(file, context.signal), signer);
    await writeFileWhole(out, signed, { mode: 0o644, mayReplace });
    if (context.isJson) printJson(context.terminal, { file: out });
    else context.terminal.out(`Signed ${out}.`);
  },
});
