import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { AGENT_VERSION } from "./agent-version.ts";
import { RELEASED_AT_MS } from "./clock/time-floor.ts";

test("the agent's version is its package's, and it was not released in the future", async () => {
  const manifest: unknown = JSON.parse(
    await readFile(new URL("../package.json", import.meta.url), "utf8"),
  );
  expect(manifest).toMatchObject({ version: AGENT_VERSION });
  expect(RELEASED_AT_MS).toBeLessThan(Date.now());
});
