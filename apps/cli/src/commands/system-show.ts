import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { sizeText } from "../terminal/size-text.ts";
import { factsText } from "../terminal/table-text.ts";

export const systemShow = command({
  details:
    "The programs that the server gives to anybody are listed with their SHA-256: compare it after a download.",
  options: {},
  example: "moult system show",
  run: async (context) => {
    const { terminal, signal, isJson } = context;
    const client = await connect(context);
    const system = await client.call("showSystem", {}, { signal });
    if (isJson) {
      printJson(terminal, system);
      return;
    }
    const { agent, cli } = system.downloads;
    const download = (file: typeof agent): string =>
      file === null
        ? "not built on this server"
        : `${system.publicUrl}${file.path}, ${sizeText(file.sizeBytes)}, sha256 ${file.sha256}`;
    terminal.out(
      factsText([
        ["Version", system.version],
        ["Address", system.publicUrl],
        ["Tenant", system.tenantId],
        ["Devices check in", `every ${system.checkInSeconds} s`],
        ["Agent", download(agent)],
        ["Command line", download(cli)],
      ]),
    );
  },
});
