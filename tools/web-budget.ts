import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as z from "zod";

// `npm run web:budget`, after `npm run build`: what a browser loads of the console, as gzip 9, against what it may load.
// The last line is JSON.

const FOLDER = fileURLToPath(new URL("../dist/web", import.meta.url));
const KILO = 1_000;
/** Signed in, with the overview on the screen. */
const FIRST_SCRIPT_BYTES_MAX = 250 * KILO;
const FIRST_STYLE_BYTES_MAX = 25 * KILO;
/** Of any other page, beside what the first load brought. */
const ROUTE_BYTES_MAX = 60 * KILO;
const CONTRIBUTORS_SHOWN = 20;

const FIRST_PAGE = "src/pages/overview-page.tsx";
/** Pages inside of a page: both are loaded. */
const FRAMES: readonly (readonly [frame: string, inside: RegExp])[] = [
  ["src/pages/deployment-page.tsx", /\/deployment-\w+-page\.tsx$/],
  ["src/pages/device-page.tsx", /\/(?:device-\w+|attempt-log)-page\.tsx$/],
  [
    "src/pages/settings-page.tsx",
    /\/(?:\w+-settings|api-keys|products|enrolment-tokens)-page\.tsx$/,
  ],
];

const Manifest = z.record(
  z.string(),
  z.object({
    file: z.string(),
    isEntry: z.boolean().default(false),
    isDynamicEntry: z.boolean().default(false),
    imports: z.array(z.string()).default([]),
    css: z.array(z.string()).default([]),
  }),
);
type Manifest = z.infer<typeof Manifest>;

/** By file of the build: which modules it holds, and how many bytes each has there before compression. */
const Modules = z.record(z.string(), z.record(z.string(), z.int()));

const readJson = async (name: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(join(FOLDER, ".vite", name), "utf8"));
  } catch (cause) {
    throw new Error("there is no build of the console: run `npm run build`", { cause });
  }
};

const sizes = new Map<string, number>();
async function gzipBytes(file: string): Promise<number> {
  const known = sizes.get(file);
  if (known !== undefined) return known;
  const bytes = gzipSync(await readFile(join(FOLDER, file)), { level: 9 }).length;
  sizes.set(file, bytes);
  return bytes;
}

async function total(files: Iterable<string>): Promise<number> {
  let sum = 0;
  for (const file of files) sum += await gzipBytes(file);
  return sum;
}

/** The scripts and styles that come with a chunk, its own and those of what it imports. */
function closure(manifest: Manifest, keys: readonly string[]) {
  const scripts = new Set<string>();
  const styles = new Set<string>();
  const add = (key: string): void => {
    const chunk = manifest[key];
    if (chunk === undefined || scripts.has(chunk.file)) return;
    scripts.add(chunk.file);
    for (const style of chunk.css) styles.add(style);
    for (const imported of chunk.imports) add(imported);
  };
  for (const key of keys) add(key);
  return { scripts, styles };
}

/** The chunk's compressed bytes, shared among its modules by their size in it; by package, or by own file. */
async function contributors(files: Iterable<string>, modules: z.infer<typeof Modules>) {
  const bytesOf = new Map<string, number>();
  for (const file of files) {
    const parts = Object.entries(modules[file] ?? {});
    const whole = parts.reduce((sum, [, size]) => sum + size, 0);
    for (const [module, size] of parts) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? module;
      const bytes = (size / whole) * (await gzipBytes(file));
      bytesOf.set(name, (bytesOf.get(name) ?? 0) + bytes);
    }
  }
  return [...bytesOf]
    .map(([name, bytes]) => ({ name, bytes: Math.round(bytes) }))
    .toSorted((one, other) => other.bytes - one.bytes);
}

const inKilobytes = (bytes: number): string => `${(bytes / KILO).toFixed(1).padStart(7)} KB`;

const manifest = Manifest.parse(await readJson("manifest.json"));
const modules = Modules.parse(await readJson("modules.json"));
const entries = Object.keys(manifest).filter((key) => manifest[key]?.isEntry === true);
const first = closure(manifest, [...entries, FIRST_PAGE]);
const script = await total(first.scripts);
// The entry page names its styles in index.html.
const style = await total(first.styles);

const routes: { readonly name: string; readonly bytes: number }[] = [];
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || key === FIRST_PAGE) continue;
  const frame = FRAMES.find(([name, inside]) => inside.test(key) && name !== key)?.[0];
  const { scripts } = closure(manifest, frame === undefined ? [key] : [frame, key]);
  const own = [...scripts].filter((file) => !first.scripts.has(file));
  routes.push({ name: key, bytes: await total(own) });
}
routes.sort((one, other) => other.bytes - one.bytes);
const largest = (await contributors(first.scripts, modules)).slice(0, CONTRIBUTORS_SHOWN);

console.log(
  `first load\n${inKilobytes(script)} script, at most 250\n${inKilobytes(style)} style, at most 25`,
);
console.log("largest in it, about");
for (const { name, bytes } of largest) console.log(`${inKilobytes(bytes)} ${name}`);
console.log("each other page, beside it, at most 60");
for (const { name, bytes } of routes) console.log(`${inKilobytes(bytes)} ${name}`);

const over = [
  ...(script > FIRST_SCRIPT_BYTES_MAX ? ["script of the first load"] : []),
  ...(style > FIRST_STYLE_BYTES_MAX ? ["style of the first load"] : []),
  ...routes.filter(({ bytes }) => bytes > ROUTE_BYTES_MAX).map(({ name }) => name),
];
for (const name of over) console.log(`over its budget: ${name}`);
console.log(
  JSON.stringify({
    script,
    style,
    routes: Object.fromEntries(routes.map(({ name, bytes }) => [name, bytes])),
    over,
  }),
);
process.exitCode = over.length === 0 ? 0 : 1;
