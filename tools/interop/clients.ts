import { spawnSync } from "node:child_process";

/** A program of other makers whose cases are in tests/interop, each named `<name>: ...`. */
export interface PeerClient {
  readonly name: string;
  /** The file with its cases. */
  readonly file: string;
  /** Undefined: it is not on this machine. */
  version(): string | undefined;
}

export const PEER_CLIENTS: readonly PeerClient[] = [
  {
    name: "mender-client",
    file: "mender-client.test.ts",
    version: () => packageVersion("mender-client"),
  },
  {
    name: "swupdate",
    file: "swupdate.test.ts",
    version: () => packageVersion("swupdate"),
  },
  {
    // The agent beside the two above.
    name: "mixed-fleet",
    file: "mixed-fleet.test.ts",
    version: () => {
      const versions = ["mender-client", "swupdate"].map(packageVersion);
      return versions.includes(undefined) ? undefined : versions.join(" and ");
    },
  },
];

const packageVersion = (name: string): string | undefined =>
  output("dpkg-query", ["--show", "--showformat", "${Version}", name])?.trim();

function output(file: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(file, [...args], { encoding: "utf8" });
  return status === 0 && stdout !== "" ? stdout : undefined;
}
