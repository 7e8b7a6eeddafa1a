import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { readText } from "../files/read-text.ts";
import { printJson } from "../show/print-json.ts";

export const controllerGatewayCreate = command({
  positionals: ["[CONTROLLER...]"],
  details:
    "One token for many devices of hawkBit's protocol: it speaks for the controllers that are named here and for no other, and lets each in when it first asks. Prints the token alone on standard output; it is shown this once.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "Whose devices they are" },
    "hardware-type": {
      type: "string",
      value: "TYPE",
      required: true,
      help: "Kind of machine that they are",
    },
    label: { type: "string", value: "TEXT", help: "What it is for" },
    from: { type: "string", value: "FILE", help: "Names of further controllers, one a line" },
  },
  example:
    "moult controller-gateway create --product gw2 --hardware-type gw2-rev-b --from roof-devices.txt",
  run: async (context, { options, positionals }) => {
    const listed = options.from === undefined ? "" : await readText(options.from);
    const lines = listed.split("\n").map((line) => line.trim());
    const client = await connect(context);
    const reply = await client.call(
      "createControllerGateway",
      {
        body: {
          product: options.product,
          hardwareType: options["hardware-type"],
          controllerIds: [...positionals, ...lines.filter((line) => line !== "")],
          ...(options.label === undefined ? {} : { label: options.label }),
        },
      },
      { signal: context.signal },
    );
    if (context.isJson) {
      printJson(context.terminal, reply);
      return;
    }
    const { id, controllerIds } = reply.gateway;
    context.terminal.err(
      `Gateway token ${id}, for ${controllerIds.length} devices. Its secret, shown this once:`,
    );
    context.terminal.out(reply.token);
  },
});
