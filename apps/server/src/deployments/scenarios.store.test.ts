import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DIALECTS } from "../platform/dialect.ts";
import { useTestDatabase } from "../platform/test-database.fixture.ts";
import { renderScenario } from "./scenario-script.fixture.ts";
import { ScenarioWorld } from "./scenario.fixture.ts";

const FOLDER = join(import.meta.dirname, "../../../../docs/scenarios");
const SCENARIOS = readdirSync(FOLDER).filter(
  (name) => name.endsWith(".md") && name !== "README.md",
);

// `vitest run --project store -u scenarios` writes what is answered now into the documents; then read the difference.
describe.each(DIALECTS)("scenarios of rollouts, on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  test.each(SCENARIOS)(
    "%s goes as it is written, and its chains say the same again",
    async (name) => {
      const path = join(FOLDER, name);
      const world = await ScenarioWorld.open(await store.newTenant());
      const rendered = await renderScenario(
        readFileSync(path, "utf8"),
        (command) => world.answer(command),
        (plan, json) => world.definePlan(plan, json),
      );
      await expect(rendered).toMatchFileSnapshot(path);
      expect(await world.audit()).toEqual([]);
    },
  );
});
