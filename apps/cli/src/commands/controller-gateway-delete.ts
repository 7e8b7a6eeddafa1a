import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const controllerGatewayDelete = command({
  positionals: ["ID"],
  details: "Devices that it let in stay, and need a token of their own: controller renew-token.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult controller-gateway delete 3d6f0b0e-7a52-4b7e-9a0e-2f3f5f0a1b2c",
  run: async (context, { options, positionals: [gatewayId = ""] }) => {
    const client = await connect(context);
    await confirm(context, options.yes, `End the gateway token ${gatewayId}?`);
    await client.call(
      "deleteControllerGateway",
      { params: { gatewayId } },
      { signal: context.signal },
    );
    printDeleted(context, "gateway token", gatewayId);
  },
});
