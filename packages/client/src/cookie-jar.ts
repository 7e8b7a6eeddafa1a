/**
 * The cookies of one server, in memory: what signing in from a program needs of RFC 6265. There is no matching by domain
 * or path, because a client speaks to one address only.
 */
export interface CookieJar {
  /** The value of a `Cookie` header. */
  header(): string | undefined;
  /** Takes over what an answer sets and removes. */
  store(headers: Headers): void;
}

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, string>();
  return {
    header: () =>
      cookies.size === 0
        ? undefined
        : [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    store: (headers) => {
      for (const line of headers.getSetCookie()) {
        const [pair = "", ...attributes] = line.split(";");
        const equals = pair.indexOf("=");
        if (equals < 1) continue;
        const name = pair.slice(0, equals).trim();
        if (attributes.some(isInThePast)) cookies.delete(name);
        else cookies.set(name, pair.slice(equals + 1).trim());
      }
    },
  };
}

function isInThePast(attribute: string): boolean {
  const [name = "", value = ""] = attribute.split("=", 2).map((part) => part.trim());
  if (name.toLowerCase() === "max-age") return Number(value) <= 0;
  return name.toLowerCase() === "expires" && Date.parse(value) <= Date.now();
}
