import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { scanSource, type Scan } from "./scan-source.ts";

/** One line of tidy's report. A warning is shown and lets the run pass. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  readonly isWarning?: boolean;
}

/** A text file of the project; `path` is relative to the root and uses forward slashes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface SourceFile extends TextFile {
  readonly scan: Scan;
  /** Tests and fixtures: they set up whole worlds, so the rules about direction bind them less. */
  readonly isTest: boolean;
}

/** What the rules look at: every text file that is or would be committed, TypeScript already scanned. */
export interface Tree {
  readonly texts: readonly TextFile[];
  readonly sources: readonly SourceFile[];
  text(path: string): string | undefined;
}

/** A rule reads the tree and nothing else, so that a planted tree in memory is enough to test it. */
export type Rule = (tree: Tree) => readonly Finding[];

const SOURCE = /\.tsx?$/;
const TEST = /\.(test|fixture)\.tsx?$/;

export function treeOf(texts: readonly TextFile[]): Tree {
  const byPath = new Map(texts.map((file) => [file.path, file.text]));
  const sources = texts
    .filter((file) => SOURCE.test(file.path))
    .map((file) => ({
      ...file,
      scan: scanSource(file.text),
      isTest: TEST.test(file.path) || file.path.startsWith("tests/"),
    }));
  return { texts, sources, text: (path) => byPath.get(path) };
}

/** Git decides what belongs to the project: tracked files and new ones that are not ignored. */
export function readTree(root: string): Tree {
  const listed = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
    { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  const texts: TextFile[] = [];
  for (const path of listed.split("\0")) {
    const text = path === "" ? undefined : readText(join(root, path));
    if (text !== undefined) texts.push({ path, text });
  }
  return treeOf(texts);
}

/** Undefined for a binary file, and for one that git lists and the work tree no longer has. */
function readText(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "EISDIR") return undefined;
    throw cause;
  }
  return bytes.subarray(0, 8000).includes(0) ? undefined : bytes.toString("utf8");
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

/** Every match of `pattern` (which must carry the `g` flag) as a finding at its line. */
export function findAll(
  path: string,
  text: string,
  pattern: RegExp,
  rule: string,
  message: (match: RegExpMatchArray) => string,
): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path,
    line: lineAt(text, match.index),
    rule,
    message: message(match),
  }));
}
