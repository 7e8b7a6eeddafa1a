import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  freePort,
  startLocalProcess,
  waitFor,
  type LocalProcess,
} from "../../tools/local/local-process.ts";

export interface Nginx extends LocalProcess {
  readonly port: number;
}

/** nginx with one worker on a free port of the loopback address; `locations` is the inside of its `server` block. */
export async function startNginx(folder: string, locations: string): Promise<Nginx> {
  const port = await freePort();
  const configFile = join(folder, "nginx.conf");
  writeFileSync(
    configFile,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx-error.log;
user root;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${port}; ${locations} }
}
`,
  );
  const nginx = await startLocalProcess("nginx", ["-p", folder, "-c", configFile], {
    logFile: join(folder, "nginx.log"),
  }).catch((cause: unknown) => {
    throw new Error("nginx does not start; Debian's package nginx has it", { cause });
  });
  await waitFor(
    "nginx to listen",
    async () => {
      if (nginx.exitCode() !== undefined) throw new Error(nginx.tail());
      await fetch(`http://127.0.0.1:${port}/`);
      return true;
    },
    10_000,
  );
  return { ...nginx, port };
}
