// What OVMF keeps in its flash (EDK II, MdeModulePkg: Guid/VariableFormat.h): a store in which a changed variable is written
// anew behind the others, marked as whole, and only then the old one as deleted.

const STORE_HEADER_BYTES = 28;
const RECORD_HEADER_BYTES = 60;
const RECORD_ID = 0x55aa;
/** Bits that are written to 0 one after the other: the header is whole, all is whole, about to be deleted. */
const ADDED = 0x3f;
const ADDED_AND_LEAVING = 0x3e;

/** The variables that hold, by their names: of one that is there twice the new one, if it is whole. */
export function readUefiVariables(flash: Buffer): ReadonlyMap<string, Buffer> {
  const start = flash.readUInt16LE(0x30);
  const end = start + flash.readUInt32LE(start + 16);
  const found = new Map<string, Buffer>();
  for (let at = start + STORE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= end;) {
    if (flash.readUInt16LE(at) !== RECORD_ID) break;
    const nameBytes = flash.readUInt32LE(at + 36);
    const dataBytes = flash.readUInt32LE(at + 40);
    const nameAt = at + RECORD_HEADER_BYTES;
    const dataAt = nameAt + nameBytes;
    // A header that power went in the middle of.
    if (dataAt + dataBytes > end) break;
    const state = flash.readUInt8(at + 2);
    const name = flash.toString("utf16le", nameAt, dataAt).replace(/\0.*$/s, "");
    const isHolding = state === ADDED || (state === ADDED_AND_LEAVING && !found.has(name));
    if (isHolding) found.set(name, flash.subarray(dataAt, dataAt + dataBytes));
    at = Math.ceil((dataAt + dataBytes) / 4) * 4;
  }
  return found;
}
