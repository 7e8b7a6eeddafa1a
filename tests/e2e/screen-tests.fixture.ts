import { expect, test } from "vitest";
import { axeFindings } from "../../tools/console/axe-findings.ts";
import { CONSOLE_SCREENS, settled } from "../../tools/console/console-screens.ts";
import { useBrowser, widthOver } from "./console-page.fixture.ts";
import { sharedConsole } from "./shared-console.fixture.ts";

const PHONE = { width: 390, height: 844 };
/** 1280 pixels at four times the size. */
const NARROWEST = { width: 320, height: 640 };

/** Looks at the screens that `isMine` names, and their states: two files share them, and the time that it takes. */
export async function testScreens(isMine: (name: string) => boolean): Promise<void> {
  const shared = await sharedConsole();
  const open = useBrowser(() => shared, { keepsWindow: true });
  const visits = CONSOLE_SCREENS.filter(({ name }) => isMine(name)).flatMap((screen) =>
    [["", () => Promise.resolve()] as const, ...Object.entries(screen.states ?? {})].map(
      ([state, enter]) => ({ screen, enter, name: `${screen.name} ${state}`.trim() }),
    ),
  );

  test.each(visits)("$name: nothing for axe, light or dark; fits on a phone", async (visit) => {
    const { screen, enter } = visit;
    const person = screen.isSignedOut === true ? { person: null } : {};
    const { page } = await open(screen.path(shared.facts), person);
    await settled(page);
    await enter(page);
    await settled(page);

    expect(await page.title()).toMatch(/\S · Moult$/);
    expect(await axeFindings(page)).toEqual([]);
    // Colours are all that differs in the dark; `npm run web:axe` asks everything of both themes and sizes.
    await page.evaluate(() => (document.documentElement.dataset["theme"] = "dark"));
    expect(await axeFindings(page, ["color-contrast"])).toEqual([]);

    await page.setViewportSize(PHONE);
    await expect.poll(() => widthOver(page)).toBe(0);
    await page.setViewportSize(NARROWEST);
    await expect.poll(() => widthOver(page)).toBe(0);
  });
}

/** Of devices and groups; the other file has the rest. */
export const isOfDevices = (name: string): boolean =>
  /^(?:devices?|enrol|attempt|groups?|bulk)(?:-|$)/.test(name);
