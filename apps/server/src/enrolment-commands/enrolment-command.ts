import { fetchCommand } from "@moult/api";
import type { Provisioning } from "@moult/device-protocol";
import type { Sha256 } from "@moult/model";

/** What the command fetches and writes. */
export interface EnrolmentCommandFacts {
  readonly provisioning: Provisioning;
  readonly agent: { readonly path: string; readonly sha256: Sha256 };
  /** Below the person's home folder; one per server and product, so that a device keeps its key when it is asked again. */
  readonly folder: string;
}

/** The agent's bundle is made for it; `tools/build.ts` says so to the bundler. */
const NODE_MAJOR_MIN = 20;
/** A person waits for what happens next, so the device asks often; in a fleet the server's own interval holds. */
const CHECK_IN_SECONDS_MAX = 10;
const AGENT_FILE = "moult-agent.mjs";
/** JSON has no line like it. */
const END = "END_OF_FILE";

/**
 * What makes a device of any Linux machine with Node: pasted into a shell, by any user, it needs nothing else and
 * writes to one folder only. It runs in a shell of its own, so that a failure ends neither the person's shell nor goes on.
 *
 * The file's digest vouches for what is downloaded, so a certificate that the machine cannot check yet does no harm; the
 * agent itself believes only the authority in its provisioning.
 */
export function enrolmentCommand({ provisioning, agent, folder }: EnrolmentCommandFacts): string {
  const { root, ...rest } = provisioning;
  const { url, certificateAuthority } = provisioning.server;
  const config = { checkIn: { secondsMax: CHECK_IN_SECONDS_MAX } };
  return [
    "(set -eu; umask 077",
    `mkdir -p "$HOME/${folder}/root/etc/moult"; cd "$HOME/${folder}"`,
    `node -e 'process.exit(parseInt(process.versions.node) < ${NODE_MAJOR_MIN} ? 1 : 0)' || { echo 'This needs Node ${NODE_MAJOR_MIN} or newer: https://nodejs.org' >&2; exit 1; }`,
    fetchCommand({
      url: new URL(agent.path, url).href,
      file: AGENT_FILE,
      isChecked: certificateAuthority === undefined,
    }),
    `echo '${agent.sha256}  ${AGENT_FILE}' | sha256sum -c -`,
    file("root/etc/moult/agent.json", JSON.stringify(config)),
    file("root/etc/moult/artifact_info", "artifact_name=factory"),
    file("root.json", asciiJson(JSON.parse(root))),
    file("provisioning.json", asciiJson(rest)),
    PUT_ROOT,
    `node ${AGENT_FILE} provision provisioning.json --replace --root root`,
    "rm provisioning.json root.json",
    `exec node ${AGENT_FILE} daemon --root root)`,
    "",
  ].join("\n");
}

/**
 * A root is one line of JSON, longer than a line of a terminal may be, so it travels as many and becomes the one it was:
 * byte for byte, so that its digest is the one that `moult trust status` shows.
 */
const PUT_ROOT = `node -e 'const f=require("fs"),r=(n)=>JSON.parse(f.readFileSync(n,"utf8"));f.writeFileSync("provisioning.json",JSON.stringify({...r("provisioning.json"),root:JSON.stringify(r("root.json"))}))'`;

const file = (path: string, content: string): string =>
  `cat > ${path} <<'${END}'\n${content}\n${END}`;

/** A terminal takes some characters for commands to itself, and a machine's locale may not know the others. */
const asciiJson = (value: unknown): string =>
  JSON.stringify(value, null, 1).replaceAll(
    /[^\n -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
