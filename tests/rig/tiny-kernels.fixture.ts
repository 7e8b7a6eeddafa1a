// Kernels that say what they were started with on the serial line, and restart the machine.

/**
 * For x86, by the 32-bit boot protocol of Linux (Documentation/arch/x86/boot.rst): prints its command line byte by byte to the
 * first serial port (0x3f8, once 0x3fd says that it may), a newline, and resets by the keyboard controller (0xfe to 0x64).
 */
export function tinyPcKernel(): Buffer {
  const code =
    "8bb628020000" + // mov 0x228(%esi),%esi: cmd_line_ptr of the boot parameters
    "fcac84c0741488c366bafd03eca82074f766baf80388d8eeebe7" +
    "66bafd03eca84074f766baf803b00aee" +
    "66bafd03eca84074f7b0fee664f4ebfd";
  const kernel = Buffer.alloc(1_536);
  kernel.writeUInt8(1, 0x1f1); // setup_sects: the code begins at 1024
  kernel.writeUInt32LE(32, 0x1f4); // syssize, in 16 bytes
  kernel.writeUInt16LE(0xaa55, 0x1fe);
  kernel.writeUInt16LE(0x6aeb, 0x200);
  kernel.write("HdrS", 0x202);
  kernel.writeUInt16LE(0x020a, 0x206); // protocol 2.10
  kernel.writeUInt8(1, 0x211); // LOADED_HIGH
  kernel.writeUInt32LE(0x10_0000, 0x214); // code32_start
  kernel.writeUInt32LE(0x7fff_ffff, 0x22c);
  kernel.writeUInt32LE(0x10_0000, 0x230);
  kernel.writeUInt32LE(2_047, 0x238); // cmdline_size
  kernel.writeBigUInt64LE(0x10_0000n, 0x258);
  kernel.writeUInt32LE(0x1_0000, 0x260); // init_size
  kernel.write(code, 1_024, "hex");
  return kernel;
}

/** For arm64 (Documentation/arch/arm64/booting.rst), on QEMU's `virt`: prints `text` by its UART and resets by PSCI. */
export function tinyArmKernel(text: string): Buffer {
  const head = Buffer.alloc(64);
  head.writeUInt32LE(0x1400_0010, 0); // b over the header
  head.writeBigUInt64LE(0x1000n, 16); // image_size
  head.writeBigUInt64LE(0xan, 24); // little endian, pages of 4 KiB, anywhere in memory
  head.write("ARMd", 56);
  const words = [0xd2a1_2001]; // movz x1, #0x900, lsl #16: PL011
  for (const character of Buffer.from(text))
    words.push(0x5280_0000 | (character << 5), 0xb900_0020);
  words.push(0x5280_0120, 0x72b0_8000, 0xd400_0002, 0x1400_0000); // w0 = SYSTEM_RESET, hvc, b .
  const code = Buffer.alloc(4_096 - head.length);
  for (const [index, word] of words.entries()) code.writeUInt32LE(word >>> 0, index * 4);
  return Buffer.concat([head, code]);
}
