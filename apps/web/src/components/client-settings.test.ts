import { expect, test } from "vitest";
import { raucSettings, swupdateSettings } from "./client-settings.ts";

test("what is copied into a client's settings names the server as the client wants it", () => {
  const url = "https://updates.example.com:8443";

  expect(swupdateSettings("gw-1", url, "t0k")).toContain(`url = "${url}";\n  targettoken = "t0k";`);
  expect(raucSettings("gw-1", url, "t0k")).toContain(
    "hawkbit_server = updates.example.com:8443\nssl = true\n",
  );
  expect(raucSettings("gw-1", "http://10.0.0.1", "t0k")).toContain("= 10.0.0.1\nssl = false\n");
});
