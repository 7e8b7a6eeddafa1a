import { resolve } from "node:path";

/** `npm run build` puts the server's bundle into `dist/server`, all of it in one folder; the checkout runs its sources. */
const isBundled = import.meta.filename.endsWith(".mjs");

/** What `npm run build` makes and this server hands out: the agent, the command line tool, the web console. */
export const DIST_FOLDER = resolve(import.meta.dirname, isBundled ? ".." : "../../../../dist");

export const SIGNER_MAIN = resolve(
  import.meta.dirname,
  isBundled ? "signer.mjs" : "../../../signer/src/main.ts",
);
