import { MINUTE_MS, type Log } from "@moult/base";
import type { AssignmentUpdate, Update } from "@moult/updater";
import type { ServerPlace } from "../identity/moved-server.ts";
import type { LinkState } from "../server-link/link-state.ts";
import type { ReportQueue } from "../reports/report-queue.ts";
import type { Ticker } from "@moult/agent-core";
import type { ServerLink } from "./open-link.ts";

/**
 * Which server the device talks to. It changes when a signed release moves the device to another one: first on trial, so
 * that what goes wrong there is undone, and for good with the commit.
 */
export interface ServerSwitch {
  /** The server whose answers are obeyed. */
  current(): ServerLink;
  /** The server that is told about an assignment: the one that gave it. */
  of(assignmentId: string): ServerLink;
  /** Talks to the server at `place` from now on; what is still to be told of `update` goes to the one before. */
  turnTo(place: ServerPlace, update: Update): Promise<void>;
  /** Talks to the server at `place` again, as before `turnTo`. */
  turnBack(place: ServerPlace): Promise<void>;
  /** The trial is over: the server before is told what waits to be told, for a while, and then forgotten. */
  settle(): void;
  close(): void;
}

export interface ServerSwitchDeps {
  readonly first: ServerLink;
  readonly openLink: (place: ServerPlace, near: LinkState) => Promise<LinkState>;
  readonly open: (place: ServerPlace, link: LinkState) => ServerLink;
  /** Called after each turn: nothing that one server said holds for another. */
  readonly onTurn: () => void;
  readonly queue: Pick<ReportQueue, "drop">;
  readonly ticker: Ticker;
  readonly log: Log;
}

/** How long the server before may be out of reach until the end of the move is no longer told to it. */
const FAREWELL_MS = 15 * MINUTE_MS;

export function createServerSwitch(deps: ServerSwitchDeps): ServerSwitch {
  const { openLink, open, onTurn, queue, ticker, log } = deps;
  const closing = new AbortController();
  let current = deps.first;
  let departed: { readonly server: ServerLink; readonly update: AssignmentUpdate } | undefined;

  const opened = async (place: ServerPlace): Promise<ServerLink> => {
    // One memory per server: two would overwrite each other's file.
    const near = [current, departed?.server].find(
      (link) => link?.place.linkFile === place.linkFile,
    );
    return open(place, near?.link ?? (await openLink(place, current.link)));
  };
  const forgetDeparted = (): void => {
    departed?.server.close();
    departed = undefined;
  };
  return {
    current: () => current,
    of: (assignmentId) =>
      departed?.update.assignmentId === assignmentId ? departed.server : current,
    turnTo: async (place, update) => {
      if (isSame(place, current.place)) return;
      const next = await opened(place);
      log.info("server-turned", { from: urlOf(current.place), to: urlOf(place) });
      forgetDeparted();
      if (update.kind === "assignment") departed = { server: current, update };
      else current.close();
      current = next;
      onTurn();
    },
    turnBack: async (place) => {
      if (isSame(place, current.place)) return;
      const back =
        departed !== undefined && isSame(place, departed.server.place)
          ? departed.server
          : await opened(place);
      log.info("server-turned-back", { from: urlOf(current.place), to: urlOf(place) });
      current.close();
      if (departed?.server !== back) forgetDeparted();
      departed = undefined;
      current = back;
      onTurn();
    },
    settle: () => {
      const left = departed;
      if (left === undefined) return;
      ticker
        .sleep(FAREWELL_MS, closing.signal)
        .then(() => queue.drop(left.update))
        .then(() => {
          if (departed === left) forgetDeparted();
        })
        .catch((error: unknown) => {
          if (!closing.signal.aborted) log.warn("server-not-forgotten", { error });
        });
    },
    close: () => {
      closing.abort(new Error("the agent stops"));
      forgetDeparted();
      current.close();
    },
  };
}

const urlOf = ({ provisioning }: ServerPlace): string => provisioning.server.url;

const isSame = (one: ServerPlace, other: ServerPlace): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
