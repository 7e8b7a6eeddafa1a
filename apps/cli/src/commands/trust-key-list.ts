import { publicKeyOf } from "@moult/signing";
import { command } from "../command-line/command.ts";
import { printJson } from "../show/print-json.ts";
import { printList } from "../show/print-list.ts";
import { openTrustPlace } from "../trust/trust-session.ts";

export const trustKeyList = command({
  details: "Keys that have a name on this machine. What they may sign is in `moult trust status`.",
  options: { pem: { type: "boolean", help: "Print the public keys in PEM, for a colleague" } },
  example: "moult trust key list",
  run: async (context, { options }) => {
    const { keys } = await openTrustPlace(context);
    if (options.pem && !context.isJson) {
      for (const key of keys) {
        const pem = publicKeyOf(key).export({ format: "pem", type: "spki" }).toString();
        context.terminal.out(`# ${key.name}\n${pem.trimEnd()}`);
      }
      return;
    }
    if (context.isJson) printJson(context.terminal, { items: keys });
    else
      printList(
        context,
        { items: keys },
        [
          { title: "NAME", text: ({ name }) => name },
          { title: "ID", text: ({ keyid }) => keyid.slice(0, 16) },
          { title: "SCHEME", text: ({ scheme }) => scheme },
          { title: "WHERE", text: ({ reference }) => reference ?? "not here" },
        ],
        "There is no key yet: moult trust key create NAME.",
      );
  },
});
