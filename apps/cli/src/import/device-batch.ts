import type { Reply } from "@moult/client";
import type { ReportBuilder } from "./import-report.ts";

type Imported = Reply<"importControllers">["items"][number];

/** What one request brings; the server takes no more, and no larger body than twice this. */
const ITEMS_MAX = 200;
const BYTES_MAX = 400_000;

export interface DeviceBatch<Item> {
  /** Sends what is gathered when it is enough. `name` is what the report calls the device. */
  add(name: string, item: Item): Promise<void>;
  /** Sends the rest. */
  end(): Promise<void>;
}

/** Gathers devices for one request, and reports what became of each. */
export function deviceBatch<Item>(
  send: (items: readonly Item[]) => Promise<{ readonly items: readonly Imported[] }>,
  report: ReportBuilder,
  onSent: () => void,
): DeviceBatch<Item> {
  let gathered: { readonly name: string; readonly item: Item }[] = [];
  let sizeBytes = 0;

  async function flush(): Promise<void> {
    if (gathered.length === 0) return;
    const sent = gathered;
    gathered = [];
    sizeBytes = 0;
    const { items } = await send(sent.map(({ item }) => item));
    for (const [index, { outcome, reason }] of items.entries()) {
      const name = sent[index]?.name ?? "";
      if (outcome === "refused") report.leaveOut("devices", name, reason ?? "refused");
      else report.count("devices", outcome);
    }
    onSent();
  }

  return {
    add: async (name, item) => {
      const bytes = Buffer.byteLength(JSON.stringify(item));
      if (gathered.length >= ITEMS_MAX || sizeBytes + bytes > BYTES_MAX) await flush();
      gathered.push({ name, item });
      sizeBytes += bytes;
    },
    end: flush,
  };
}
