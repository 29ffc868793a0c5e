/** What a rule can be about, and what is known of who asks. */
import type { Around } from "./shell/Script.ts"

/** What is about to be done. A command is given by its words, or as text for a shell. */
export type Subject =
  | { readonly _tag: "Tool"; readonly method: string; readonly input: unknown }
  | { readonly _tag: "Command"; readonly argv: ReadonlyArray<string>; readonly around?: Around | undefined }
  | { readonly _tag: "Command"; readonly script: string }
  | { readonly _tag: "Code"; readonly language: string; readonly text: string }
  | { readonly _tag: "File"; readonly access: Access; readonly path: string }
  /** `addresses`: what the host's name has been resolved to. Decide again once it is known. */
  | {
      readonly _tag: "Network"
      readonly host: string
      readonly port: number
      readonly addresses?: ReadonlyArray<string> | undefined
    }

export type Access = "read" | "write"

/** Who asks: what the conditions of rules are compared with. */
export interface Context {
  readonly template?: string | undefined
  readonly tenant?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** The kinds of subjects, as a policy file names them. */
export const kinds = ["tools", "commands", "files", "network", "code"] as const
export type Kind = (typeof kinds)[number]

const lengthShown = 80

/** Cut between words: of a secret that was cut in two, nobody would know the first part for one. */
const shorten = (text: string): string => {
  if (text.length <= lengthShown) return text
  const [shown = ""] = /^[\s\S]*\s/.exec(text.slice(0, lengthShown)) ?? [text.slice(0, lengthShown)]
  return `${shown.toWellFormed()}…`
}

/** A subject in a few words: `bank/pay`, `rm -rf /`, `write /etc/passwd`, `api.example.com:443`. */
export const describe = (subject: Subject): string => {
  switch (subject._tag) {
    case "Tool":
      return shorten(subject.method)
    case "Command":
      return shorten("argv" in subject ? subject.argv.join(" ") : subject.script)
    case "File":
      return shorten(`${subject.access} ${subject.path}`)
    case "Network":
      return shorten(`${subject.host}:${subject.port}`)
    case "Code":
      return shorten(`${subject.language} code`)
  }
}
