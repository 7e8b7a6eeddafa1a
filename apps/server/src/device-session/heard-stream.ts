import { pipeline, Transform } from "node:stream";
import type { StreamReply } from "../platform/operation-handler.ts";

/**
 * The same content; `note` is called with each piece of it that the device takes. A download may last for hours in which some
 * clients say nothing else.
 */
export const heardStream = <Reply extends StreamReply>(reply: Reply, note: () => void): Reply => ({
  ...reply,
  open: async (range: Parameters<Reply["open"]>[0]) => {
    const heard = new Transform({
      transform: (piece, _encoding, done) => {
        note();
        done(null, piece);
      },
    });
    // Whoever reads `heard` is told of a failure by it.
    pipeline(await reply.open(range), heard, () => undefined);
    return heard;
  },
});
