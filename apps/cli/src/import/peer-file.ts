import type { PeerContent } from "./peer-link.ts";

/** A file of the other server that may become an artifact. */
export interface PeerFile {
  /** The same for the same bytes, run after run. */
  readonly id: string;
  /** For people. */
  readonly label: string;
  /** A base name. */
  readonly fileName: string;
  /** Null: the other server does not say. */
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  /** What it becomes where it does not say so itself; undefined for an artifact. */
  readonly wrap: { readonly name: string; readonly hardwareTypes: readonly string[] } | undefined;
  open(startBytes: number): Promise<PeerContent>;
}
