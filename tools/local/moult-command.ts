import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command line tool as people get it: `npm run build` makes it. */
export const CLI_BUNDLE = fileURLToPath(new URL("../../dist/moult.mjs", import.meta.url));

interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MoultCommandOptions {
  /** Its configuration lies below; each test and demo has its own. */
  readonly home: string;
  readonly cwd: string;
  /** Further variables, `MOULT_SERVER` for example. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of each command before it runs. */
  readonly onCommand?: (line: string) => void;
}

export interface MoultCommand {
  /** Runs `moult ...`; the exit code is part of the answer. */
  run(args: readonly string[], input?: string): Promise<CommandResult>;
  /** Runs it with its output on this process's standard error, live: progress bars on a terminal. */
  show(args: readonly string[]): Promise<CommandResult>;
  /** Runs it and demands success; what it printed. */
  ok(args: readonly string[], input?: string): Promise<string>;
  /** Runs it with `--json`, demands success, and parses what it printed. */
  json(args: readonly string[]): Promise<unknown>;
}

export function createMoultCommand({
  home,
  cwd,
  environment = {},
  onCommand = () => undefined,
}: MoultCommandOptions): MoultCommand {
  const variables = {
    HOME: home,
    XDG_CONFIG_HOME: `${home}/.config`,
    XDG_STATE_HOME: `${home}/.local/state`,
    ...environment,
  };
  const run = (args: readonly string[], input?: string): Promise<CommandResult> =>
    new Promise((resolve, reject) => {
      onCommand(`moult ${args.map(quoted).join(" ")}`);
      const child = spawn(process.execPath, [CLI_BUNDLE, ...args], {
        cwd,
        env: { ...process.env, ...variables, NO_COLOR: "1" },
        stdio: "pipe",
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.once("error", reject);
      child.once("close", (exitCode) => resolve({ exitCode: exitCode ?? -1, stdout, stderr }));
      child.stdin.end(input ?? "");
    });
  const show = (args: readonly string[]): Promise<CommandResult> =>
    new Promise((resolve, reject) => {
      onCommand(`moult ${args.map(quoted).join(" ")}`);
      const child = spawn(process.execPath, [CLI_BUNDLE, ...args], {
        cwd,
        env: { ...process.env, ...variables },
        stdio: ["ignore", process.stderr, process.stderr],
      });
      child.once("error", reject);
      child.once("close", (exitCode) =>
        resolve({ exitCode: exitCode ?? -1, stdout: "", stderr: "" }),
      );
    });
  const ok = async (args: readonly string[], input?: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(args, input);
    if (exitCode !== 0)
      throw new Error(`moult ${args.join(" ")} ended with ${exitCode}:\n${stderr}${stdout}`);
    return stdout;
  };
  return {
    run,
    show,
    ok,
    json: async (args) => JSON.parse(await ok([...args, "--json"])) as unknown,
  };
}

/** Arguments as one line: split at spaces, what is filled in stays whole. */
export function words(texts: TemplateStringsArray, ...values: readonly string[]): string[] {
  return texts.flatMap((text, index) => {
    const value = values[index];
    return [
      ...text.split(/\s+/).filter((word) => word !== ""),
      ...(value === undefined ? [] : [value]),
    ];
  });
}

const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
