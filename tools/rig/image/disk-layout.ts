/** A partition of the rig's disk. All begin at whole mebibytes. */
export interface Partition {
  /** From 1, as in the table and in the names that Linux gives. */
  readonly number: number;
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** GPT type, by its short code of sgdisk. */
  readonly typeCode: string;
  /** A bit of GPT's attributes that is set, if one is: 2 is where U-Boot looks for its script. */
  readonly attribute?: number;
}

/** What lies where on a board's disk. The numbers of partitions are the same on all boards. */
export interface DiskLayout {
  readonly partitions: Readonly<Record<PartitionName, Partition>>;
  /** Of the file system of one release; its slot is larger, as slots are. */
  readonly systemBytes: number;
  readonly diskBytes: number;
}

export type PartitionName =
  | "moult-boot"
  | "moult-env"
  | "moult-a"
  | "moult-b"
  | "moult-keep"
  | "moult-data"
  | "moult-runtime";

export interface LayoutOptions {
  /** The partition that is the bootloader's own. */
  readonly boot: {
    readonly mebibytes: number;
    readonly typeCode: string;
    readonly attribute?: number;
  };
  readonly systemMebibytes: number;
  /** Of the file system that Node lies in. */
  readonly runtimeMebibytes: number;
}

const MEBIBYTE = 1024 * 1024;
const SLOT_MORE_MEBIBYTES = 4;
const LINUX = "8300";

export function layoutOf({ boot, systemMebibytes, runtimeMebibytes }: LayoutOptions): DiskLayout {
  const slot = systemMebibytes + SLOT_MORE_MEBIBYTES;
  const table: readonly (readonly [PartitionName, number])[] = [
    ["moult-boot", boot.mebibytes],
    ["moult-env", 1],
    ["moult-a", slot],
    ["moult-b", slot],
    ["moult-keep", 16],
    ["moult-data", 128],
    // Node, apart from the systems: a release is a third of the size then, and so is a cycle of the rig.
    ["moult-runtime", runtimeMebibytes],
  ];
  let end = 1;
  const partitions = table.map(([name, mebibytes], index) => {
    const start = end;
    end += mebibytes;
    const partition = {
      number: index + 1,
      name,
      startBytes: start * MEBIBYTE,
      sizeBytes: mebibytes * MEBIBYTE,
      typeCode: LINUX,
      ...(index === 0 ? { typeCode: boot.typeCode } : {}),
      ...(index === 0 && boot.attribute !== undefined ? { attribute: boot.attribute } : {}),
    };
    return [name, partition] as const;
  });
  return {
    partitions: Object.fromEntries(partitions) as Record<PartitionName, Partition>,
    systemBytes: systemMebibytes * MEBIBYTE,
    // The table's copy lies behind the last partition.
    diskBytes: (end + 1) * MEBIBYTE,
  };
}

export const slotOf = ({ partitions }: DiskLayout, slot: string): Partition =>
  partitions[slot === "a" ? "moult-a" : "moult-b"];
