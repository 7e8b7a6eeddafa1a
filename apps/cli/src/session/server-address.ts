import { usageError } from "../command-line/cli-error.ts";

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** An address as people type it, `moult.example.org` for example, as the one that is stored and called. */
export function serverAddress(typed: string): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usageError(
      `"${typed}" is not the address of a server.`,
      "For example https://moult.example.org",
    );
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw usageError(`"${typed}" is neither an https nor an http address.`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw usageError("The server's address has no user, question mark or hash.");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** Whether what is sent there, an API key among it, can be read on the way. */
export function isExposed(server: string): boolean {
  const { protocol, hostname } = new URL(server);
  return protocol === "http:" && !LOOPBACK.test(hostname);
}
