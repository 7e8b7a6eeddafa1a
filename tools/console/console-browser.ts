import { createHash } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { connect } from "node:tls";
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
} from "playwright-core";
import { ADMINISTRATOR } from "../local/administrator.ts";

/** Where a console is, and whom it trusts: all that a browser needs. */
export interface ConsoleAddress {
  readonly url: string;
  /** PEM. */
  readonly certificateAuthority: string;
}

const EXECUTABLES = ["chromium", "chromium-browser", "google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * The machine's Chromium, headless. It takes the key of this one console for valid, so certificates are checked and
 * answers are kept as with any other site.
 */
export async function launchBrowser(address: ConsoleAddress): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [...ARGUMENTS, `--ignore-certificate-errors-spki-list=${await keyDigest(address)}`],
  });
}

function findChromium(): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of EXECUTABLES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  throw new Error(
    "Chromium is missing, and the tests of the console need it: install Debian's package chromium (tools/test-packages.sh does)",
  );
}

/** SHA-256 of the public key that the server shows, as Chromium wants it. */
function keyDigest({ url, certificateAuthority }: ConsoleAddress): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: hostname, port: Number(port), ca: certificateAuthority, servername: hostname },
      () => {
        const certificate = socket.getPeerX509Certificate();
        socket.end();
        if (certificate === undefined) reject(new Error(`${url} shows no certificate`));
        else
          resolve(
            createHash("sha256")
              .update(certificate.publicKey.export({ format: "der", type: "spki" }))
              .digest("base64"),
          );
      },
    );
    socket.once("error", reject);
  });
}

export interface SignIn {
  readonly email: string;
  readonly password: string;
}

/** A browser window in which somebody has signed in already, with the session that the API gave. */
export async function signedInContext(
  browser: Browser,
  { url }: ConsoleAddress,
  options: BrowserContextOptions = {},
  person: SignIn = ADMINISTRATOR,
): Promise<BrowserContext> {
  const context = await newContext(browser, options);
  const response = await fetch(`${url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ email: person.email, password: person.password }),
  });
  if (!response.ok) throw new Error(`signing in was answered with ${response.status}`);
  const [cookie = ""] = response.headers.getSetCookie();
  const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
  await context.addCookies([{ name, value, url, secure: true, httpOnly: true, sameSite: "Lax" }]);
  return context;
}

export async function newContext(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    locale: "en-GB",
    timezoneId: "UTC",
    viewport: { width: 1280, height: 800 },
    // What slides in is half seen for a moment, and judged so.
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(20_000);
  return context;
}
