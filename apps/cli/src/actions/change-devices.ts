import { ApiProblem } from "@moult/client";
import { deviceLabel, type Device } from "@moult/model";
import { command, type Command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { EXIT } from "../command-line/exit-code.ts";
import { lookupDevice } from "../lookup/lookup-device.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";
import { MANY_DETAILS, MANY_OPTIONS, changeMany, chosenFilter } from "./change-many.ts";

interface DeviceAction {
  readonly operation: "acceptDevice" | "rejectDevice" | "decommissionDevice";
  /** As in "accept 3 devices?". */
  readonly verb: "accept" | "reject" | "decommission";
  /** As in "gw-17 takes updates now". */
  readonly done: string;
  readonly details: string;
  readonly example: string;
}

/** A command that changes the state of devices. All are found before the first is changed; one refusal stops no other. */
export const changeDevices = ({ operation, verb, done, details, example }: DeviceAction): Command =>
  command({
    positionals: ["[DEVICE...]"],
    details: `${details}\n${MANY_DETAILS}`,
    options: MANY_OPTIONS,
    example,
    run: async (context, { options, positionals }) => {
      const { terminal, signal } = context;
      const client = await connect(context);
      const filter = await chosenFilter(context, client, options, positionals);
      if (filter !== undefined)
        return changeMany(context, client, filter, { kind: verb }, options.yes);
      const ids: string[] = [];
      for (const name of positionals) ids.push(await lookupDevice(client, name, signal));
      const what = ids.length === 1 ? (positionals[0] ?? "") : `${ids.length} devices`;
      await confirm(context, options.yes, `Really ${verb} ${what}?`);

      const items: Device[] = [];
      const failed: {
        readonly deviceId: string;
        readonly code: string;
        readonly detail: string;
      }[] = [];
      for (const deviceId of new Set(ids)) {
        try {
          items.push(await client.call(operation, { params: { deviceId } }, { signal }));
        } catch (error) {
          if (!(error instanceof ApiProblem) || ids.length === 1) throw error;
          failed.push({ deviceId, code: error.code, detail: error.detail });
        }
      }
      if (context.isJson) printJson(terminal, { items, failed });
      else {
        for (const device of items) terminal.out(plainText(`${deviceLabel(device)} ${done}.`));
        for (const { deviceId, detail, code } of failed)
          terminal.err(plainText(`${deviceId}: ${detail} (${code})`));
      }
      return failed.length === 0 ? EXIT.ok : EXIT.failed;
    },
  });
