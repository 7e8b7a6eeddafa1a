import { command } from "../command-line/command.ts";
import { connect } from "../session/connect.ts";
import { printJson } from "../show/print-json.ts";
import { factsText } from "../terminal/table-text.ts";

export const deviceCount = command({
  options: { product: { type: "string", value: "PRODUCT", help: "Of this product only" } },
  example: "moult device count --product gw2",
  run: async (context, { options: { product } }) => {
    const client = await connect(context);
    const counts = await client.call(
      "countDevices",
      { query: { product } },
      { signal: context.signal },
    );
    if (context.isJson) {
      printJson(context.terminal, counts);
      return;
    }
    const states = Object.entries(counts.byState).map(
      ([state, count]) => [state, String(count)] as const,
    );
    const running = counts.byRunning.map(
      ({ artifactName, count }) => [artifactName ?? "unknown", String(count)] as const,
    );
    const parts = [factsText(states)];
    if (running.length > 0) parts.push(`What the accepted ones run:\n${factsText(running)}`);
    context.terminal.out(parts.join("\n\n"));
  },
});
