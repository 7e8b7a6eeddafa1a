/** An image of SWUpdate that holds its description and nothing else. */
export const swuFile = (description: string): Buffer =>
  Buffer.concat([cpioEntry("sw-description", description), cpioEntry("TRAILER!!!", "")]);

function cpioEntry(name: string, content: string): Buffer {
  const fields = Array.from({ length: 13 }, () => 0);
  fields[6] = content.length;
  fields[11] = name.length + 1;
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const padded = (text: string): Buffer =>
    Buffer.concat([Buffer.from(text), Buffer.alloc((4 - (text.length % 4)) % 4)]);
  return Buffer.concat([padded(`${header}${name}\0`), padded(content)]);
}

const SIGNED_DATA = "2a864886f70d010702";
const DATA = "2a864886f70d010701";

/** A bundle of RAUC whose signature, by nobody, shows its manifest. */
export function raucFile(manifest: string): Buffer {
  const content = der(0x30, oid(DATA), der(0xa0, der(0x04, Buffer.from(manifest))));
  const signed = der(0x30, der(0x02, Buffer.from([3])), der(0x31), content);
  const signature = der(0x30, oid(SIGNED_DATA), der(0xa0, signed));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(signature.length));
  return Buffer.concat([Buffer.from("hsqs"), Buffer.alloc(4_092), signature, size]);
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const head = Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([head, content]);
}

const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
