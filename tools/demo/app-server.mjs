// The demo's payload: a real, if small, HTTP application. Each agent of the demo runs its own copy on its own port.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const version = readFileSync(new URL("./VERSION", import.meta.url), "utf8").trim();
if (version === "3.0") {
  console.error("demo app 3.0: cannot find its configuration, giving up");
  process.exit(1);
}

const server = createServer((request, response) => {
  if (request.url === "/health") response.end("ok\n");
  else response.end(`demo app ${version} on ${process.env.DEMO_DEVICE ?? "a device"}\n`);
});
server.listen(Number(process.env.DEMO_PORT), "127.0.0.1", () => {
  console.log(`demo app ${version} listens on ${process.env.DEMO_PORT}`);
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
