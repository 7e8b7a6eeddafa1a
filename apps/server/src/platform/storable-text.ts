/**
 * Text as both dialects can keep it: PostgreSQL's `text` holds no NUL, and no UTF-8 has lone surrogates. People and devices
 * may send both; each becomes U+FFFD. Not needed for JSON text, where they are escaped.
 */
export function storableText(text: string): string {
  return text.replaceAll("\0", "\u{FFFD}").toWellFormed();
}
