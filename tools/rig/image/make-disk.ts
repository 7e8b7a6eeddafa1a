import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Board, BootScripts, DiskWriter, Guest } from "../machine/board.ts";
import type { Partition } from "./disk-layout.ts";
import { makeFileSystem } from "./make-file-system.ts";
import { uuidOf } from "./make-system.ts";
import { runTool } from "./run-tool.ts";

const SECTOR_BYTES = 512;

export interface DiskParts {
  readonly board: Board;
  /** The bootloader's, which may be planted ones. */
  readonly scripts: BootScripts;
  /** The system in slot a; slot b is empty. */
  readonly systemFile: string;
  /** The file system with Node. */
  readonly runtimeFile: string;
  /** What the device is provisioned with. */
  readonly provisioning: string;
}

/** A whole disk as a factory would make it, in a sparse file: no loop device, no mount and no root are needed. */
export function makeDisk(parts: DiskParts, file: string): void {
  const { board, scripts } = parts;
  const { partitions, diskBytes } = board.layout;
  const folder = mkdtempSync(join(tmpdir(), "moult-disk-"));
  rmSync(file, { force: true });
  const disk = openSync(file, "w+");
  try {
    ftruncateSync(disk, diskBytes);
    runTool("sgdisk", ["-a", "1", ...Object.values(partitions).flatMap(tableEntry), file]);
    const writer: DiskWriter = {
      layout: board.layout,
      write: (offset, bytes) => writeSparse(disk, bytes, offset),
      place: (name, bytes) => {
        const { startBytes, sizeBytes } = partitions[name];
        if (bytes.length > sizeBytes)
          throw new Error(`${bytes.length} bytes do not fit into ${name}`);
        writeSparse(disk, bytes, startBytes);
      },
    };
    board.install(writer, scripts, parts.systemFile);
    writer.place("moult-a", readFileSync(parts.systemFile));
    const keep = join(folder, "keep");
    mkdirSync(keep);
    writeFileSync(join(keep, "provisioning.json"), parts.provisioning);
    writer.place("moult-keep", makePartition(folder, partitions["moult-keep"], keep));
    const data = join(folder, "data");
    mkdirSync(data);
    writer.place("moult-data", makePartition(folder, partitions["moult-data"], data));
    writer.place("moult-runtime", readFileSync(parts.runtimeFile));
  } finally {
    closeSync(disk);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Node without its symbols and what it is linked to, in a file system of its own that is made once. */
export function makeRuntime(
  { programs, nodeLibraries, strip }: Guest,
  sizeBytes: number,
  file: string,
): void {
  if (existsSync(file)) return;
  const tree = mkdtempSync(join(tmpdir(), "moult-runtime-"));
  try {
    if (strip === undefined) copyFileSync(programs.node, join(tree, "node"));
    else runTool(strip, ["-o", join(tree, "node"), programs.node]);
    for (const library of nodeLibraries)
      copyFileSync(library.file, join(tree, basename(library.path)));
    makeFileSystem({
      kind: "ext4",
      tree,
      file: `${file}.new`,
      sizeBytes,
      label: "moult-runtime",
      uuid: uuidOf("runtime"),
      hasJournal: false,
    });
    runTool("mv", [`${file}.new`, file]);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function makePartition(folder: string, { name, sizeBytes }: Partition, tree: string): Buffer {
  const file = join(folder, `${name}.img`);
  makeFileSystem({ kind: "ext4", tree, file, sizeBytes, label: name, uuid: uuidOf(name) });
  return readFileSync(file);
}

function tableEntry({
  number,
  name,
  startBytes,
  sizeBytes,
  typeCode,
  attribute,
}: Partition): string[] {
  const start = startBytes / SECTOR_BYTES;
  const end = start + sizeBytes / SECTOR_BYTES - 1;
  return [
    `--new=${number}:${start}:${end}`,
    `--typecode=${number}:${typeCode}`,
    `--change-name=${number}:${name}`,
    ...(attribute === undefined ? [] : [`--attributes=${number}:set:${attribute}`]),
  ];
}

/** Leaves out what is nothing but zeroes: the file is empty there already. */
function writeSparse(file: number, bytes: Buffer, position: number): void {
  const step = 64 * 1024;
  const zeroes = Buffer.alloc(step);
  for (let start = 0; start < bytes.length; start += step) {
    const part = bytes.subarray(start, start + step);
    if (!part.equals(zeroes.subarray(0, part.length)))
      writeSync(file, part, 0, part.length, position + start);
  }
}
