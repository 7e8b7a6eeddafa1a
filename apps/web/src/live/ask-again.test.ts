import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, onTestFinished, test } from "vitest";
import { askAgain } from "./ask-again.ts";

const everything = (): boolean => true;

/** A page that shows a number of the server; each question is answered when the test says so, with the number of then. */
function watchNumber() {
  const queryClient = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, networkMode: "always" } },
  });
  const questions: { answer: (value: number) => void; readonly signal: AbortSignal }[] = [];
  const observer = new QueryObserver(queryClient, {
    queryKey: ["number"],
    queryFn: ({ signal }) =>
      new Promise<number>((resolve) => questions.push({ answer: resolve, signal })),
  });
  onTestFinished(observer.subscribe(() => undefined));
  return {
    questions,
    shown: () => observer.getCurrentResult().data,
    answer: async (value: number) => {
      const asked = questions.length;
      questions.at(-1)?.answer(value);
      await expect.poll(() => observer.getCurrentResult().data).toBe(value);
      return { isAskedAgain: questions.length > asked };
    },
    change: () => askAgain(queryClient, everything),
  };
}

test("what is shown is asked again when it has changed", async () => {
  const page = watchNumber();
  await page.answer(1);

  page.change();

  expect(page.questions).toHaveLength(2);
  await page.answer(2);
  expect(page.shown()).toBe(2);
});

test("a change while the first answer is under way is not forgotten", async () => {
  const page = watchNumber();

  page.change();
  page.change();
  expect(page.questions).toHaveLength(1);
  await page.answer(1);

  await expect.poll(() => page.questions.length).toBe(2);
  expect(await page.answer(2)).toEqual({ isAskedAgain: false });
});

test("changes that come faster than answers do not keep the answers away", async () => {
  const page = watchNumber();
  await page.answer(1);

  page.change();
  page.change();
  page.change();

  expect(page.questions).toHaveLength(2);
  expect(page.questions[1]?.signal.aborted).toBe(false);
  await page.answer(2);
  await expect.poll(() => page.questions.length).toBe(3);
});
