import { command } from "../command-line/command.ts";
import { readPublicKeys } from "../files/read-public-key.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { productText } from "../show/product-text.ts";

export const productCreate = command({
  positionals: ["NAME"],
  options: {
    title: { type: "string", value: "TEXT", help: "Its name for people" },
    "artifact-key": {
      type: "string",
      value: "FILE",
      multiple: true,
      help: "PEM public key that may sign its artifacts",
    },
    "require-signature": {
      type: "boolean",
      help: "Refuse artifacts that none of these keys signed",
    },
  },
  example:
    "moult product create gw2 --title 'Gateway 2' --artifact-key release-key.pub.pem --require-signature",
  run: async (context, { options, positionals: [name = ""] }) => {
    const artifactKeys = await readPublicKeys(options["artifact-key"]);
    const client = await connect(context);
    const product = await client.call(
      "createProduct",
      {
        body: {
          name,
          requireSignature: options["require-signature"],
          artifactKeys,
          ...(options.title === undefined ? {} : { title: options.title }),
        },
      },
      { signal: context.signal },
    );
    if (context.isJson) printJson(context.terminal, product);
    else context.terminal.out(productText(product));
  },
});
