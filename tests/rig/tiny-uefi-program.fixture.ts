/**
 * A program for UEFI on x86-64 that says a line on the first serial port and resets the machine; with an `.osrel` section, by
 * which systemd-boot takes it for a kernel (PE format, 32-bit plus; UAPI Group, Unified Kernel Image).
 */
export function tinyUefiProgram(text: string): Buffer {
  const code =
    "488d3522000000" + // lea text(%rip),%rsi
    "ac84c0741488c1" + // next byte, until it is zero
    "66bafd03eca82074fb88c866baf803eeebe7" + // when 0x3fd says so, to 0x3f8
    "66baf90cb006eeebfe"; // 6 to 0xcf9: reset
  const program = Buffer.alloc(0x600);
  program.write("MZ");
  program.writeUInt32LE(0x40, 0x3c);
  program.write("PE\0\0", 0x40);
  program.writeUInt16LE(0x8664, 0x44);
  program.writeUInt16LE(2, 0x46); // sections
  program.writeUInt16LE(240, 0x54); // of the optional header
  program.writeUInt16LE(0x0022, 0x56); // executable, large addresses
  const optional = 0x58;
  program.writeUInt16LE(0x20b, optional);
  program.writeUInt32LE(0x200, optional + 4); // code
  program.writeUInt32LE(0x1000, optional + 16); // entry
  program.writeUInt32LE(0x1000, optional + 20);
  program.writeUInt32LE(0x1000, optional + 32); // alignment in memory, and in the file
  program.writeUInt32LE(0x200, optional + 36);
  program.writeUInt32LE(0x3000, optional + 56); // image
  program.writeUInt32LE(0x200, optional + 60); // headers
  program.writeUInt16LE(10, optional + 68); // an application for UEFI
  program.writeUInt32LE(16, optional + 108);
  const sections = optional + 240;
  putSection(program, sections, {
    name: ".text",
    address: 0x1000,
    offset: 0x200,
    flags: 0x6000_0020,
  });
  putSection(program, sections + 40, {
    name: ".osrel",
    address: 0x2000,
    offset: 0x400,
    flags: 0x4000_0040,
  });
  program.write(code, 0x200, "hex");
  program.write(`${text}\r\n\0`, 0x200 + code.length / 2);
  program.write("ID=moult\nVERSION_ID=1\nPRETTY_NAME=Moult\n", 0x400);
  return program;
}

interface Section {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly flags: number;
}

function putSection(program: Buffer, at: number, { name, address, offset, flags }: Section): void {
  program.write(name, at);
  program.writeUInt32LE(0x200, at + 8);
  program.writeUInt32LE(address, at + 12);
  program.writeUInt32LE(0x200, at + 16);
  program.writeUInt32LE(offset, at + 20);
  program.writeUInt32LE(flags, at + 36);
}
