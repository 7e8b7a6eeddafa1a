import { usageError } from "../command-line/cli-error.ts";
import { command } from "../command-line/command.ts";
import { oneOf } from "../command-line/option-value.ts";
import { readPublicKeys } from "../files/read-public-key.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { productText } from "../show/product-text.ts";

export const productChange = command({
  positionals: ["NAME"],
  options: {
    title: { type: "string", value: "TEXT", help: "Its name for people" },
    "artifact-key": {
      type: "string",
      value: "FILE",
      multiple: true,
      help: "PEM public key that may sign its artifacts; those given replace all before",
    },
    "no-artifact-keys": { type: "boolean", help: "Take all artifact keys away" },
    "require-signature": {
      type: "string",
      value: "yes|no",
      help: "Refuse artifacts that no key signed",
    },
  },
  example: "moult product change gw2 --artifact-key old.pub.pem --artifact-key new.pub.pem",
  run: async (context, { options, positionals: [product = ""] }) => {
    const paths = options["artifact-key"];
    if (paths.length > 0 && options["no-artifact-keys"])
      throw usageError("--artifact-key and --no-artifact-keys exclude each other.");
    const wanted = oneOf("require-signature", options["require-signature"], ["yes", "no"]);
    const body = {
      ...(options.title === undefined ? {} : { title: options.title }),
      ...(wanted === undefined ? {} : { requireSignature: wanted === "yes" }),
      ...(paths.length > 0 || options["no-artifact-keys"]
        ? { artifactKeys: await readPublicKeys(paths) }
        : {}),
    };
    if (Object.keys(body).length === 0) throw usageError("Nothing to change was given.");
    const client = await connect(context);
    const reply = await client.call(
      "changeProduct",
      { params: { product }, body },
      { signal: context.signal },
    );
    if (context.isJson) printJson(context.terminal, reply);
    else context.terminal.out(productText(reply));
  },
});
