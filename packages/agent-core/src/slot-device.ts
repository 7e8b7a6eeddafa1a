/** The place of one slot: a partition, or a file of fixed size. Loses what was not synced, as a disk does. */
export interface SlotDevice {
  readonly sizeBytes: number;
  /** Fewer bytes than asked for only at the end of the device. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Everything written before is durable when it returns. */
  sync(): Promise<void>;
  /** Reads after it come from the medium, not from memory. */
  dropCache(): Promise<void>;
}
