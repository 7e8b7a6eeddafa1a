import type { BrowserContext, Page } from "playwright-core";

/** A page that remembers everything that went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** What went wrong so far, one line each, without what was expected. */
  readonly problems: () => readonly string[];
  /** The test provokes this: lines that match are no problem. */
  readonly expectProblem: (pattern: RegExp) => void;
}

/** A page was left, or a stream ended, while the answer was on its way: nobody waits for it any more. */
const LEFT = /net::ERR_ABORTED/;

/**
 * Hears of violations of the content security policy, errors on the console, exceptions, requests that failed or were
 * refused, requests to anybody else, and dialogs of the browser's own, which no page of ours opens.
 */
export async function watchedPage(context: BrowserContext, origin: string): Promise<WatchedPage> {
  const found: string[] = [];
  const expected: RegExp[] = [];
  const page = await context.newPage();
  await page.exposeFunction("reportViolation", (text: string) => void found.push(`csp: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const { violatedDirective, blockedURI, sourceFile, lineNumber, sample } = event;
      const report = (window as unknown as { reportViolation: (text: string) => void })
        .reportViolation;
      report(`${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber} ${sample}`);
    });
  });
  page.on("console", (message) => {
    if (message.type() === "error")
      found.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => void found.push(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    // A page that loses something asks before it is left, and whoever leaves it means to; nothing else may ask so.
    if (dialog.type() !== "beforeunload") found.push(`dialog: ${dialog.message()}`);
    void dialog.accept().catch(() => undefined);
  });
  page.on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && protocol !== "blob:" && protocol !== "data:")
      found.push(`third party: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    if (!LEFT.test(reason)) found.push(`request: ${request.method()} ${request.url()} ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400)
      found.push(`answer: ${response.request().method()} ${response.url()} ${response.status()}`);
  });
  return {
    page,
    problems: () => found.filter((line) => !expected.some((pattern) => pattern.test(line))),
    expectProblem: (pattern) => void expected.push(pattern),
  };
}
