/** The escapes of `$'...'` and of backquotes. */

const named: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1B",
  E: "\x1B",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v"
}

const codePointMax = 0x10_ffff

const fromCode = (digits: string, radix: number): string => {
  const code = Number.parseInt(digits, radix)
  return code <= codePointMax ? String.fromCodePoint(code) : "\uFFFD"
}

const escape = /\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c([\s\S])|([\s\S]))/g

/** The text between the quotes of `$'...'`, decoded. */
export const decodeAnsi = (text: string): string =>
  text.replaceAll(escape, (_, hex, short, long, octal, control, other: string | undefined) => {
    const digits: string | undefined = hex ?? short ?? long
    if (digits !== undefined) return fromCode(digits, 16)
    if (octal !== undefined) return fromCode(octal, 8)
    if (control !== undefined) return String.fromCharCode(control.charCodeAt(0) & 31)
    return named[other ?? ""] ?? other ?? ""
  })

/** The script between backquotes. */
export const decodeBackquoted = (text: string): string => text.replaceAll(/\\([\\`$])/g, "$1")
