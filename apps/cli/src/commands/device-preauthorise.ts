import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { pairs } from "../command-line/option-value.ts";
import { readKeyFingerprint } from "../files/read-public-key.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const devicePreauthorise = command({
  details: "The device is accepted the moment it enrols with the key.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "What it is" },
    fingerprint: {
      type: "string",
      value: "SHA256",
      help: "Of its public key (DER), in hexadecimal",
    },
    "public-key": { type: "string", value: "FILE", help: "The public key itself, PEM" },
    name: { type: "string", value: "NAME", help: "Name it gets" },
    identity: {
      type: "string",
      value: "NAME=VALUE",
      multiple: true,
      help: "Identity that it must come with",
    },
  },
  example:
    "moult device preauthorise --product gw2 --public-key device.pub.pem --identity serial=1017",
  run: async (context, { options }) => {
    const { fingerprint, name, product } = options;
    const file = options["public-key"];
    if ((fingerprint === undefined) === (file === undefined))
      throw usageError("Give --fingerprint or --public-key.");
    const keyFingerprint =
      fingerprint?.replace(/^sha-?256:|:/gi, "").toLowerCase() ??
      (await readKeyFingerprint(file ?? ""));
    const identity = pairs("identity", options.identity);
    const client = await connect(context);
    const body = {
      product,
      keyFingerprint,
      ...(name === undefined ? {} : { name }),
      ...(Object.keys(identity).length === 0 ? {} : { identity }),
    };
    const reply = await client.call("preauthoriseDevice", { body }, { signal: context.signal });
    if (context.isJson) printJson(context.terminal, reply);
    else
      context.terminal.out(
        plainText(
          `A device of ${product} with the key ${keyFingerprint} is accepted when it enrols.`,
        ),
      );
  },
});
