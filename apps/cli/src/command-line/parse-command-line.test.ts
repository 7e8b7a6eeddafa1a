import { expect, test } from "vitest";
import { command } from "./command.ts";
import { parseCommandLine } from "./parse-command-line.ts";

const example = command({
  positionals: ["DEVICE", "[NAME]"],
  options: {
    state: { type: "string", value: "STATE", help: "State" },
    device: { type: "string", value: "DEVICE", multiple: true, help: "Device" },
    product: { type: "string", value: "PRODUCT", required: true, help: "Product" },
    yes: { type: "boolean", short: "y", help: "Do not ask" },
  },
  example: "",
  run: () => Promise.resolve(),
});

test("options that were not given have their empty value", () => {
  const { options, positionals } = parseCommandLine(example, ["gw-17", "--product", "gw2"]);

  expect(options).toMatchObject({
    state: undefined,
    device: [],
    product: "gw2",
    yes: false,
    json: false,
  });
  expect(positionals).toEqual(["gw-17"]);
});

test("options may stand anywhere, be short, be joined with =, and be repeated", () => {
  const args = ["-y", "--device=a", "gw-17", "--device", "b", "--product=gw2", "name"];

  const { options, positionals } = parseCommandLine(example, args);

  expect(options).toMatchObject({ yes: true, device: ["a", "b"], product: "gw2" });
  expect(positionals).toEqual(["gw-17", "name"]);
});

test.each<[string[], string]>([
  [["gw-17"], "--product PRODUCT is missing."],
  [["--product", "gw2"], "DEVICE is missing."],
  [["a", "b", "c", "--product", "gw2"], '"c" is one word too many.'],
  [["a", "--prodcut", "gw2"], "There is no option --prodcut; did you mean --product?"],
  [["a", "--colour", "red"], "There is no option --colour"],
  [["a", "--product"], "Option '--product <value>' argument missing."],
  [["a", "--product", "x", "--yes=no"], "Option '-y, --yes' does not take an argument."],
])("%j is refused: %s", (args, sentence) => {
  expect(() => parseCommandLine(example, args)).toThrow(
    expect.objectContaining({ code: "usage", sentence }) as Error,
  );
});

test("help is given whatever else is missing", () => {
  expect(parseCommandLine(example, ["--help"]).options["help"]).toBe(true);
});
