import { parseArgs } from "node:util";
import { AppError } from "@moult/base";

class UsageError extends AppError<"usage"> {}

export const USAGE = `Usage: node apps/server/src/main.ts [--data FOLDER] [--config FILE]

  --data FOLDER    where everything is kept (/var/lib/moult-server)
  --config FILE    settings as JSON; the environment (MOULT_...) wins over it
  --version        print the version
  --help           print this

docs/operate/server.md describes every setting.
`;

export type CommandLine =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | ({ readonly kind: "serve" } & ServeCommand);

export interface ServeCommand {
  readonly data?: string;
  readonly configFile?: string;
}

/** Throws `UsageError` that says what was not understood. */
export function readCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: "string" },
        config: { type: "string" },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    if (values.version) return { kind: "version" };
    return {
      kind: "serve",
      ...(values.data === undefined ? {} : { data: values.data }),
      ...(values.config === undefined ? {} : { configFile: values.config }),
    };
  } catch (cause) {
    throw new UsageError(
      "usage",
      { problem: cause instanceof Error ? cause.message : "" },
      { cause },
    );
  }
}
