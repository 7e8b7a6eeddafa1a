import { command } from "../command-line/command.ts";
import { confirm } from "../command-line/confirm.ts";
import { connect } from "../session/connect.ts";
import { printDeleted } from "../show/print-deleted.ts";
import { sizeText } from "../terminal/size-text.ts";

export const uploadCancel = command({
  positionals: ["ID"],
  details: "An upload that is finished is only forgotten; its artifact stays.",
  options: { yes: { type: "boolean", short: "y", help: "Do not ask" } },
  example: "moult upload cancel 0198c0de-0001-7000-8000-000000000001 --yes",
  run: async (context, { options, positionals: [uploadId = ""] }) => {
    const { signal } = context;
    const client = await connect(context);
    const { fileName, receivedBytes, sizeBytes } = await client.call(
      "showUpload",
      { params: { uploadId } },
      { signal },
    );
    const kept = `${sizeText(receivedBytes)} of ${sizeText(sizeBytes)} are there`;
    await confirm(context, options.yes, `Cancel the upload of ${fileName}? ${kept}.`);
    await client.cancelUpload(uploadId, { signal });
    printDeleted(context, "upload", uploadId);
  },
});
