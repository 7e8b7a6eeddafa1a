import { spawnSync } from "node:child_process";

export interface ToolOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Programs of Debian's that lie outside an ordinary person's PATH. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/** Runs a program and demands success; what it printed. */
export function runTool(
  program: string,
  args: readonly string[],
  { cwd, input, environment = {} }: ToolOptions = {},
): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH, ...environment },
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? {} : { input }),
  });
  if (error !== undefined) throw new Error(`${program} cannot be run`, { cause: error });
  if (status !== 0)
    throw new Error(
      `${program} ${args.join(" ")} ended with ${status}:\n${stderr.toString()}${stdout.toString()}`,
    );
  return stdout;
}
