import { useState } from "react";
import { announce } from "./announcer.ts";
import { buttonClass } from "./button.tsx";

const SHOWN_MS = 2_000;

/** Copies, says so, and leaves the focus where it is. Without a clipboard (plain HTTP) the text is selected instead. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    if (!(await copyText(text))) return;
    setCopied(true);
    announce(`Copied the ${what}`);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button
      type="button"
      className={buttonClass("quiet")}
      aria-label={`Copy ${what}`}
      onClick={() => void copy()}
    >
      {isCopied ? "Copied" : "Copy"}
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The clipboard's own interface exists on secure pages only. */
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.className = "fixed top-0 opacity-0";
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  return isDone;
}
