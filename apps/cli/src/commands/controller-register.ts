import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";

export const controllerRegister = command({
  positionals: ["CONTROLLER"],
  details:
    "Adds a device whose client speaks hawkBit's protocol: SWUpdate, rauc-hawkbit-updater and others. CONTROLLER is the name that its client is set up with. Prints the device's token alone on standard output; it is shown this once.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "Whose device it is" },
    "hardware-type": {
      type: "string",
      value: "TYPE",
      required: true,
      help: "Kind of machine that it is",
    },
    "display-name": { type: "string", value: "TEXT", help: "Its name for people" },
    certificate: {
      type: "boolean",
      help: "No token: a proxy of the server's settings vouches for its certificate",
    },
  },
  example: "moult controller register gw-1017 --product gw2 --hardware-type gw2-rev-b",
  run: async (context, { options, positionals: [controllerId = ""] }) => {
    const client = await connect(context);
    const name = options["display-name"];
    const reply = await client.call(
      "registerController",
      {
        body: {
          controllerId,
          product: options.product,
          hardwareType: options["hardware-type"],
          credential: options.certificate ? "certificate" : "token",
          ...(name === undefined ? {} : { name }),
        },
      },
      { signal: context.signal },
    );
    if (context.isJson) {
      printJson(context.terminal, reply);
      return;
    }
    context.terminal.err(
      `Device ${reply.deviceId}, accepted.${reply.token === null ? "" : " Its token, shown this once:"}`,
    );
    if (reply.token !== null) context.terminal.out(reply.token);
  },
});
