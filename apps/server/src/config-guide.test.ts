import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ServerConfig, settingPaths } from "./config.ts";

const guide = readFileSync(new URL("../../../docs/operate/server.md", import.meta.url), "utf8");
/** Settings of the guide's table: file name, environment name, default. */
const rows = [...guide.matchAll(/^\| `([\w.]+)` +\| `(MOULT_\w+)` +\| ([^|]*?) *\|/gm)].map(
  ([, file, environment, value]) => ({ file, environment, value }),
);

const defaultOf = (path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (settings, key) => (settings as Record<string, unknown> | undefined)?.[key],
    ServerConfig.parse({}),
  );

test("the guide's table has every setting, under both names, with its default", () => {
  const wanted = [...settingPaths()].map(([environment, path]) => {
    const value = defaultOf(path);
    return {
      file: path.join("."),
      environment,
      // Absent and empty ones are told in words.
      isPlain: typeof value === "string" || typeof value === "number",
      value: `\`${String(value)}\``,
    };
  });

  expect(rows.map(({ file, environment }) => [file, environment])).toEqual(
    wanted.map(({ file, environment }) => [file, environment]),
  );
  for (const { file, isPlain, value } of wanted)
    if (isPlain)
      expect([file, rows.find((row) => row.file === file)?.value]).toEqual([file, value]);
});
