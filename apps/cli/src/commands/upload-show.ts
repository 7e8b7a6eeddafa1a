import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { uploadText } from "../show/upload-text.ts";

export const uploadShow = command({
  positionals: ["ID"],
  options: {},
  example: "moult upload show 0198c0de-0001-7000-8000-000000000001",
  run: async (context, { positionals: [uploadId = ""] }) => {
    const { terminal, signal } = context;
    const client = await connect(context);
    const upload = await client.call("showUpload", { params: { uploadId } }, { signal });
    if (context.isJson) printJson(terminal, upload);
    else terminal.out(uploadText(upload));
  },
});
