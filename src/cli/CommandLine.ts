const isPlain = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+:,./=~-]*$/

const quote = (text: string): string => (isPlain.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** A command as somebody can type it into a shell. */
export const commandLine = (words: ReadonlyArray<string>): string => ["caisson", ...words].map(quote).join(" ")
