import * as Schema from "effect/Schema"

/**
 * What a program may be written in. All programs of a machine work on the same files. A machine that does not speak a language
 * fails the run, with the reason `UnknownLanguage`.
 */
export const Language = Schema.Literals(["javascript", "typescript", "shell", "python", "cpp", "go"])
export type Language = typeof Language.Type
