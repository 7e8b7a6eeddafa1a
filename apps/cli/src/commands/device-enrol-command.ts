import { command } from "../command-line/command.ts";
import { durationSeconds, integer } from "../command-line/option-value.ts";
import { printJson } from "../show/print-json.ts";
import { timeText } from "../terminal/time-text.ts";
import { demandOwnRoot } from "../trust/command-root.ts";
import { openTrustSession } from "../trust/trust-session.ts";

export const deviceEnrolCommand = command({
  details:
    "The command holds a new enrolment token, fetches the agent from the server and runs it in a folder of its own, as any user. It needs Node 20 or newer. The server makes it; it is printed only when the root of trust in it is the one that this machine has verified.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "What the device is" },
    "hardware-type": {
      type: "string",
      value: "TYPE",
      required: true,
      help: "What kind of machine it is",
    },
    channel: {
      type: "string",
      value: "CHANNEL",
      help: "It takes releases of this channel only; prod unless told",
    },
    accepts: { type: "boolean", help: "The device is accepted at once" },
    uses: { type: "string", value: "NUMBER", help: "How many devices, 1 unless told" },
    "expires-in": { type: "string", value: "TIME", help: "30m unless told; 90s, 24h, 7d" },
    "server-url": {
      type: "string",
      value: "URL",
      help: "Where it reaches the server, if not at the server's public address",
    },
  },
  example: "moult device enrol-command --product gw2 --hardware-type laptop | ssh ada@laptop sh",
  run: async (context, { options }) => {
    const usesMax = integer("uses", options.uses, { min: 1, max: 10_000_000 });
    const expiresInSeconds = durationSeconds("expires-in", options["expires-in"]);
    const serverUrl = options["server-url"];
    const { client, repository } = await openTrustSession(context);
    const reply = await client.call(
      "createEnrolmentCommand",
      {
        body: {
          product: options.product,
          hardwareType: options["hardware-type"],
          accepts: options.accepts,
          ...(options.channel === undefined ? {} : { channel: options.channel }),
          ...(serverUrl === undefined ? {} : { serverUrl }),
          ...(usesMax === undefined ? {} : { usesMax }),
          ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
        },
      },
      { signal: context.signal },
    );
    demandOwnRoot(reply.command, repository.rootBytes);
    if (context.isJson) {
      printJson(context.terminal, reply);
      return;
    }
    const { accepts, expiresAt } = reply.token;
    const effect = accepts ? "is accepted at once" : "waits for an operator";
    context.terminal.err(
      `The device ${effect}; it lives in ~/${reply.folder}. The command can be used until ${timeText(expiresAt)}:`,
    );
    context.terminal.out(reply.command.trimEnd());
  },
});
