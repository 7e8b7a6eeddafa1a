import { resolve } from "node:path";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { printJson } from "../show/print-json.ts";
import { makeKey } from "../trust/make-key.ts";
import { PASSPHRASE_OPTIONS, newPassphrase } from "../trust/secrets.ts";
import { openTrustPlace } from "../trust/trust-session.ts";

export const trustKeyCreate = command({
  positionals: ["NAME"],
  details:
    "The file is encrypted by a passphrase (scrypt, AES-256-GCM) and readable by you alone. What the key may sign is decided by `moult trust role create` and `moult trust rotate`.",
  options: {
    type: { type: "string", value: "ed25519|ecdsa", help: "Ed25519 unless told, or ECDSA P-256" },
    out: {
      type: "string",
      value: "FILE",
      help: "Where the key file goes, a medium of its own for example; else the trust folder",
    },
    ...PASSPHRASE_OPTIONS,
  },
  example: "moult trust key create ada --out /media/ada/ada.key.json",
  run: async (context, { options, positionals: [name = ""] }) => {
    const kind = oneOf("type", options.type, ["ed25519", "ecdsa"]) ?? "ed25519";
    const { folder } = await openTrustPlace(context);
    const passphrase = await newPassphrase(context, options["passphrase-file"], name);
    const path = options.out === undefined ? undefined : resolve(options.out);
    const { local } = await makeKey(
      context,
      folder,
      name,
      kind === "ecdsa" ? "ecdsa-p256" : "ed25519",
      passphrase,
      path,
    );
    if (context.isJson) printJson(context.terminal, local);
    else context.terminal.out(`Made the key ${name} (${local.keyid}) in ${local.reference ?? ""}.`);
  },
});
