/**
 * A shell line that fetches a program that the server gives away (`showSystem`, downloads) with Node, which it needs anyway:
 * a bare Debian has neither curl nor wget. Of a server whose certificate the machine cannot check yet nothing is believed but
 * what the next line checks: the file's digest, which came to the person another way.
 */
export function fetchCommand({
  url,
  file,
  isChecked,
}: {
  readonly url: string;
  readonly file: string;
  /** Whether the machine knows who vouches for the server's certificate. */
  readonly isChecked: boolean;
}): string {
  const options = isChecked ? "{}" : "{rejectUnauthorized:false}";
  const script = [
    "const[,u,f]=process.argv,end=t=>{console.error(u+t);process.exit(1)};",
    `require(new URL(u).protocol.slice(0,-1)).get(u,${options},`,
    'r=>r.statusCode===200?r.pipe(require("fs").createWriteStream(f)):end(" answered "+r.statusCode))',
    '.on("error",e=>end(": "+e.message))',
  ].join("");
  return `node -e '${script}' ${quoted(url)} ${quoted(file)}`;
}

/** For a POSIX shell: one word, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
