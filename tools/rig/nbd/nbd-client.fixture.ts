import { connect, type Socket } from "node:net";
import { present } from "@moult/base";
import { GREETING, OPTION, OPTION_MAGIC, REQUEST_MAGIC } from "./nbd-wire.ts";

/** As much of a client as the tests of the server need; it knows nothing of the server's code but the numbers. */
export class NbdClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #cookie = 0n;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
  }

  static async connect(socketPath: string): Promise<NbdClient> {
    const socket = connect(socketPath);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new NbdClient(socket);
  }

  async take(lengthBytes: number): Promise<Buffer> {
    while (this.#received.length < lengthBytes)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const taken = this.#received.subarray(0, lengthBytes);
    this.#received = this.#received.subarray(lengthBytes);
    return taken;
  }

  /** Asks for the disk; its size. */
  async go(): Promise<number> {
    await this.take(GREETING.length);
    this.#socket.write(Buffer.from([0, 0, 0, 3]));
    await this.option(99, Buffer.from("what is this?"));
    const [unknown] = await this.optionReplies(1);
    if (unknown?.kind !== 0x8000_0001) throw new Error("an unknown option was taken");
    await this.option(OPTION.go, Buffer.alloc(6));
    const replies = await this.optionReplies(3);
    return Number(present(replies[0], "a reply about the disk").data.readBigUInt64BE(2));
  }

  async option(option: number, data: Buffer): Promise<void> {
    const head = Buffer.alloc(16);
    OPTION_MAGIC.copy(head);
    head.writeUInt32BE(option, 8);
    head.writeUInt32BE(data.length, 12);
    this.#socket.write(Buffer.concat([head, data]));
  }

  async optionReplies(count: number): Promise<{ readonly kind: number; readonly data: Buffer }[]> {
    const replies = [];
    for (let index = 0; index < count; index += 1) {
      const head = await this.take(20);
      replies.push({ kind: head.readUInt32BE(12), data: await this.take(head.readUInt32BE(16)) });
    }
    return replies;
  }

  /** Sends without waiting for the answer. */
  send(
    command: number,
    offset: number,
    lengthBytes: number,
    data = Buffer.alloc(0),
    flags = 0,
  ): void {
    const head = Buffer.alloc(28);
    head.writeUInt32BE(REQUEST_MAGIC, 0);
    head.writeUInt16BE(flags, 4);
    head.writeUInt16BE(command, 6);
    head.writeBigUInt64BE(++this.#cookie, 8);
    head.writeBigUInt64BE(BigInt(offset), 16);
    head.writeUInt32BE(lengthBytes, 24);
    this.#socket.write(Buffer.concat([head, data]));
  }

  /** The next answer: its error number, and the data of a read. */
  async answer(readBytes = 0): Promise<{ readonly error: number; readonly data: Buffer }> {
    const head = await this.take(16);
    const error = head.readUInt32BE(4);
    return { error, data: error === 0 ? await this.take(readBytes) : Buffer.alloc(0) };
  }

  /** Goes without a word, as a killed process does. */
  destroy(): void {
    this.#socket.destroy();
  }
}
