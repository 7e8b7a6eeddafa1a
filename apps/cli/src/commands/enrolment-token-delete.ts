import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";

export const enrolmentTokenDelete = command({
  positionals: ["ID"],
  details: "Devices that it let in stay.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult enrolment-token delete 3d6f0b0e-7a52-4b7e-9a0e-2f3f5f0a1b2c",
  run: async (context, { options, positionals: [enrolmentTokenId = ""] }) => {
    const client = await connect(context);
    await confirm(context, options.yes, `Revoke the enrolment token ${enrolmentTokenId}?`);
    await client.call(
      "deleteEnrolmentToken",
      { params: { enrolmentTokenId } },
      { signal: context.signal },
    );
    printDeleted(context, "enrolment token", enrolmentTokenId);
  },
});
