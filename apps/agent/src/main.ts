import { runCommandLine } from "./commands/run-command-line.ts";

// A reader that went away (`| head`, a log collector that restarts) must not end a device's agent.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
});
