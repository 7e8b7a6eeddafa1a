import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

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

export default defineConfig(({ command }) => ({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: fileURLToPath(new URL("../../dist/web", import.meta.url)),
    emptyOutDir: true,
    // A `data:` address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    manifest: true,
    target: "es2022",
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
