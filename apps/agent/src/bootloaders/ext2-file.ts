import type { SlotDevice } from "@moult/agent-core";
import { BootError } from "./boot-error.ts";

// Where a small file of a tiny ext2 is, read from its tables ("The Second Extended File System", Poirier, 2019). A bootloader
// without a journal reads and rewrites the same block, and Linux never mounts the file system: so the block stays where it is.

export interface Ext2File {
  /** Of the file's first byte on the device. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly blockBytes: number;
}

const SUPERBLOCK = { offset: 1_024, bytes: 1_024, magic: 0xef53 } as const;
const ROOT_INODE = 2;
/** Directory entries with a type: what every ext2 of today has. Anything else may mean blocks that are found in other ways. */
const FEATURE_FILETYPE = 0x2;
const FLAG_EXTENTS = 0x8_0000;
const MODE_TYPE = 0xf000;
const MODE_FILE = 0x8000;
const MODE_FOLDER = 0x4000;

/** A file in the root folder whose whole content is in its first block; throws `boot-environment-missing`. */
export async function findExt2File(device: SlotDevice, name: string): Promise<Ext2File> {
  const layout = await readLayout(device);
  const root = await readInode(device, layout, ROOT_INODE);
  if (root.type !== MODE_FOLDER) throw missing("its file system has no root folder");
  const folder = await bytesAt(device, root.block * layout.blockBytes, layout.blockBytes);
  const number = inodeOf(folder, name);
  if (number === undefined) throw missing(`it holds no file ${name}`);
  const file = await readInode(device, layout, number);
  if (file.type !== MODE_FILE) throw missing(`its ${name} is not a file`);
  if (file.sizeBytes > layout.blockBytes) throw missing(`its ${name} is longer than a block`);
  const offset = file.block * layout.blockBytes;
  if (file.block === 0 || offset + layout.blockBytes > device.sizeBytes)
    throw missing(`its ${name} has no block`);
  return { offset, sizeBytes: file.sizeBytes, blockBytes: layout.blockBytes };
}

interface Layout {
  readonly blockBytes: number;
  readonly inodeBytes: number;
  readonly inodesPerGroup: number;
  /** Of the block of group descriptors. */
  readonly groupsOffset: number;
}

async function readLayout(device: SlotDevice): Promise<Layout> {
  const block = await bytesAt(device, SUPERBLOCK.offset, SUPERBLOCK.bytes);
  if (block.getUint16(56, true) !== SUPERBLOCK.magic) throw missing("it holds no ext2 file system");
  if ((block.getUint32(96, true) & ~FEATURE_FILETYPE) !== 0)
    throw missing("its file system has features of a newer one; make it with `mke2fs -t ext2`");
  const shift = block.getUint32(24, true);
  const isFirstRevision = block.getUint32(76, true) === 0;
  const inodeBytes = isFirstRevision ? 128 : block.getUint16(88, true);
  const inodesPerGroup = block.getUint32(40, true);
  if (shift > 6 || inodeBytes < 128 || inodesPerGroup === 0)
    throw missing("its file system is damaged");
  const blockBytes = 1_024 << shift;
  const groupsOffset = (block.getUint32(20, true) + 1) * blockBytes;
  return { blockBytes, inodeBytes, inodesPerGroup, groupsOffset };
}

interface Inode {
  readonly type: number;
  readonly sizeBytes: number;
  /** The first one. */
  readonly block: number;
}

const GROUP_BYTES = 32;

async function readInode(device: SlotDevice, layout: Layout, number: number): Promise<Inode> {
  const { inodeBytes, inodesPerGroup, groupsOffset, blockBytes } = layout;
  const group = Math.floor((number - 1) / inodesPerGroup);
  const descriptor = await bytesAt(device, groupsOffset + group * GROUP_BYTES, GROUP_BYTES);
  const table = descriptor.getUint32(8, true) * blockBytes;
  const index = (number - 1) % inodesPerGroup;
  const inode = await bytesAt(device, table + index * inodeBytes, 128);
  if ((inode.getUint32(32, true) & FLAG_EXTENTS) !== 0)
    throw missing("its file system has extents; make it with `mke2fs -t ext2`");
  return {
    type: inode.getUint16(0, true) & MODE_TYPE,
    sizeBytes: inode.getUint32(4, true),
    block: inode.getUint32(40, true),
  };
}

const ENTRY_HEAD_BYTES = 8;

function inodeOf(folder: DataView, name: string): number | undefined {
  for (let at = 0; at + ENTRY_HEAD_BYTES <= folder.byteLength;) {
    const lengthBytes = folder.getUint16(at + 4, true);
    const nameBytes = folder.getUint8(at + 6);
    // What is shorter than itself leads nowhere, and a walk over damaged entries must end.
    if (lengthBytes < ENTRY_HEAD_BYTES + nameBytes || at + lengthBytes > folder.byteLength) break;
    const number = folder.getUint32(at, true);
    if (number !== 0 && textAt(folder, at + ENTRY_HEAD_BYTES, nameBytes) === name) return number;
    at += lengthBytes;
  }
  return undefined;
}

const textAt = (view: DataView, at: number, lengthBytes: number): string =>
  String.fromCodePoint(...new Uint8Array(view.buffer, view.byteOffset + at, lengthBytes));

async function bytesAt(device: SlotDevice, offset: number, lengthBytes: number): Promise<DataView> {
  const bytes =
    offset + lengthBytes <= device.sizeBytes ? await device.read(offset, lengthBytes) : undefined;
  if (bytes?.length !== lengthBytes) throw missing("its file system leads out of it");
  return new DataView(bytes.buffer, bytes.byteOffset, lengthBytes);
}

const missing = (reason: string): BootError =>
  new BootError("boot-environment-missing", { reason });
