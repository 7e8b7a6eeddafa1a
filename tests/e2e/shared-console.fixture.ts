import { readFile } from "node:fs/promises";
import { inject } from "vitest";
import type { ConsoleAddress } from "../../tools/console/console-browser.ts";
import type { ConsoleFacts } from "../../tools/console/populated-console.ts";
import { waitFor } from "../../tools/local/local-process.ts";

/** What the tests that only read share: one console with everything in it. */
export interface SharedConsole extends ConsoleAddress {
  readonly apiKey: string;
  readonly facts: ConsoleFacts;
}

export type ConsoleAnswer =
  | ({ readonly kind: "filled" } & SharedConsole)
  | { readonly kind: "failed"; readonly error: unknown };

/** The shared console, as soon as it is filled. */
export async function sharedConsole(): Promise<SharedConsole> {
  const text = await waitFor(
    "the shared console to be filled",
    () => readFile(inject("consoleFile"), "utf8").catch(() => undefined),
    180_000,
  );
  const answer = JSON.parse(text) as ConsoleAnswer;
  if (answer.kind === "failed")
    throw new Error(`the shared console was not filled: ${JSON.stringify(answer.error)}`);
  return answer;
}
