import { setDefaultCACertificates } from "node:tls";
import type { Browser, Page } from "playwright-core";
import {
  launchBrowser,
  newContext,
  signedInContext,
  type ConsoleAddress,
} from "./console-browser.ts";
import { CONSOLE_SCREENS, openScreen, settled, type ConsoleScreen } from "./console-screens.ts";
import type { ConsoleFacts } from "./populated-console.ts";
import { watchedPage } from "./watched-page.ts";

type Theme = "light" | "dark";

interface Viewport {
  readonly width: number;
  readonly height: number;
}

interface TourOptions {
  readonly themes: readonly Theme[];
  readonly viewports: readonly Viewport[];
  /** Only screens whose name contains it. */
  readonly only?: string;
}

interface Stop {
  readonly page: Page;
  /** "devices", "overview-palette": the screen, and its state when it is not as it opens. */
  readonly name: string;
  readonly theme: Theme;
  readonly viewport: Viewport;
  /** What went wrong on the way here. */
  readonly problems: readonly string[];
}

/** Goes to every screen and every state of it, in each theme and size, each time in a page of its own. */
export async function tourScreens(
  address: ConsoleAddress,
  facts: ConsoleFacts,
  { themes, viewports, only = "" }: TourOptions,
  visit: (stop: Stop) => Promise<void>,
): Promise<void> {
  setDefaultCACertificates([address.certificateAuthority]);
  const browser = await launchBrowser(address);
  const screens = CONSOLE_SCREENS.filter(({ name }) => name.includes(only));
  try {
    for (const theme of themes)
      for (const viewport of viewports)
        await tourOnce({ browser, address, facts, screens, theme, viewport }, visit);
  } finally {
    await browser.close();
  }
}

interface Round {
  readonly browser: Browser;
  readonly address: ConsoleAddress;
  readonly facts: ConsoleFacts;
  readonly screens: readonly ConsoleScreen[];
  readonly theme: Theme;
  readonly viewport: Viewport;
}

async function tourOnce(round: Round, visit: (stop: Stop) => Promise<void>): Promise<void> {
  const { browser, address, facts, screens, theme, viewport } = round;
  const look = { colorScheme: theme, viewport, hasTouch: viewport.width < 600 } as const;
  const signedIn = await signedInContext(browser, address, look);
  const signedOut = await newContext(browser, look);
  for (const screen of screens)
    for (const [state, enter] of [
      ["", () => Promise.resolve()] as const,
      ...Object.entries(screen.states ?? {}),
    ]) {
      const context = screen.isSignedOut === true ? signedOut : signedIn;
      const { page, problems } = await watchedPage(context, address.url);
      const name = state === "" ? screen.name : `${screen.name}-${state}`;
      try {
        await openScreen(page, address.url + screen.path(facts));
        await enter(page);
        await settled(page);
        await visit({ page, name, theme, viewport, problems: problems() });
      } catch (error) {
        const problem = `could not be opened: ${String(error)}`;
        await visit({ page, name, theme, viewport, problems: [...problems(), problem] });
      } finally {
        await page.close();
      }
    }
  await signedIn.close();
  await signedOut.close();
}
