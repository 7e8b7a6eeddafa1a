import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const UNITS = [
  "deploy/systemd/moult-agent.service",
  "apps/agent/boot-integration/data/moult-data.service",
  "apps/agent/boot-integration/data/moult-keep.service",
];
const fileOf = (unit: string): string =>
  fileURLToPath(new URL(`../../../../${unit}`, import.meta.url));

test.each(UNITS)("nothing that fails to start keeps %s from being started", (unit) => {
  const settings = readFileSync(fileOf(unit), "utf8")
    .split("\n")
    .map((line) => line.split("=")[0] ?? "");

  // A unit whose dependency failed is not started, and `Restart=` does not apply to it (systemd.unit(5)).
  for (const setting of ["Requires", "RequiresMountsFor", "Requisite", "BindsTo", "PartOf"])
    expect(settings).not.toContain(setting);
  expect(settings.filter((name) => /^(?:Condition|Assert)/.test(name))).toEqual([]);
});

test("the agent is started after the mounts of its default folders", () => {
  const unit = readFileSync(fileOf("deploy/systemd/moult-agent.service"), "utf8");
  const after = /^After=(.*)$/m.exec(unit)?.[1]?.split(" ");
  // What `systemd-escape --path --suffix=mount` makes of them.
  expect(after).toEqual(
    expect.arrayContaining(["var-lib-moult.mount", String.raw`var-lib-moult\x2didentity.mount`]),
  );
});
