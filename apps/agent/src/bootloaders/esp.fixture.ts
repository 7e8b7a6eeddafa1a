import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface EspOptions {
  /** Not less than 8 MiB, or `mkfs.fat` takes it for a floppy disk and aligns nothing. */
  readonly sizeBytes?: number;
  /** More for `mkfs.fat`; clusters of 4096 bytes unless said otherwise. */
  readonly options?: readonly string[];
  /** Of both kernels' files. */
  readonly kernelBytes?: number;
}

/** An EFI system partition as a factory makes it, with the files of both kernels in the holes that others left. */
export function anEsp(options: EspOptions = {}): Uint8Array {
  const { sizeBytes = 8 << 20, options: more = ["-s", "8"], kernelBytes = 300_000 } = options;
  const folder = mkdtempSync(join(tmpdir(), "moult-esp-"));
  const run = (program: string, args: readonly string[]): void => {
    // Debian keeps mkfs.fat out of an ordinary person's PATH.
    const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
    const env = { ...process.env, PATH, MTOOLS_SKIP_CHECK: "1" };
    execFileSync(program, args, { stdio: "ignore", env });
  };
  try {
    const image = join(folder, "esp.img");
    const file = join(folder, "file");
    const copy = (bytes: Uint8Array, path: string): void => {
      writeFileSync(file, bytes);
      run("mcopy", ["-o", "-i", image, file, `::${path}`]);
    };
    writeFileSync(image, "");
    truncateSync(image, sizeBytes);
    run("mkfs.fat", [...more, image]);
    for (const made of ["EFI", "EFI/Linux"]) run("mmd", ["-i", image, `::${made}`]);
    // On FAT32 the next free cluster is taken, and holes stay.
    for (const hole of [1, 2, 3, 4]) copy(new Uint8Array(kernelBytes / 8), `hole-${hole}`);
    for (const hole of [1, 3]) run("mdel", ["-i", image, `::hole-${hole}`]);
    for (const slot of ["a", "b"])
      copy(
        new Uint8Array(kernelBytes).fill(slot.codePointAt(0) ?? 0),
        `EFI/Linux/moult-${slot}.efi`,
      );
    return new Uint8Array(readFileSync(image));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
