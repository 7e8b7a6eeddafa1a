import { chromium } from "playwright-core";
const base = process.argv[2];
const dark = process.argv[3] === "dark";
const phone = process.argv[4] === "phone";
const b = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const c = await b.newContext({
  ignoreHTTPSErrors: true,
  viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
  colorScheme: dark ? "dark" : "light",
});
const p = await c.newPage();
p.on(
  "console",
  (m) =>
    ["error", "warning"].includes(m.type()) &&
    console.log("console", m.type(), m.text().slice(0, 200)),
);
p.on("pageerror", (e) => console.log("pageerror", e.message));
await p.goto(base + "/");
await p.getByLabel("E-mail address").fill("admin@example.org");
await p.getByLabel("Password").fill("feathers, a few at a time");
await p.screenshot({ path: "/tmp/shots/signin.png" });
await p.getByRole("button", { name: "Sign in" }).click();
await p.getByRole("heading", { level: 1 }).waitFor();
await p.waitForTimeout(1500);
const tag = (dark ? "dark" : "light") + (phone ? "-phone" : "");
const shot = async (n) => {
  await p.screenshot({ path: `/tmp/shots/${n}-${tag}.png`, fullPage: phone });
};
await shot("overview");
await p.goto(base + "/deployments");
await p.waitForTimeout(1200);
await shot("deployments");
const dep = await p.locator('main a[href^="/deployments/0"]').first().getAttribute("href");
await p.goto(base + dep);
await p.waitForTimeout(1500);
await shot("deployment");
await p.goto(base + dep + "/devices");
await p.waitForTimeout(1200);
await shot("deployment-devices");
await p.goto(base + "/deployments/new");
await p.waitForTimeout(1500);
await shot("deployment-new");
await p.goto(base + "/devices");
await p.waitForTimeout(1200);
await shot("devices");
const d = await p.locator('main a[href^="/devices/0"]').first().getAttribute("href");
await p.goto(base + d);
await p.waitForTimeout(1200);
await shot("device");
await p.goto(base + d + "/timeline");
await p.waitForTimeout(1200);
await shot("device-timeline");
await p.goto(base + "/releases");
await p.waitForTimeout(1200);
await shot("releases");
const r = await p.locator('main a[href^="/releases/0"]').first().getAttribute("href");
await p.goto(base + r);
await p.waitForTimeout(1200);
await shot("release");
for (const [n, u] of [
  ["upload", "/releases/upload"],
  ["groups", "/groups"],
  ["activity", "/activity"],
  ["settings", "/settings"],
  ["apikeys", "/settings/api-keys"],
  ["products", "/settings/products"],
  ["enrol", "/devices/new"],
]) {
  await p.goto(base + u);
  await p.waitForTimeout(1000);
  await shot(n);
}
await b.close();
