import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where `npm run dev` has started a server of its own. */
const server = process.env["MOULT_DEV_SERVER"] ?? "http://127.0.0.1:8443";

/** In development the page carries a nonce, so that the policy of the real server holds there too. */
const nonce = randomBytes(16).toString("base64");
const policy = [
  "default-src 'none'",
  `script-src 'self' 'nonce-${nonce}'`,
  `style-src 'self' 'nonce-${nonce}'`,
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self' ws:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Says beside the manifest which modules each file holds, for tools/web-budget.ts. */
const moduleList: Plugin = {
  name: "module-list",
  apply: "build",
  generateBundle(_, bundle) {
    const sizes = Object.values(bundle).flatMap((part) =>
      part.type === "chunk"
        ? [[part.fileName, Object.fromEntries(modulesOf(part.modules))] as const]
        : [],
    );
    const source = JSON.stringify(Object.fromEntries(sizes));
    this.emitFile({ type: "asset", fileName: ".vite/modules.json", source });
  },
};

const modulesOf = (modules: Readonly<Record<string, { readonly renderedLength: number }>>) =>
  Object.entries(modules).map(
    ([id, { renderedLength }]) =>
      [id.replace(/^.*?(?=node_modules\/|apps\/web\/|packages\/)/, ""), renderedLength] as const,
  );

export default defineConfig(({ command }) => ({
  plugins: [react(), tailwindcss(), moduleList],
  build: {
    outDir: fileURLToPath(new URL("../../dist/web", import.meta.url)),
    emptyOutDir: true,
    // A `data:` address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    manifest: true,
    target: "es2022",
    rolldownOptions: {
      output: {
        // Together, so that wherever a schema is made Zod has been told before that it may make no code.
        codeSplitting: { groups: [{ name: "zod", test: /node_modules\/zod\/|zod-without-eval/ }] },
      },
    },
  },
  ...(command === "serve" ? { html: { cspNonce: nonce } } : {}),
  server: {
    host: "127.0.0.1",
    headers: { "content-security-policy": policy },
    // Everything that is no page of the console is the server's; `/devices` is a page, `/device/...` is not.
    proxy: {
      "^/(?:api|device|download)/|^/(?:healthz|readyz)$": { target: server, changeOrigin: false },
    },
  },
}));
