import type { ProductName } from "@moult/model";
import { openDatabase, type DatabasePlace } from "./database.ts";
import { newId } from "./new-id.ts";

// A process that writes as fast as it can, many transactions at once, and says which of them it was told are done.

const WRITERS = 40;
const { place, tenantId } = JSON.parse(process.argv[2] ?? "") as {
  place: DatabasePlace;
  tenantId: Parameters<Awaited<ReturnType<typeof openDatabase>>["tenant"]>[0];
};
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const database = await openDatabase(place, log);
const db = database.tenant(tenantId);

async function write(): Promise<never> {
  for (;;) {
    const name = newId<ProductName>();
    await db.transaction((inside) =>
      inside.kysely
        .insertInto("product")
        .values({
          tenant_id: tenantId,
          name,
          title: "",
          require_signature: 0,
          artifact_keys: "[]",
          created_at: 0,
        })
        .execute(),
    );
    process.stdout.write(`${name}\n`);
  }
}

await Promise.all(Array.from({ length: WRITERS }, write));
