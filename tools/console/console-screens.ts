import type { Page } from "playwright-core";
import { waitFor } from "../local/local-process.ts";
import type { ConsoleFacts } from "./populated-console.ts";

/** One screen of the console: where it is, how one knows that it is there, and what can be opened on it. */
export interface ConsoleScreen {
  readonly name: string;
  readonly path: (facts: ConsoleFacts) => string;
  /** Only for somebody who has not signed in. */
  readonly isSignedOut?: boolean;
  /** Its other faces, by name. */
  readonly states?: Readonly<Record<string, (page: Page) => Promise<void>>>;
}

const screen = (
  name: string,
  path: ConsoleScreen["path"] | string,
  states: ConsoleScreen["states"] = {},
): ConsoleScreen => ({ name, path: typeof path === "string" ? () => path : path, states });

const press = (name: string | RegExp) => (page: Page) =>
  page.getByRole("button", { name }).first().click();

const deploymentScreens = (["tripped", "finished", "paused", "aborted", "hostile"] as const).map(
  (kind) => screen(`deployment-${kind}`, ({ deployments }) => `/deployments/${deployments[kind]}`),
);

const inDeployment = (tab: string): ConsoleScreen =>
  screen(`deployment-${tab}`, ({ deployments }) => `/deployments/${deployments.tripped}/${tab}`);

const inDevice = (tab: string): ConsoleScreen =>
  screen(`device-${tab}`, ({ devices }) => `/devices/${devices.pump}/${tab}`);

/** Every screen: what the pictures show, what axe looks at, what the tests go through. */
export const CONSOLE_SCREENS: readonly ConsoleScreen[] = [
  { name: "sign-in", path: () => "/sign-in", isSignedOut: true },
  screen("overview", "/", { palette: press(/^Search/), you: press("Admin") }),
  screen("devices", "/devices", {
    filter: press("Filter"),
    columns: press("Columns"),
    selected: (page) =>
      page
        .getByRole("checkbox", { name: /^Select / })
        .nth(1)
        .check(),
  }),
  screen("devices-pending", "/devices?state=pending"),
  screen("devices-none", "/devices?search=nobody-is-called-so"),
  screen("devices-hostile", "/devices?product=odd"),
  screen("enrol-device", "/devices/new", { command: press("Show the command") }),
  screen("device", ({ devices }) => `/devices/${devices.pump}`),
  screen("device-moving", ({ devices }) => `/devices/${devices.moving}`),
  screen("device-pending", ({ devices }) => `/devices/${devices.pending}`, {
    accept: press("Accept"),
  }),
  screen("device-hostile", ({ devices }) => `/devices/${devices.hostile}`),
  inDevice("timeline"),
  inDevice("inventory"),
  inDevice("deployments"),
  inDevice("identity"),
  screen("device-receipts", ({ log }) => `/devices/${log.deviceId}/receipts`),
  screen("device-trust", ({ log }) => `/devices/${log.deviceId}/identity`),
  screen("device-hostile-inventory", ({ devices }) => `/devices/${devices.hostile}/inventory`),
  screen("attempt-log", ({ log }) => `/devices/${log.deviceId}/logs/${log.assignmentId}/1`),
  screen("groups", "/groups", { create: press("Create a group") }),
  screen("group", ({ groupId }) => `/groups/${groupId}`, {
    add: press("Add devices"),
    delete: press("Delete"),
  }),
  screen("bulk-change", ({ bulkChangeId }) => `/jobs/${bulkChangeId}`),
  screen("releases", "/releases"),
  screen("release", ({ releases }) => `/releases/${releases.plain}`, { delete: press("Delete…") }),
  screen("release-hostile", ({ releases }) => `/releases/${releases.hostile}`),
  screen("release-unsigned", ({ releases }) => `/releases/${releases.unsigned}`),
  screen("upload", "/releases/upload"),
  screen("deployments", "/deployments"),
  screen("new-deployment", "/deployments/new"),
  screen(
    "new-deployment-answer",
    ({ releases, groupId }) =>
      `/deployments/new?releaseId=${releases.plain}&target=group&groupId=${groupId}`,
  ),
  screen(
    "new-deployment-own",
    ({ releases }) => `/deployments/new?releaseId=${releases.plain}&target=all&plan=own`,
    { json: press("JSON") },
  ),
  screen(
    "new-deployment-unsigned",
    ({ releases }) => `/deployments/new?releaseId=${releases.unsigned}&target=all`,
  ),
  screen("deployment-moving", ({ deployments }) => `/deployments/${deployments.moving}`, {
    pause: press("Pause…"),
    abort: press("Abort…"),
  }),
  ...deploymentScreens,
  screen("deployment-waiting", ({ deployments }) => `/deployments/${deployments.waiting}`),
  inDeployment("devices"),
  inDeployment("history"),
  inDeployment("plan"),
  screen(
    "deployment-waiting-devices",
    ({ deployments }) => `/deployments/${deployments.waiting}/devices?show=waiting`,
  ),
  screen("activity", "/activity"),
  screen("settings", "/settings"),
  screen("api-keys", "/settings/api-keys", { create: press("New API key") }),
  screen("people", "/settings/people", { invite: press("Invite somebody") }),
  screen("accept-invitation", "/accept-invitation"),
  screen("products", "/settings/products"),
  screen("trust", "/settings/trust", { keys: press("Whole ids") }),
  screen("proposal", ({ proposalId }) => `/settings/proposals/${proposalId}`, {
    withdraw: press("Withdraw…"),
  }),
  screen("enrolment-tokens", "/settings/enrolment-tokens"),
  screen("other-clients", "/settings/other-clients", {
    register: press("Register a device"),
    gateway: press("New gateway token"),
    devices: press(/devices of hall 4/),
  }),
  screen("lost", "/nowhere"),
];

/** The page is there when its heading is, and nothing on it is still being asked for. */
export async function openScreen(page: Page, url: string): Promise<void> {
  await page.goto(url, { waitUntil: "domcontentloaded" });
  await settled(page);
}

export async function settled(page: Page): Promise<void> {
  // Of the page, or of the dialog over it.
  await page.getByRole("heading").first().waitFor();
  const waiting = page.getByText(/^Loading /).or(page.locator("[aria-busy=true]"));
  await waitFor(
    `${page.url()} to come to rest`,
    async () => ((await waiting.count()) === 0 ? true : undefined),
    15_000,
    50,
  );
}
