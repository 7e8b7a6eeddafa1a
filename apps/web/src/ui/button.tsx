import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Link, type LinkProps } from "@tanstack/react-router";
import { classNames } from "./class-names.ts";

export type ButtonKind = "primary" | "plain" | "danger" | "quiet";

const KINDS: Readonly<Record<ButtonKind, string>> = {
  primary: "bg-primary text-on-primary border-primary hover:brightness-110",
  plain: "bg-page text-ink border-control hover:bg-sunk",
  danger: "bg-danger text-on-danger border-danger hover:brightness-110",
  quiet: "bg-transparent text-soft border-transparent hover:bg-sunk hover:text-ink",
};

/** The look of a button, also for what is a link. 44 px high where fingers point. */
export const buttonClass = (kind: ButtonKind): string =>
  classNames(
    "inline-flex min-h-8 items-center justify-center gap-1.5 rounded-md border px-3 py-1 text-base font-medium",
    "pointer-coarse:min-h-11 disabled:opacity-55 aria-disabled:opacity-55 no-underline",
    KINDS[kind],
  );

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className"> {
  readonly kind?: ButtonKind;
  /** Why it cannot be used now: it stays visible, reachable, and says so. */
  readonly disabledReason?: string | undefined;
  /** The server has been asked and has not answered yet. */
  readonly isBusy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly children: ReactNode;
}

export function Button({
  kind = "plain",
  disabledReason,
  isBusy = false,
  onClick,
  children,
  type = "button",
  ...rest
}: ButtonProps) {
  const isOff = disabledReason !== undefined || isBusy;
  return (
    <button
      {...rest}
      type={type}
      className={buttonClass(kind)}
      {...(isOff ? { "aria-disabled": true } : {})}
      {...(isBusy ? { "aria-busy": true } : {})}
      {...(disabledReason === undefined ? {} : { title: disabledReason })}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {children}
      {disabledReason !== undefined && <span className="sr-only"> ({disabledReason})</span>}
    </button>
  );
}

/** Goes somewhere, and looks like a button. */
export function ButtonLink({
  kind = "plain",
  children,
  ...link
}: LinkProps & { readonly kind?: ButtonKind; readonly children: ReactNode }) {
  return (
    <Link {...link} className={buttonClass(kind)}>
      {children}
    </Link>
  );
}
