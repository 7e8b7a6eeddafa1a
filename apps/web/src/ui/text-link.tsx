import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** A link in running text or in a table. */
export function TextLink({
  children,
  isQuiet = false,
  ...link
}: LinkProps & { readonly children: ReactNode; readonly isQuiet?: boolean }) {
  return (
    <Link
      {...link}
      className={
        isQuiet
          ? "text-ink decoration-control underline-offset-3 hover:underline"
          : "text-primary underline underline-offset-3 hover:decoration-2"
      }
    >
      {children}
    </Link>
  );
}
