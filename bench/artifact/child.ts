import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { randomBytes } from "node:crypto";
import {
  inspectArtifact,
  verifyArtifact,
  writeArtifact,
  type PayloadFileSource,
  type WrittenCompression,
} from "@moult/artifact";

// One task per process, so that its peak memory is its own: `write <none|gz> <sparse|mixed> <bytes>` to the standard
// output, `verify <path>` or `inspect <path>`, where `-` is the standard input. What it took goes to the standard error.

const BLOCK_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** A payload out of nothing: mostly zeros like a disk image, or half random and half hexadecimal text. */
function generated(kind: string, sizeBytes: number): PayloadFileSource {
  const noise = Array.from({ length: 16 }, () => randomBytes(BLOCK_BYTES));
  const zeros = Buffer.alloc(BLOCK_BYTES);
  for (const block of noise) block.set(Buffer.from(block.toString("hex", 0, BLOCK_BYTES / 4)));
  return {
    name: "payload.bin",
    sizeBytes,
    open: async function* () {
      for (let at = 0, index = 0; at < sizeBytes; at += BLOCK_BYTES, index += 1) {
        const isZero = kind === "sparse" && index % 16 !== 0;
        yield isZero
          ? zeros
          : (noise[Math.floor(index / (kind === "sparse" ? 16 : 1)) % 16] ?? zeros);
      }
    },
  };
}

const source = (path = ""): AsyncIterable<Uint8Array> =>
  path === "-" ? process.stdin : createReadStream(path, { highWaterMark: READ_BYTES });

async function run([task, ...args]: readonly string[]): Promise<void> {
  if (task === "verify") await verifyArtifact(source(args[0]));
  else if (task === "inspect") await inspectArtifact(source(args[0]));
  else
    await pipeline(
      writeArtifact(
        {
          artifactName: "bench",
          deviceTypes: ["bench"],
          payloads: [{ type: "bench", files: [generated(args[1] ?? "", Number(args[2]))] }],
        },
        { compression: args[0] as WrittenCompression },
      ),
      createWriteStream("", { fd: 1 }),
    );
}

const startedMs = performance.now();
await run(process.argv.slice(2));
const { maxRSS } = process.resourceUsage();
console.error(JSON.stringify({ ms: performance.now() - startedMs, peakBytes: maxRSS * 1024 }));
