/**
 * Where trusted metadata is kept. An entry's name is a role's, percent-encoded, so it has no `/`; names that begin with `+`
 * are the trust code's own. A write replaces the whole entry or, after a power cut, leaves the one before; what is damaged
 * all the same is found out and counts as not there.
 */
export interface TrustStore {
  read(entry: string): Promise<Uint8Array | undefined>;
  write(entry: string, bytes: Uint8Array): Promise<void>;
  /** An entry that is not there is no error. */
  remove(entry: string): Promise<void>;
}

/**
 * Where metadata comes from; nothing it says is trusted. `file` is the file's name as it stands in an address, already
 * percent-encoded: `2.root.json`, `timestamp.json`, `3.gw2.prod.json`.
 */
export interface TrustSource {
  /**
   * The file's bytes, or `undefined` when there is no such file (404 and 403). Reading stops beyond `bytesMax`: what is
   * longer is refused, so one byte more than that is as good as all of it. Throws when the transport fails.
   */
  fetch(file: string, bytesMax: number): Promise<Uint8Array | undefined>;
}
