import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { parseArgs } from "node:util";

// A load in a process of its own: connections that are kept alive, each sending one request after the other. It counts
// answers with the status that was asked for, apart from them those of a server that failed, and refuses any other, and says
// how long the slowest hundredth took at least.

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    requests: { type: "string" },
    connections: { type: "string" },
    seconds: { type: "string" },
    status: { type: "string", default: "204" },
  },
});
const requests = (JSON.parse(readFileSync(values.requests ?? "", "utf8")) as string[]).map((text) =>
  Buffer.from(text),
);
const connections = Number(values.connections);
const endsAt = performance.now() + Number(values.seconds) * 1_000;
const durationsMs: number[] = [];
let failed = 0;

/** A server may end a connection, as some do after a hundred requests: the next one goes on then. */
function run(index: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    let next = index;
    const open = (): void => {
      const socket = connect({ port: Number(values.port), host: "127.0.0.1", noDelay: true });
      let received = "";
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        socket.write(requests[next % requests.length] ?? "");
      };
      socket.once("error", reject);
      socket.once("end", open);
      socket.setEncoding("latin1");
      socket.on("data", (text: string) => {
        received += text;
        if (!isWhole(received)) return;
        const isFailure = received.startsWith("HTTP/1.1 5");
        if (!isFailure && !received.startsWith(`HTTP/1.1 ${values.status}`)) {
          reject(new Error(`answered ${received.slice(0, 200)}`));
          socket.destroy();
          return;
        }
        const isLast = /^connection: close\r$/im.test(received);
        received = "";
        next += connections;
        const now = performance.now();
        if (isFailure) failed += 1;
        else {
          answered += 1;
          durationsMs.push(now - sentAt);
        }
        if (now >= endsAt) {
          socket.destroy();
          resolve(answered);
        } else if (!isLast) send();
      });
      socket.once("connect", send);
    };
    open();
  });
}

/** A head, and as much body as it says, or all its chunks. */
function isWhole(received: string): boolean {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  if (/^transfer-encoding: chunked/im.test(received.slice(0, headEnd)))
    return received.endsWith("\r\n0\r\n\r\n");
  const length = /^content-length: (\d+)/im.exec(received.slice(0, headEnd))?.[1] ?? "0";
  return received.length - headEnd - 4 >= Number(length);
}

const counts = await Promise.all(Array.from({ length: connections }, (_, index) => run(index)));
durationsMs.sort((left, right) => left - right);
process.stdout.write(
  JSON.stringify({
    answered: counts.reduce((sum, count) => sum + count, 0),
    failed,
    p99Ms: durationsMs[Math.floor(durationsMs.length * 0.99)] ?? 0,
  }),
);
