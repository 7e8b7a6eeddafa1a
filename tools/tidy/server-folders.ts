import type { ImportStatement } from "./scan-source.ts";
import { lineAt, type Finding, type SourceFile, type Tree } from "./tree.ts";
import { resolveRelative } from "./workspace-of.ts";

/**
 * Directions inside the server: protocols -> device-session -> capabilities -> platform. Files directly in `src` are
 * the wiring (main.ts and what it is split into) and may reach everything. Every folder that is not listed here is a
 * capability, and a capability shows the others only its index.ts.
 */
const SERVER = "apps/server/src/";
const LAYERS = ["platform", "protocols", "device-session", "migrations", "jobs"] as const;
type Layer = (typeof LAYERS)[number] | "capability" | "wiring";

interface Place {
  readonly layer: Layer;
  /** The folder below `src`; for a protocol also its own folder, because protocols do not know each other. */
  readonly folder: string;
  readonly file: string;
}

/** What each layer may import beside itself. A capability is then held to the other's index.ts. */
const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  wiring: ["wiring", "platform", "protocols", "device-session", "migrations", "jobs", "capability"],
  protocols: ["device-session", "platform", "wiring"],
  "device-session": ["capability", "platform", "wiring"],
  jobs: ["capability", "platform", "wiring"],
  capability: ["capability", "platform", "wiring"],
  migrations: ["platform"],
  platform: ["migrations", "wiring"],
};

const QUERIES = /(?:^|[/-])queries\.ts$/;

export function serverFolders(tree: Tree): readonly Finding[] {
  const server = tree.sources.filter((file) => file.path.startsWith(SERVER));
  return server.flatMap((file) => [
    ...(file.isTest ? [] : directions(file)),
    ...entryFindings(file),
  ]);
}

function directions(file: SourceFile): Finding[] {
  const from = placeOf(file.path);
  const findings: Finding[] = [];
  for (const statement of file.scan.imports) {
    if (!statement.specifier.startsWith(".")) continue;
    const target = resolveRelative(file.path, statement.specifier);
    if (!target.startsWith(SERVER)) continue;
    const message = complaint(from, placeOf(target));
    if (message !== undefined) findings.push(at(file, statement, message));
  }
  return findings;
}

function complaint(from: Place, to: Place): string | undefined {
  if (from.folder === to.folder) return undefined;
  if (to.file === "main.ts") return "nothing imports main.ts: it wires the others";
  if (from.layer === "protocols" && to.layer === "protocols") {
    const isShared = from.folder === "protocols" || to.folder === "protocols";
    return isShared ? undefined : `protocol ${from.folder} does not know protocol ${to.folder}`;
  }
  if (!MAY_IMPORT[from.layer].includes(to.layer)) {
    const asker = from.layer === "capability" ? `capability ${from.folder}` : from.layer;
    const asked = to.layer === "capability" ? `capability ${to.folder}` : to.layer;
    return `${asker} may not import ${asked}`;
  }
  if (from.layer === "wiring") return undefined;
  if (to.layer === "capability" && to.file !== "index.ts")
    return `reach ${to.folder} through ${to.folder}/index.ts, not ${to.file}`;
  if (to.layer === "device-session" && QUERIES.test(to.file))
    return "the queries of device-session are its own";
  return undefined;
}

/** An entry lists what it shows by name, and never shows a query: those are one capability's own. */
function entryFindings(file: SourceFile): Finding[] {
  const { layer, file: name } = placeOf(file.path);
  if (name !== "index.ts" || (layer !== "capability" && layer !== "device-session")) return [];
  return file.scan.imports
    .filter((statement) => statement.kind === "export" && QUERIES.test(statement.specifier))
    .map((statement) => at(file, statement, "index.ts shows decisions, never queries"));
}

function placeOf(path: string): Place {
  const [folder = "", ...rest] = path.slice(SERVER.length).split("/");
  if (rest.length === 0) return { layer: "wiring", folder: "", file: folder };
  if (folder === "protocols" && rest.length > 1)
    return { layer: "protocols", folder: rest[0] ?? "", file: rest.slice(1).join("/") };
  const layer = LAYERS.find((known) => known === folder) ?? "capability";
  return { layer, folder, file: rest.join("/") };
}

function at(file: SourceFile, statement: ImportStatement, message: string): Finding {
  return {
    path: file.path,
    line: lineAt(file.text, statement.offset),
    rule: "server-folders",
    message,
  };
}
