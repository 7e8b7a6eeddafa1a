import type { SlotDevice } from "@moult/agent-core";
import { BootError } from "./boot-error.ts";

// Where a file of an EFI system partition is, read from the tables of its FAT ("Microsoft Extensible Firmware Initiative FAT32
// File System Specification", 1.03). Firmware reads FAT without a journal, and a rename on it is several writes; but a file
// whose place and size stay can be filled like a partition, and then the tables never change.

/** A part of a file that lies in one piece. */
export interface Extent {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface FatFile {
  readonly sizeBytes: number;
  /** In the order of the file, in whole clusters: together at least its size. */
  readonly extents: readonly Extent[];
}

const BOOT_SECTOR_BYTES = 512;
const ENTRY_BYTES = 32;
/** Folders of an EFI system partition are short; a damaged one must not be read for ever. */
const FOLDER_CLUSTERS_MAX = 64;
const ATTRIBUTE = { volume: 0x08, folder: 0x10, longName: 0x0f } as const;

/**
 * A file by its path, of short names (eight characters, a dot, three) in capital letters: also a file that has a long name is
 * found by its short one. Throws `boot-environment-missing`.
 */
export async function findFatFile(device: SlotDevice, path: string): Promise<FatFile> {
  const fat = await readFat(device);
  let folder = await rootFolder(device, fat);
  const names = path.split("/");
  for (const [index, name] of names.entries()) {
    const entry = entryOf(folder, name, fat);
    const isLast = index === names.length - 1;
    if (entry === undefined || entry.isFolder === isLast)
      throw missing(
        `it holds no ${isLast ? "file" : "folder"} ${names.slice(0, index + 1).join("/")}`,
      );
    if (isLast) return fileFrom(fat, entry);
    folder = await bytesOf(device, chain(fat, entry.cluster, FOLDER_CLUSTERS_MAX));
  }
  throw missing("a path has a name");
}

interface Fat {
  readonly bits: 12 | 16 | 32;
  readonly table: DataView;
  readonly clusterBytes: number;
  /** Clusters are numbered from 2 to below this. */
  readonly clustersEnd: number;
  /** Of cluster 2. */
  readonly dataOffset: number;
  /** A place of its own, on FAT12 and FAT16. */
  readonly root: Extent;
  readonly rootCluster: number;
}

/** What no file system of a partition that can be started from exceeds (FAT32 of 64 GiB in clusters of 4 KiB). */
const TABLE_BYTES_MAX = 64 * 1024 * 1024;

async function readFat(device: SlotDevice): Promise<Fat> {
  const head = await bytesAt(device, { offset: 0, lengthBytes: BOOT_SECTOR_BYTES });
  const sectorBytes = head.getUint16(11, true);
  const clusterBytes = sectorBytes * head.getUint8(13);
  const isPlausible =
    head.getUint16(510, true) === 0xaa55 &&
    [512, 1_024, 2_048, 4_096].includes(sectorBytes) &&
    isPowerOfTwo(clusterBytes);
  if (!isPlausible) throw missing("it holds no FAT file system");
  const tableSectors = head.getUint16(22, true) || head.getUint32(36, true);
  const tableOffset = head.getUint16(14, true) * sectorBytes;
  const rootOffset = tableOffset + head.getUint8(16) * tableSectors * sectorBytes;
  const rootBytes = head.getUint16(17, true) * ENTRY_BYTES;
  const dataOffset = rootOffset + Math.ceil(rootBytes / sectorBytes) * sectorBytes;
  const sectors = head.getUint16(19, true) || head.getUint32(32, true);
  const endBytes = sectors * sectorBytes;
  const clusters = Math.floor((endBytes - dataOffset) / clusterBytes);
  if (clusters < 1 || endBytes > device.sizeBytes) throw missing("its file system is damaged");
  const bits = clusters < 4_085 ? 12 : clusters < 65_525 ? 16 : 32;
  const tableBytes = tableSectors * sectorBytes;
  const clustersEnd = clusters + 2;
  if (tableBytes > TABLE_BYTES_MAX || tableBytes * 8 < clustersEnd * bits)
    throw missing("its file system is damaged");
  const table = await bytesAt(device, { offset: tableOffset, lengthBytes: tableBytes });
  const root = { offset: rootOffset, lengthBytes: rootBytes };
  const rootCluster = head.getUint32(44, true);
  return { bits, table, clusterBytes, clustersEnd, dataOffset, root, rootCluster };
}

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

const rootFolder = async (device: SlotDevice, fat: Fat): Promise<DataView> =>
  fat.bits === 32
    ? bytesOf(device, chain(fat, fat.rootCluster, FOLDER_CLUSTERS_MAX))
    : bytesAt(device, fat.root);

interface Entry {
  readonly isFolder: boolean;
  readonly cluster: number;
  readonly sizeBytes: number;
}

function entryOf(folder: DataView, name: string, { bits }: Fat): Entry | undefined {
  const wanted = shortName(name);
  for (let at = 0; at + ENTRY_BYTES <= folder.byteLength; at += ENTRY_BYTES) {
    const first = folder.getUint8(at);
    if (first === 0) return undefined;
    const attributes = folder.getUint8(at + 11);
    const isNamed =
      (attributes & ATTRIBUTE.longName) !== ATTRIBUTE.longName &&
      (attributes & ATTRIBUTE.volume) === 0 &&
      textAt(folder, at, wanted.length) === wanted;
    if (!isNamed) continue;
    const high = bits === 32 ? folder.getUint16(at + 20, true) : 0;
    return {
      isFolder: (attributes & ATTRIBUTE.folder) !== 0,
      cluster: high * 0x1_0000 + folder.getUint16(at + 26, true),
      sizeBytes: folder.getUint32(at + 28, true),
    };
  }
  return undefined;
}

function shortName(name: string): string {
  const [base = "", extension = ""] = name.split(".");
  return base.padEnd(8) + extension.padEnd(3);
}

function fileFrom(fat: Fat, { cluster, sizeBytes }: Entry): FatFile {
  const clusters = Math.ceil(sizeBytes / fat.clusterBytes);
  const extents = chain(fat, cluster, clusters);
  const lengthBytes = extents.reduce((sum, extent) => sum + extent.lengthBytes, 0);
  if (sizeBytes === 0 || lengthBytes < sizeBytes)
    throw missing("a file has fewer clusters than its size");
  return { sizeBytes, extents };
}

/** Up to `clustersMax` of what hangs on a cluster; neighbours are one extent. */
function chain(fat: Fat, first: number, clustersMax: number): Extent[] {
  const { clusterBytes, dataOffset, clustersEnd } = fat;
  const extents: Extent[] = [];
  const seen = new Set<number>();
  let cluster = first;
  while (seen.size < clustersMax && !isEnd(fat, cluster)) {
    if (cluster < 2 || cluster >= clustersEnd || seen.has(cluster))
      throw missing("its file system leads nowhere");
    seen.add(cluster);
    const offset = dataOffset + (cluster - 2) * clusterBytes;
    const last = extents.at(-1);
    if (last !== undefined && last.offset + last.lengthBytes === offset)
      extents.splice(-1, 1, { ...last, lengthBytes: last.lengthBytes + clusterBytes });
    else extents.push({ offset, lengthBytes: clusterBytes });
    cluster = nextOf(fat, cluster);
  }
  return extents;
}

const isEnd = ({ bits }: Fat, cluster: number): boolean =>
  cluster >= (bits === 32 ? 0xfff_fff8 : 2 ** bits - 8);

function nextOf({ bits, table }: Fat, cluster: number): number {
  if (bits === 32) return table.getUint32(cluster * 4, true) & 0xfff_ffff;
  if (bits === 16) return table.getUint16(cluster * 2, true);
  const pair = table.getUint16(cluster + (cluster >> 1), true);
  return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
}

const textAt = (view: DataView, at: number, lengthBytes: number): string =>
  String.fromCodePoint(...new Uint8Array(view.buffer, view.byteOffset + at, lengthBytes));

async function bytesOf(device: SlotDevice, extents: readonly Extent[]): Promise<DataView> {
  const parts = await Promise.all(extents.map((extent) => bytesAt(device, extent)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return new DataView(bytes.buffer);
}

async function bytesAt(device: SlotDevice, { offset, lengthBytes }: Extent): Promise<DataView> {
  const bytes =
    offset + lengthBytes <= device.sizeBytes ? await device.read(offset, lengthBytes) : undefined;
  if (bytes?.length !== lengthBytes) throw missing("its file system leads out of it");
  return new DataView(bytes.buffer, bytes.byteOffset, lengthBytes);
}

const missing = (reason: string): BootError =>
  new BootError("boot-environment-missing", { reason });
