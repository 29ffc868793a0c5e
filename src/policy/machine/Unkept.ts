/** What becomes of the rules of a run in a machine that looks at nothing while its guest works. */
import { isWithin } from "../../token/Files.ts"
import type { CommandRules, FileRules, MachineRules, TokenRules } from "./MachineRules.ts"

/** Rules that such a machine breaks: of which kind, and whose they are. */
export interface Unkept {
  readonly kind: "commands" | "files"
  readonly by: "policy" | "token"
  /** For people: `policy payments`, `token tok_…`. */
  readonly layer: string
}

const allows = ({ effect }: { readonly effect: string }): boolean => effect === "allow"

/** No rule can allow whatever a command has around it: only the default does. */
const allowsAllCommands = (commands: CommandRules): boolean =>
  commands.default === "allow" && commands.rules.every(allows)

const accesses = ["read", "write"] as const

const allowsAllFiles = (files: FileRules): boolean => {
  if (!files.rules.every(allows)) return false
  const all = files.rules.filter(({ paths }) => paths.includes("/**"))
  return files.default === "allow" || accesses.every((one) => all.some(({ access }) => access.includes(one)))
}

const givesAllFiles = ({ expiresMillis = Number.POSITIVE_INFINITY, read, write }: TokenRules, nowMillis: number) =>
  nowMillis < expiresMillis && isWithin("/", read) && isWithin("/", write)

/**
 * The first rules of a run that such a machine breaks: those that do not allow all files, and those that do not allow all commands.
 * The commands of a shell script are told by its text, so rules about them are kept by `Decider.text`; what a program in another
 * language runs is not.
 */
export const unkept = (rules: MachineRules, language: string, nowMillis: number): Unkept | undefined => {
  const { policy, tokens = [] } = rules
  const token = tokens.find((token) => !givesAllFiles(token, nowMillis))
  if (token !== undefined) return { kind: "files", by: "token", layer: token.layer }
  if (policy === undefined) return undefined
  const layer = `policy ${policy.name}`
  if (policy.files !== undefined && !allowsAllFiles(policy.files)) return { kind: "files", by: "policy", layer }
  if (language === "shell" || policy.commands === undefined || allowsAllCommands(policy.commands)) return undefined
  return { kind: "commands", by: "policy", layer }
}
