/** A partition of the rig's disk. All begin at whole mebibytes. */
export interface Partition {
  /** From 1, as in the table and in the names that Linux gives. */
  readonly number: number;
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** GPT type, by its short code of sgdisk. */
  readonly typeCode: string;
}

const MEBIBYTE = 1024 * 1024;

/** One row each: what it holds, and how large it is. */
const TABLE = [
  ["moult-boot", 1, "ef02"],
  ["moult-env", 1, "8300"],
  ["moult-a", 48, "8300"],
  ["moult-b", 48, "8300"],
  ["moult-keep", 16, "8300"],
  ["moult-data", 128, "8300"],
  // Node, apart from the systems: a release is a third of the size then, and so is a cycle of the rig.
  ["moult-runtime", 136, "8300"],
] as const;
export type PartitionName = (typeof TABLE)[number][0];

export const PARTITIONS = Object.fromEntries(
  TABLE.map(([name, mebibytes, typeCode], index) => {
    const before = TABLE.slice(0, index).reduce((sum, [, size]) => sum + size, 1);
    return [
      name,
      {
        number: index + 1,
        name,
        startBytes: before * MEBIBYTE,
        sizeBytes: mebibytes * MEBIBYTE,
        typeCode,
      },
    ];
  }),
) as Readonly<Record<PartitionName, Partition>>;

export const DISK_BYTES =
  // The table, its copy behind the last partition, and what lies between.
  TABLE.reduce((sum, [, mebibytes]) => sum + mebibytes, 2) * MEBIBYTE;

/** Smaller than its slot, as systems are. */
export const SYSTEM_BYTES = 40 * MEBIBYTE;
