import { mkdirSync } from "node:fs";
import { setDefaultCACertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import {
  launchBrowser,
  newContext,
  signedInContext,
  type ConsoleAddress,
  type SignIn,
} from "../../tools/console/console-browser.ts";
import { watchedPage, type WatchedPage } from "../../tools/console/watched-page.ts";

const PICTURES = fileURLToPath(new URL("../../.data/e2e", import.meta.url));

export interface OpenOptions extends BrowserContextOptions {
  /** Null: nobody has signed in. */
  readonly person?: SignIn | null;
  /** A window that is open already: another tab of the same person. */
  readonly beside?: Page;
}

export interface BrowserOptions {
  /** Tests that only look share the administrator's window, and with it what their browser has loaded and compiled. */
  readonly keepsWindow?: boolean;
}

export interface OpenedPage extends WatchedPage {
  readonly context: BrowserContext;
}

/**
 * A browser for the tests of a file. Every page that a test opens is watched; whatever went wrong in it, and was not
 * expected, fails the test, and a picture of the page as it was then lies in .data/e2e.
 */
export function useBrowser(address: () => ConsoleAddress, options: BrowserOptions = {}) {
  let browser: Browser;
  let kept: BrowserContext | undefined;
  const opened: OpenedPage[] = [];

  beforeAll(async () => {
    setDefaultCACertificates([address().certificateAuthority]);
    browser = await launchBrowser(address());
  });
  afterAll(() => browser?.close());
  afterEach(async ({ task }) => {
    const pages = opened.splice(0);
    const problems = pages.flatMap((page) => page.problems());
    if (problems.length > 0 || (task.result?.errors ?? []).length > 0)
      await takePictures(task.name, pages);
    await Promise.all(
      pages.map(({ page, context }) => (context === kept ? page.close() : context.close())),
    );
    expect(problems).toEqual([]);
  });

  return async (path: string, openOptions: OpenOptions = {}): Promise<OpenedPage> => {
    const { person, beside, ...contextOptions } = openOptions;
    const isKept = options.keepsWindow === true && Object.keys(openOptions).length === 0;
    if (isKept) kept ??= await signedInContext(browser, address());
    const context =
      (isKept ? kept : beside?.context()) ??
      (person === null
        ? await newContext(browser, contextOptions)
        : await signedInContext(browser, address(), contextOptions, person));
    const watched: OpenedPage = { ...(await watchedPage(context, address().url)), context };
    opened.push(watched);
    await watched.page.goto(address().url + path, { waitUntil: "domcontentloaded" });
    return watched;
  };
}

async function takePictures(testName: string, pages: readonly OpenedPage[]): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  const name = testName.replaceAll(/[^\w]+/g, "-").slice(0, 80);
  for (const [index, { page }] of pages.entries())
    // A page that was closed, or hangs, has no picture.
    await page.screenshot({ path: `${PICTURES}/${name}-${index}.png` }).catch(() => undefined);
}

/** Waits until it can be seen. */
export const seen = async (locator: Locator): Promise<void> => {
  await locator.first().waitFor({ state: "visible" });
};

export const gone = async (locator: Locator): Promise<void> => {
  await locator.first().waitFor({ state: "hidden" });
};

/** Whether nothing has to be scrolled sideways to be read. */
export async function widthOver(page: Page): Promise<number> {
  return page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
}
