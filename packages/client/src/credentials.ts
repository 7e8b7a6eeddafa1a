import type { CookieJar } from "./cookie-jar.ts";

/**
 * How a client proves who it is. `browser`: by the cookies of the page's own site. `cookies`: by a session held in a jar,
 * for programs that sign in with a password.
 */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "api-key"; readonly apiKey: string }
  | { readonly kind: "browser" }
  | { readonly kind: "cookies"; readonly jar: CookieJar };

/** Adds what proves the caller to a request. */
export function applyCredentials(credentials: Credentials, headers: Headers): void {
  if (credentials.kind === "api-key") headers.set("authorization", `Bearer ${credentials.apiKey}`);
  if (credentials.kind !== "cookies") return;
  const cookies = credentials.jar.header();
  if (cookies !== undefined) headers.set("cookie", cookies);
}
