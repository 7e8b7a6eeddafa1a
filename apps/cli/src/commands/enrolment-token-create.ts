import { command } from "../command-line/command.ts";
import { durationSeconds, integer } from "../command-line/option-value.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { timeText } from "../terminal/time-text.ts";

export const enrolmentTokenCreate = command({
  details: "Prints the secret alone on standard output; it is shown this once.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "Whose devices may join" },
    label: { type: "string", value: "TEXT", help: "What it is for" },
    accepts: { type: "boolean", help: "Devices that come with it are accepted at once" },
    uses: { type: "string", value: "NUMBER", help: "How many devices, 1000 unless told" },
    "expires-in": { type: "string", value: "TIME", help: "30d unless told; 90s, 15m, 24h, 7d" },
  },
  example: "moult enrolment-token create --product gw2 --label 'line 3' --uses 500 --expires-in 7d",
  run: async (context, { options }) => {
    const usesMax = integer("uses", options.uses, { min: 1, max: 10_000_000 });
    const expiresInSeconds = durationSeconds("expires-in", options["expires-in"]);
    const client = await connect(context);
    const reply = await client.call(
      "createEnrolmentToken",
      {
        body: {
          product: options.product,
          accepts: options.accepts,
          ...(options.label === undefined ? {} : { label: options.label }),
          ...(usesMax === undefined ? {} : { usesMax }),
          ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
        },
      },
      { signal: context.signal },
    );
    if (context.isJson) {
      printJson(context.terminal, reply);
      return;
    }
    const { id, accepts, expiresAt } = reply.token;
    const effect = accepts ? "are accepted at once" : "wait for an operator";
    context.terminal.err(
      `Enrolment token ${id}: up to ${reply.token.usesMax} devices ${effect}, until ${timeText(expiresAt)}. Its secret, shown this once:`,
    );
    context.terminal.out(reply.secret);
  },
});
