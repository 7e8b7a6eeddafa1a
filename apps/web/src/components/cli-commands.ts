import { fetchCommand } from "@moult/api";
import type { HardwareType, ProductName } from "@moult/model";

/** What a person copies into a terminal of the machine that keeps their signing key. All of it happens in one folder. */
const FOLDER = "~/moult";
const END = "END_OF_FILE";

/** For a POSIX shell: one word, whatever is in it. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

export interface CliSource {
  /** Where the page came from: this machine is known to reach it. */
  readonly origin: string;
  readonly cli: { readonly path: string; readonly sha256: string };
  /** PEM; null when every machine knows who vouches for the server, or it speaks plain HTTP. */
  readonly certificateAuthority: string | null;
  readonly email: string;
}

/**
 * Fetches the command line tool and signs in. The digest, which came with this page, vouches for the file. macOS names the
 * checking program differently.
 */
export function getCliCommand({ origin, cli, certificateAuthority, email }: CliSource): string {
  const hasOwnAuthority = certificateAuthority !== null && origin.startsWith("https:");
  const trust = hasOwnAuthority ? " --certificate-authority authority.pem" : "";
  return [
    `mkdir -p ${FOLDER} && cd ${FOLDER}`,
    fetchCommand({ url: `${origin}${cli.path}`, file: "moult.mjs", isChecked: !hasOwnAuthority }),
    `echo '${cli.sha256}  moult.mjs' | (sha256sum -c - || shasum -a 256 -c -)`,
    ...(hasOwnAuthority
      ? [`cat > authority.pem <<'${END}'\n${certificateAuthority.trim()}\n${END}`]
      : []),
    `node moult.mjs login ${quoted(origin)} --email ${quoted(email)}${trust}`,
  ].join("\n");
}

export interface FirstRelease {
  readonly product: ProductName;
  readonly hardwareType: HardwareType;
  /** Whether the product takes no artifact without a signature inside. */
  readonly isSigned: boolean;
}

const FIRST_VERSION = "1.0";

/** A release as small as one can be, a folder with one file, signed with every key of this machine that may. */
export const firstReleaseCommand = ({ product, hardwareType, isSigned }: FirstRelease): string =>
  [
    `cd ${FOLDER}`,
    `mkdir -p hello && echo 'Hello from ${FIRST_VERSION}' > hello/greeting.txt`,
    `node moult.mjs artifact create --type directory --dir hello --dest-dir /opt/hello \\`,
    `  --name ${FIRST_VERSION} --hardware-type ${quoted(hardwareType)} --out hello-${FIRST_VERSION}.mender --force${isSigned ? " \\" : ""}`,
    ...(isSigned ? ["  --sign-key release-key.pem"] : []),
    `node moult.mjs release upload --product ${quoted(product)} hello-${FIRST_VERSION}.mender --sign`,
  ].join("\n");

/** Keys, the first root, and a role for each product's channel `prod`. */
export const trustInitCommand = (
  products: readonly string[],
  purpose: "production" | "development",
): string =>
  [
    `cd ${FOLDER}`,
    [
      "node moult.mjs trust init",
      ...(purpose === "development" ? ["--development"] : []),
      ...products.map((name) => `--product ${quoted(name)}`),
    ].join(" "),
  ].join("\n");

export const renewCommand = (role: string): string =>
  `moult trust propose --renew ${quoted(role)} --sign`;

/** Of a proposal: looked at, signed and published where the keys are. */
export const proposalCommand = (verb: "diff" | "sign" | "publish", proposalId: string): string =>
  `moult trust ${verb} ${quoted(proposalId)}`;

/** FILE and NAME are typed by whoever runs it: the page knows neither where the file is nor whose keys there are. */
export const proposeReleaseCommand = (product: string, channel: string): string =>
  `moult trust propose --product ${quoted(product)} --channel ${quoted(channel)} FILE --sign`;

export const createRoleCommand = (product: string, channel: string): string =>
  `moult trust role create ${quoted(`${product}/${channel}`)} --member NAME --member NAME --sign`;

/** Checks what a device signed, and keeps it with all that proves it. */
export const evidenceCommand = (deviceId: string): string =>
  `moult device receipts ${quoted(deviceId)} --verify --export evidence.json`;
