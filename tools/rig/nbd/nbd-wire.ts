// The part of the NBD protocol that a virtual machine speaks (github.com/NetworkBlockDevice/nbd, doc/proto.md): the fixed
// newstyle handshake and simple replies. All numbers are big-endian.

export const GREETING = Buffer.concat([Buffer.from("NBDMAGICIHAVEOPT"), Buffer.from([0, 3])]);
export const OPTION_MAGIC = Buffer.from("IHAVEOPT");
const OPTION_REPLY_MAGIC = 0x3_e889_0455_65a9n;
export const REQUEST_MAGIC = 0x2560_9513;
const REPLY_MAGIC = 0x6744_6698;

const CLIENT_FLAG = { noZeroes: 2 } as const;
export const OPTION = { exportName: 1, abort: 2, info: 6, go: 7 } as const;
const OPTION_REPLY = { ack: 1, info: 3, unsupported: 0x8000_0001 } as const;
const INFO = { export: 0, blockSize: 3 } as const;
export const COMMAND = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  writeZeroes: 6,
} as const;
export const COMMAND_FLAG = { force: 1 } as const;
export const ERROR = { none: 0, inputOutput: 5, invalid: 22, noSpace: 28 } as const;

/** Flush, forced writes, trims and writes of zeroes are understood. */
const TRANSMISSION_FLAGS = 1 | 4 | 8 | 32 | 64;
const BLOCK_BYTES = { min: 512, preferred: 4_096 } as const;
/** Most bytes of one request. */
export const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
export const REQUEST_HEAD_BYTES = 28;

export interface Request {
  readonly command: number;
  readonly isForced: boolean;
  readonly cookie: bigint;
  readonly offset: number;
  readonly lengthBytes: number;
}

export function parseRequest(head: Buffer): Request | undefined {
  if (head.readUInt32BE(0) !== REQUEST_MAGIC) return undefined;
  return {
    isForced: (head.readUInt16BE(4) & COMMAND_FLAG.force) !== 0,
    command: head.readUInt16BE(6),
    cookie: head.readBigUInt64BE(8),
    offset: Number(head.readBigUInt64BE(16)),
    lengthBytes: head.readUInt32BE(24),
  };
}

export function replyHead(cookie: bigint, error: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(REPLY_MAGIC, 0);
  head.writeUInt32BE(error, 4);
  head.writeBigUInt64BE(cookie, 8);
  return head;
}

const optionReply = (option: number, kind: number, data = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(kind, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
};

/** What the old way of choosing a disk is answered with. */
export function exportReply(sizeBytes: number, clientFlags: number): Buffer {
  const isPadded = (clientFlags & CLIENT_FLAG.noZeroes) === 0;
  const reply = Buffer.alloc(10 + (isPadded ? 124 : 0));
  reply.writeBigUInt64BE(BigInt(sizeBytes), 0);
  reply.writeUInt16BE(TRANSMISSION_FLAGS, 8);
  return reply;
}

/** What `info` and `go` are answered with: the disk, and what it likes to be asked. */
export function infoReply(option: number, sizeBytes: number): Buffer {
  const disk = Buffer.alloc(12);
  disk.writeUInt16BE(INFO.export, 0);
  disk.writeBigUInt64BE(BigInt(sizeBytes), 2);
  disk.writeUInt16BE(TRANSMISSION_FLAGS, 10);
  const blocks = Buffer.alloc(14);
  blocks.writeUInt16BE(INFO.blockSize, 0);
  blocks.writeUInt32BE(BLOCK_BYTES.min, 2);
  blocks.writeUInt32BE(BLOCK_BYTES.preferred, 6);
  blocks.writeUInt32BE(REQUEST_BYTES_MAX, 10);
  return Buffer.concat([
    optionReply(option, OPTION_REPLY.info, disk),
    optionReply(option, OPTION_REPLY.info, blocks),
    optionReply(option, OPTION_REPLY.ack),
  ]);
}

export const ackReply = (option: number): Buffer => optionReply(option, OPTION_REPLY.ack);
export const unsupportedReply = (option: number): Buffer =>
  optionReply(option, OPTION_REPLY.unsupported);
