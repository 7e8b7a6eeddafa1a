import { closeSync, openSync } from "node:fs";
import { join } from "node:path";

const FILE = "agent.sock";

/** `sun_path` has 108 bytes with its end (unix(7)). */
const PATH_BYTES_MAX = 107;

export interface SocketAddress {
  readonly path: string;
  /** Gives back what a long path needed; the path is of no use afterwards. */
  release(): void;
}

/**
 * The daemon's socket in its data folder. A path that is too long for a socket address is named through an open handle of
 * the folder instead, so that a folder deep in a tree works like any other.
 */
export function socketAddress(dataDir: string): SocketAddress {
  const path = join(dataDir, FILE);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return { path, release: () => undefined };
  const folder = openSync(dataDir, "r");
  return { path: `/proc/self/fd/${folder}/${FILE}`, release: () => closeSync(folder) };
}
