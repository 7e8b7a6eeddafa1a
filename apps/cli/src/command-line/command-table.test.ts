import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { operations } from "@moult/api";
import { expect, test } from "vitest";
import { COMMANDS } from "./command-table.ts";
import { commandHelp, overviewText } from "./help-text.ts";
import { parseCommandLine } from "./parse-command-line.ts";

const source = join(import.meta.dirname, "..");
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(file),
);

test.each(COMMANDS)("$name loads, and its help has an example of itself", async (entry) => {
  const command = await entry.load();
  const help = commandHelp(entry, command);

  expect(command.example).toContain(`moult ${entry.name}`);
  expect(help).toContain(`Usage: moult ${entry.name}`);
  expect(entry.summary).toMatch(/^[A-Z].*[^.]$/);
  for (const { help: text } of Object.values(command.options)) expect(text).not.toMatch(/\.$/);
});

test.each(COMMANDS)("the example of $name is one that it accepts", async (entry) => {
  const command = await entry.load();
  const line =
    command.example
      .replace(/\\\n\s*/g, "")
      .split("\n")
      .at(-1) ?? "";
  const args = [...line.replace(/ \|.*$/, "").matchAll(/'([^']*)'|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );

  const typed = args.slice(1 + entry.name.split(" ").length);

  expect(() => parseCommandLine(command, typed)).not.toThrow();
});

test("names are unique, and each is the name of its file", () => {
  const names = COMMANDS.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  expect(files.filter((file) => file.startsWith("commands/")).sort()).toEqual(
    names.map((name) => `commands/${name.replaceAll(" ", "-")}.ts`).sort(),
  );
});

test("every operation of the API can be reached from the command line", () => {
  const texts = files.map((file) => readFileSync(join(source, file), "utf8")).join("\n");

  const unreached = Object.keys(operations).filter((id) => !texts.includes(`"${id}"`));

  // One assignment is part of what `deployment devices` and `device updates` list; `release upload` sends parts, which
  // survive what one piece does not. Metadata files are asked for by their names, as devices do.
  expect(unreached.sort()).toEqual(["listTrustFiles", "showAssignment", "uploadArtifact"]);
});

test("the help is no wider than a terminal, and lists every command", () => {
  const text = overviewText(COMMANDS);

  for (const { name } of COMMANDS) expect(text).toContain(`  ${name} `);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
});

test("the guide names every command", () => {
  const guide = readFileSync(join(source, "../../../docs/guide/cli.md"), "utf8");

  const missing = COMMANDS.filter(({ name }) => !guide.includes(`moult ${name}`));

  expect(missing.map(({ name }) => name)).toEqual([]);
});
