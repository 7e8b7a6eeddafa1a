import { instant, type InstantMs } from "@moult/base";
import { Window, windowFromText, type DeviceId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { addDevices, addProduct, addRelease, checkIn, deploy } from "./fleet.fixture.ts";

const at = (text: string): InstantMs => instant(Date.parse(text));
const closedUntil = (until: string) => ({
  kind: "nothing-to-do",
  reasons: [{ kind: "outside-window", until: new Date(at(until)).toISOString() }],
  until: at(until),
});

describe.each(DIALECTS)("the nights in which clocks are changed, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  async function fleet() {
    const db = await store.newTenant();
    await addProduct(db);
    const ids = await addDevices(db, [1, 2, 3]);
    const window = Window.parse(windowFromText("download sun 02:30 1h Europe/Berlin"));
    await deploy(db, await addRelease(db, "2.0"), {
      plan: { stages: [{ size: { remaining: true } }], windows: [window] },
    });
    const ask = (index: number, when: string) =>
      checkIn(db, ids[index] as DeviceId, { at: at(when) });
    return ask;
  }

  test("an hour that clocks jump over opens as if they had not jumped yet, for as long as any other", async () => {
    const ask = await fleet();

    // On 29 March 2026 there is no 02:30 in Berlin: after 01:59 comes 03:00, at 01:00 UTC.
    expect(await ask(0, "2026-03-28T12:00Z")).toMatchObject(closedUntil("2026-03-29T01:30Z"));
    expect(await ask(0, "2026-03-29T01:29:59Z")).toMatchObject(closedUntil("2026-03-29T01:30Z"));
    expect(await ask(0, "2026-03-29T01:30Z")).toMatchObject({ kind: "install" });
    expect(await ask(1, "2026-03-29T02:29:59Z")).toMatchObject({ kind: "install" });
    // From the next Sunday on it is 02:30 of the summer.
    expect(await ask(2, "2026-03-29T02:30Z")).toMatchObject(closedUntil("2026-04-05T00:30Z"));
  });

  test("an hour that clocks show twice opens once, when it is shown first", async () => {
    const ask = await fleet();

    // On 25 October 2026 clocks in Berlin go from 02:59 back to 02:00, at 01:00 UTC.
    expect(await ask(0, "2026-10-24T12:00Z")).toMatchObject(closedUntil("2026-10-25T00:30Z"));
    expect(await ask(0, "2026-10-25T00:30Z")).toMatchObject({ kind: "install" });
    expect(await ask(1, "2026-10-25T01:29:59Z")).toMatchObject({ kind: "install" });
    // The wall shows 02:30 again.
    expect(await ask(2, "2026-10-25T01:30Z")).toMatchObject(closedUntil("2026-11-01T01:30Z"));
  });
});
