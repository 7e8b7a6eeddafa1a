import { generateSigningKey } from "@moult/artifact";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { refuseExisting, writeFileWhole } from "../files/write-file.ts";
import { printJson } from "../show/print-json.ts";

export const artifactKeygen = command({
  details:
    "Writes NAME.pem, which signs and which only you can read, and NAME.pub.pem for `moult product`. Existing files stay.",
  options: {
    out: { type: "string", value: "NAME", required: true, help: "Where to, without the ending" },
    type: {
      type: "string",
      value: "ecdsa|rsa",
      help: "ECDSA P-256 unless told, or RSA of 3072 bits",
    },
  },
  example: "moult artifact keygen --out release-key",
  run: async (context, { options }) => {
    const type = oneOf("type", options.type, ["ecdsa", "rsa"]) ?? "ecdsa";
    const privateKey = `${options.out}.pem`;
    const publicKey = `${options.out}.pub.pem`;
    for (const path of [privateKey, publicKey]) await refuseExisting(path, false);
    const pair = await generateSigningKey(type === "rsa" ? "rsa-3072" : "ecdsa-p256");
    await writeFileWhole(privateKey, pair.privateKeyPem, { mode: 0o600, mayReplace: false });
    await writeFileWhole(publicKey, pair.publicKeyPem, { mode: 0o644, mayReplace: false });
    if (context.isJson) printJson(context.terminal, { privateKey, publicKey });
    else context.terminal.out(`Keep ${privateKey} secret; ${publicKey} is for everybody.`);
  },
});
