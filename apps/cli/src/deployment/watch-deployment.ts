import type { Client } from "@moult/client";
import type { Deployment } from "@moult/model";
import { CliError } from "../command-line/cli-error.ts";
import type { CommandContext } from "../command-line/command.ts";
import { EXIT, type ExitCode } from "../command-line/exit-code.ts";
import { durationText } from "../terminal/time-text.ts";
import { createNews } from "./news.ts";
import { createWatchView } from "./watch-view.ts";

/** Events come in bursts: the deployment is read again at most this often. */
const READ_EVERY_MS = 500;
/** And at least this often, whatever the events say. */
const READ_AT_LEAST_EVERY_MS = 20_000;

const ENDS: Readonly<Record<Deployment["state"], ExitCode | undefined>> = {
  running: undefined,
  paused: undefined,
  finished: EXIT.ok,
  tripped: EXIT.stopped,
  aborted: EXIT.stopped,
};

/** Shows a deployment until it ends; across lost connections, because each new one reads it again. */
export async function watchDeployment(
  context: CommandContext,
  client: Client,
  deploymentId: string,
  timeoutSeconds: number | undefined,
): Promise<ExitCode> {
  const stop = new AbortController();
  const timeout =
    timeoutSeconds === undefined ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
  const signal = AbortSignal.any([
    context.signal,
    stop.signal,
    ...(timeout === undefined ? [] : [timeout]),
  ]);
  const view = createWatchView(context);
  const news = createNews();

  const readEvents = async (): Promise<never> => {
    const options = {
      signal,
      onConnected: () => news.tell(),
      onDisconnected: () => view.note("The connection is lost; trying again."),
    };
    for await (const event of client.events("watchEvents", { query: { deploymentId } }, options)) {
      view.event(event);
      news.tell();
    }
    throw new CliError("timed-out", "The events ended.");
  };
  const readDeployment = async (): Promise<ExitCode> => {
    for (;;) {
      const params = { deploymentId };
      const deployment = await client.call("showDeployment", { params }, { signal });
      view.deployment(deployment);
      const code = ENDS[deployment.state];
      if (code !== undefined) {
        view.end(deployment);
        return code;
      }
      await news.next({ notBeforeMs: READ_EVERY_MS, atLatestMs: READ_AT_LEAST_EVERY_MS, signal });
    }
  };

  const events = readEvents();
  try {
    return await Promise.race([readDeployment(), events]);
  } catch (error) {
    if (timeout?.aborted !== true || context.signal.aborted) throw error;
    const waited = durationText(timeoutSeconds ?? 0);
    throw new CliError("timed-out", `The deployment did not end within ${waited}; it goes on.`, {
      cause: error,
    });
  } finally {
    view.close();
    stop.abort(new Error("the watch is over"));
    await events.catch(() => undefined);
  }
}
