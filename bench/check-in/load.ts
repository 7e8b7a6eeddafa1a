import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { parseArgs } from "node:util";

// A load in a process of its own: connections that are kept alive, each sending one request after the other. It counts
// answers with the status that was asked for and refuses any other.

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

function run(index: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(values.port), host: "127.0.0.1", noDelay: true });
    let answered = 0;
    let next = index;
    let received = "";
    const send = (): void => {
      const request = requests[next % requests.length];
      next += connections;
      if (request !== undefined) socket.write(request);
    };
    socket.once("error", reject);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
      if (!isWhole(received)) return;
      if (!received.startsWith(`HTTP/1.1 ${values.status}`)) {
        reject(new Error(`answered ${received.slice(0, 200)}`));
        socket.destroy();
        return;
      }
      received = "";
      answered += 1;
      if (performance.now() < endsAt) send();
      else {
        socket.destroy();
        resolve(answered);
      }
    });
    socket.once("connect", send);
  });
}

/** A head, and as much body as it says. */
function isWhole(received: string): boolean {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const length = /^content-length: (\d+)/im.exec(received.slice(0, headEnd))?.[1] ?? "0";
  return received.length - headEnd - 4 >= Number(length);
}

const counts = await Promise.all(Array.from({ length: connections }, (_, index) => run(index)));
process.stdout.write(`${counts.reduce((sum, count) => sum + count, 0)}\n`);
