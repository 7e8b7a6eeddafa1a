import { SigningError } from "./signing-error.ts";

/** A key on a token, by RFC 7512. Names that the URI does not give are not compared. */
export interface Pkcs11Uri {
  readonly token?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  /** The key's label. */
  readonly object?: string;
  /** The key's CKA_ID. */
  readonly id?: Uint8Array;
  /** The shared library that speaks for the token. */
  readonly modulePath?: string;
  /** A file that holds the PIN. */
  readonly pinFile?: string;
}

const TEXT_ATTRIBUTES = ["token", "serial", "manufacturer", "model", "object"] as const;

/**
 * Reads a PKCS#11 URI. It must name the key by `object` or `id`. A PIN in the URI (`pin-value`) is refused, because URIs
 * are seen in arguments, files and logs; `pin-source` names the file that holds it.
 */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  if (!uri.startsWith("pkcs11:")) throw invalid(uri, "it does not begin with pkcs11:");
  const [path = "", query = "", ...rest] = uri.slice("pkcs11:".length).split("?");
  if (rest.length > 0) throw invalid(uri, "it has two question marks");

  const parsed: { -readonly [Name in keyof Pkcs11Uri]: Pkcs11Uri[Name] } = {};
  for (const [name, value] of attributes(uri, path, ";")) {
    const text = TEXT_ATTRIBUTES.find((each) => each === name);
    if (text !== undefined) parsed[text] = textOf(uri, name, value);
    else if (name === "id") parsed.id = value;
    else if (name === "type" && ["private", "public"].includes(value.toString())) continue;
    else throw invalid(uri, `it has an attribute ${name} that is not known`);
  }
  for (const [name, value] of attributes(uri, query, "&")) {
    if (name === "pin-value")
      throw invalid(uri, "a PIN does not belong into it: use pin-source=file:... instead");
    else if (name === "module-path") parsed.modulePath = textOf(uri, name, value);
    else if (name === "pin-source") parsed.pinFile = fileOf(uri, textOf(uri, name, value));
    else throw invalid(uri, `it has an attribute ${name} that is not known`);
  }
  if (parsed.object === undefined && parsed.id === undefined)
    throw invalid(uri, "it names no key: object=LABEL or id=%..");
  return parsed;
}

function attributes(uri: string, part: string, separator: string): [string, Buffer][] {
  if (part === "") return [];
  const seen = new Set<string>();
  return part.split(separator).map((pair) => {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals);
    if (equals < 1) throw invalid(uri, "an attribute has no value");
    if (seen.has(name)) throw invalid(uri, `it gives ${name} twice`);
    seen.add(name);
    return [name, percentDecoded(uri, pair.slice(equals + 1))];
  });
}

function percentDecoded(uri: string, text: string): Buffer {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw invalid(uri, "a percent sign stands alone");
  const bytes = text
    .split(/(%[0-9A-Fa-f]{2})/)
    .map((piece) =>
      /^%[0-9A-Fa-f]{2}$/.test(piece) ? Buffer.from(piece.slice(1), "hex") : Buffer.from(piece),
    );
  return Buffer.concat(bytes);
}

function textOf(uri: string, name: string, bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (text === "" || !Buffer.from(text).equals(bytes)) throw invalid(uri, `${name} is no text`);
  return text;
}

function fileOf(uri: string, source: string): string {
  const path = source.startsWith("file:") ? source.slice("file:".length) : source;
  if (source.startsWith("|") || path === "" || path.startsWith("//"))
    throw invalid(uri, "pin-source is file:PATH");
  return path;
}

const invalid = (uri: string, reason: string): SigningError =>
  // A refused PIN is no reason to print it.
  new SigningError("key-reference-invalid", {
    reference: uri.replace(/pin-value=[^&]*/g, "pin-value=..."),
    reason,
  });
