import { uploadFile, type Uploaded } from "../actions/upload-file.ts";
import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { plainText } from "../terminal/plain-text.ts";

export const releaseUpload = command({
  positionals: ["FILE..."],
  details:
    "An artifact joins the release that its artifact name names; the release is made if it is new. The same file again is fine. An upload that was stopped, killed or cut goes on when the same command is run again within a day.",
  options: {
    product: { type: "string", value: "PRODUCT", required: true, help: "Whose release it is" },
    channel: { type: "string", value: "CHANNEL", help: "prod unless told" },
  },
  example: "moult release upload --product gw2 gw2-1.4.0.mender",
  run: async (context, { options: { product, channel }, positionals: files }) => {
    const { terminal } = context;
    const client = await connect(context);
    const items: Uploaded[] = [];
    for (const file of files) {
      const reply = await uploadFile(context, client, file, { product, channel });
      items.push(reply);
      if (context.isJson) continue;
      const { release, artifact, created } = reply;
      const name = `${release.product}/${release.channel}/${release.version}`;
      const hardware = artifact.hardwareTypes.join(", ");
      terminal.out(
        plainText(
          created
            ? `${file} is in release ${name} now, for ${hardware}; signature: ${artifact.signature}.`
            : `${file} was in release ${name} already.`,
        ),
      );
    }
    if (context.isJson) printJson(terminal, { items });
  },
});
