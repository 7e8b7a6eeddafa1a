import {
  closeSync,
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
import { join } from "node:path";
import { DISK_BYTES, PARTITIONS, type Partition } from "./disk-layout.ts";
import { makeBootCode, type GrubScripts } from "./make-boot-code.ts";
import { makeFileSystem } from "./make-file-system.ts";
import { uuidOf } from "./make-system.ts";
import { runTool } from "./run-tool.ts";

const SECTOR_BYTES = 512;

export interface DiskParts {
  readonly grubScripts: GrubScripts;
  /** The system in slot a; slot b is empty. */
  readonly systemFile: string;
  /** The file system with Node. */
  readonly runtimeFile: string;
  /** What the device is provisioned with. */
  readonly provisioning: string;
}

/** A whole disk as a factory would make it, in a sparse file: no loop device, no mount and no root are needed. */
export function makeDisk(parts: DiskParts, file: string): void {
  const folder = mkdtempSync(join(tmpdir(), "moult-disk-"));
  rmSync(file, { force: true });
  const disk = openSync(file, "w+");
  try {
    ftruncateSync(disk, DISK_BYTES);
    runTool("sgdisk", ["-a", "1", ...Object.values(PARTITIONS).flatMap(tableEntry), file]);
    const place = (partition: Partition, bytes: Buffer): void => {
      if (bytes.length > partition.sizeBytes)
        throw new Error(`${bytes.length} bytes do not fit into ${partition.name}`);
      writeSparse(disk, bytes, partition.startBytes);
    };
    const boot = PARTITIONS["moult-boot"];
    const { first, core } = makeBootCode(parts.grubScripts, boot.startBytes / SECTOR_BYTES);
    writeSync(disk, first, 0, first.length, 0);
    place(boot, core);
    place(PARTITIONS["moult-env"], readFileSync(makeEnvironment(folder)));
    place(PARTITIONS["moult-a"], readFileSync(parts.systemFile));
    const keep = join(folder, "keep");
    mkdirSync(keep);
    writeFileSync(join(keep, "provisioning.json"), parts.provisioning);
    place(PARTITIONS["moult-keep"], makePartition(folder, PARTITIONS["moult-keep"], keep));
    const data = join(folder, "data");
    mkdirSync(data);
    place(PARTITIONS["moult-data"], makePartition(folder, PARTITIONS["moult-data"], data));
    place(PARTITIONS["moult-runtime"], readFileSync(parts.runtimeFile));
  } finally {
    closeSync(disk);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Node without its symbols, in a file system of its own that is made once. */
export function makeRuntime(file: string): void {
  if (existsSync(file)) return;
  const tree = mkdtempSync(join(tmpdir(), "moult-runtime-"));
  try {
    runTool("strip", ["-o", join(tree, "node"), process.execPath]);
    makeFileSystem({
      kind: "ext4",
      tree,
      file: `${file}.new`,
      sizeBytes: PARTITIONS["moult-runtime"].sizeBytes,
      label: "moult-runtime",
      uuid: uuidOf("runtime"),
      hasJournal: false,
    });
    runTool("mv", [`${file}.new`, file]);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Two copies of what GRUB chooses from: slot a is good, nothing is on trial. */
function makeEnvironment(folder: string): string {
  const tree = join(folder, "env");
  mkdirSync(tree);
  for (const [index, generation] of [1, 2].entries()) {
    const copy = join(tree, `boot-env.${index}`);
    runTool("grub-editenv", [copy, "create"]);
    const choice = ["moult_good=a", "moult_trial=", "moult_tries=0"];
    runTool("grub-editenv", [copy, "set", `moult_generation=${generation}`, ...choice]);
  }
  const file = join(folder, "env.img");
  const { sizeBytes } = PARTITIONS["moult-env"];
  const uuid = uuidOf("env");
  makeFileSystem({ kind: "ext2", tree, file, sizeBytes, label: "moult-env", uuid });
  return file;
}

function makePartition(folder: string, { name, sizeBytes }: Partition, tree: string): Buffer {
  const file = join(folder, `${name}.img`);
  makeFileSystem({ kind: "ext4", tree, file, sizeBytes, label: name, uuid: uuidOf(name) });
  return readFileSync(file);
}

function tableEntry({ number, name, startBytes, sizeBytes, typeCode }: Partition): string[] {
  const start = startBytes / SECTOR_BYTES;
  const end = start + sizeBytes / SECTOR_BYTES - 1;
  return [
    `--new=${number}:${start}:${end}`,
    `--typecode=${number}:${typeCode}`,
    `--change-name=${number}:${name}`,
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
