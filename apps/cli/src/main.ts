import { COMMANDS } from "./command-line/command-table.ts";
import { runCli } from "./command-line/run-cli.ts";
import { createProcessTerminal } from "./terminal/process-terminal.ts";
import { VERSION } from "./version.ts";

const interruption = new AbortController();
const interrupt = (): void => interruption.abort(new Error("interrupted"));
process.once("SIGINT", interrupt);
// `moult device list | head` ends the pipe before the list: nobody is left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const exitCode = await runCli(COMMANDS, process.argv.slice(2), VERSION, {
  terminal: createProcessTerminal(process, interrupt),
  environment: process.env,
  signal: interruption.signal,
});
// The command is over, whatever is still open. What was printed goes out first: not every system writes pipes at once.
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);
