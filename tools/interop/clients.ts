import { spawnSync } from "node:child_process";

/** A program of other makers whose cases are in tests/interop, each named `<name>: ...`. */
export interface PeerClient {
  readonly name: string;
  /** The file with its cases. */
  readonly file: string;
  /** Of Vitest: `peers` are clients that no package has, so that `make test` goes without them. */
  readonly project?: "peers";
  /** Undefined: it is not on this machine. */
  version(): string | undefined;
}

/** Of Mender's client in C++, which is in no package of Debian 12 either: the folder that its two programs are in. */
const MENDER_CPP = process.env["MENDER_CPP"];

/** rauc-hawkbit-updater is in no package of Debian; whoever built it says where it is. */
const RAUC_UPDATER = process.env["RAUC_HAWKBIT_UPDATER"] ?? "rauc-hawkbit-updater";

export const PEER_CLIENTS: readonly PeerClient[] = [
  {
    name: "mender-client",
    file: "mender-client.test.ts",
    version: () => packageVersion("mender-client"),
  },
  {
    name: "mender",
    file: "mender.peer.test.ts",
    project: "peers",
    version: () =>
      MENDER_CPP === undefined
        ? undefined
        : output(`${MENDER_CPP}/mender-update`, ["--version"])?.trim(),
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
  {
    name: "rauc-hawkbit-updater",
    file: "rauc-hawkbit-updater.peer.test.ts",
    project: "peers",
    version: () => /\d[\w.-]*/.exec(output(RAUC_UPDATER, ["--version"]) ?? "")?.[0],
  },
  {
    name: "rauc-hawkbit-updater's requests",
    file: "rauc-hawkbit-requests.test.ts",
    // Known to be those of that version where its own cases ran.
    version: () => "1.4",
  },
];

const packageVersion = (name: string): string | undefined =>
  output("dpkg-query", ["--show", "--showformat", "${Version}", name])?.trim();

function output(file: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(file, [...args], { encoding: "utf8" });
  return status === 0 && stdout !== "" ? stdout : undefined;
}
