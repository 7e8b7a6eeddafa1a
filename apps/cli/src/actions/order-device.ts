import { command, type Command } from "../command-line/command.ts";
import { lookupDeployment } from "../lookup/lookup-deployment.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

interface DeviceOrder {
  readonly operation: "forceDevice" | "retryDevice" | "cancelDevice";
  /** After the device's name. */
  readonly done: string;
  readonly details: string;
  readonly example: string;
}

/** A command about one device in one deployment. */
export const orderDevice = ({ operation, done, details, example }: DeviceOrder): Command =>
  command({
    positionals: ["DEPLOYMENT", "DEVICE"],
    details,
    options: {},
    example,
    run: async (context, { positionals: [deployment = "", device = ""] }) => {
      const { terminal, signal } = context;
      const client = await connect(context);
      const deploymentId = await lookupDeployment(client, deployment, signal);
      const deviceId = await lookupDevice(client, device, signal);
      await client.call(operation, { params: { deploymentId, deviceId } }, { signal });
      if (context.isJson) printJson(terminal, { deploymentId, deviceId });
      else terminal.out(plainText(`${device} ${done}.`));
    },
  });
