/**
 * Decides for a machine on what its guest is about to do, by the rules that came with the run. Pure but for the clock, and at once.
 *
 * - What a policy decides of a subject is decided here: it is the same function, on the rules of the run.
 * - Nobody can be asked while a command runs: what a person would have to allow is refused, with a reason that says so.
 * - Every token, and then the policy, must let it through. The first that does not has its reason told.
 */
import * as Result from "effect/Result"
import { isWithin } from "../../token/Files.ts"
import * as PathPattern from "../PathPattern.ts"
import { type Decisive, decide } from "../Policy.ts"
import type { Rule } from "../Rule.ts"
import { rest } from "../Sequence.ts"
import type { Access, Subject } from "../Subject.ts"
import * as CommandPattern from "../shell/CommandPattern.ts"
import type { Around } from "../shell/Script.ts"
import type { Verdict } from "../Verdict.ts"
import type { CommandRules, FileRules, MachineRules, PolicyRules, TokenRules } from "./MachineRules.ts"
import { decideOnPipes } from "./Pipes.ts"

/** Why something is not done. */
export interface Refusal {
  /** `ask`: a person might have allowed it. */
  readonly effect: "deny" | "ask"
  /** Who said so: `policy payments`, `token tok_…`. */
  readonly layer: string
  /** The id of the policy, where that is who. */
  readonly policy: string | undefined
  /** The id of the policy's rule; undefined for its default. */
  readonly rule: string | undefined
  /** For the guest. */
  readonly reason: string
}

/** Each gives the refusal; undefined if it may be done. */
export interface Decider {
  /**
   * A command as it is dispatched, with all its words expanded. One that only redirects, as around a group, has no words. Not to
   * be left out for what runs other commands (`eval`, `xargs`), nor for those commands.
   */
  readonly command: (argv: ReadonlyArray<string>, around?: Around) => Refusal | undefined
  /** An access to a file. `path` is absolute, and all links in it have been followed. */
  readonly file: (path: string, access: Access) => Refusal | undefined
  /** A text, before it is run as a script: what only the whole of it shows, which is what its commands read from one another. */
  readonly script: (text: string) => Refusal | undefined
  /** A script for a shell that asks about none of its commands: all that it runs, by its text alone. */
  readonly text: (text: string) => Refusal | undefined
}

const nowhere = { line: 0, column: 0 }
const anyCommand: CommandPattern.CommandPattern = {
  text: "",
  stages: [{ flags: [], operands: [], anyFlags: false, assignments: [], redirections: [] }]
}
const anyPath: PathPattern.PathPattern = { text: "/**", segments: [rest] }

/** A pattern that cannot be read, of another version, is about everything if it forbids, and about nothing if it allows. */
const readAll = <Pattern>(
  effect: Rule["effect"],
  texts: ReadonlyArray<string>,
  parse: (text: string) => Result.Result<Pattern, string>,
  everything: Pattern
): ReadonlyArray<Pattern> =>
  texts.flatMap((text) =>
    Result.match(parse(text), {
      onSuccess: (pattern) => [pattern],
      onFailure: () => (effect === "allow" ? [] : [everything])
    })
  )

const commandRules = ({ rules }: CommandRules): ReadonlyArray<Rule> =>
  rules.map(({ patterns, ...rule }) => ({
    ...rule,
    position: nowhere,
    scope: { kind: "commands", patterns: readAll(rule.effect, patterns, CommandPattern.parse, anyCommand) }
  }))

const fileRules = ({ rules }: FileRules): ReadonlyArray<Rule> =>
  rules.map(({ access, paths, ...rule }) => ({
    ...rule,
    position: nowhere,
    scope: { kind: "files", access, paths: readAll(rule.effect, paths, PathPattern.parse, anyPath) }
  }))

const toPolicy = ({ commands, files }: PolicyRules): Decisive => ({
  defaults: {
    tools: "deny",
    network: "deny",
    commands: commands?.default ?? "allow",
    files: files?.default ?? "allow"
  },
  ...(commands?.unparsable === undefined ? {} : { unparsable: commands.unparsable }),
  rules: [...(commands === undefined ? [] : commandRules(commands)), ...(files === undefined ? [] : fileRules(files))]
})

const toRefusal = (by: PolicyRules | undefined, { effect, reason, rule }: Verdict): Refusal | undefined => {
  if (effect === "allow") return undefined
  const told = effect === "ask" ? `${reason}; a person would have to allow it, and nobody can be asked here` : reason
  return { effect, layer: `policy ${by?.name}`, policy: by?.id, rule, reason: told }
}

const refusedBy = (token: TokenRules, access: Access, path: string, nowMillis: () => number): Refusal | undefined => {
  const { expiresMillis, layer } = token
  const refused = (reason: string): Refusal => ({ effect: "deny", layer, policy: undefined, rule: undefined, reason })
  if (expiresMillis !== undefined && !(nowMillis() < expiresMillis)) return refused(`the ${layer} has expired`)
  return isWithin(path, token[access]) ? undefined : refused(`the ${layer} does not let this be ${participles[access]}`)
}

const participles: Readonly<Record<Access, string>> = { read: "read", write: "written" }

/**
 * Reads rules, once for all decisions by them. `nowMillis` is the machine's own clock, by which tokens expire: it must be the same
 * in a replay.
 */
export const decider = (rules: MachineRules | undefined, nowMillis: () => number): Decider => {
  const { policy, tokens = [] } = rules ?? {}
  const decisive = policy === undefined ? undefined : toPolicy(policy)
  const decideBy = (kept: unknown, subject: Subject) =>
    decisive === undefined || kept === undefined ? undefined : toRefusal(policy, decide(decisive, subject, {}))
  return {
    command: (argv, around) => decideBy(policy?.commands, { _tag: "Command", argv, around }),
    file: (path, access) => {
      for (const token of tokens) {
        const refusal = refusedBy(token, access, path, nowMillis)
        if (refusal !== undefined) return refusal
      }
      return decideBy(policy?.files, { _tag: "File", access, path })
    },
    script: (text) =>
      decisive === undefined || policy?.commands === undefined
        ? undefined
        : toRefusal(policy, decideOnPipes(decisive, text)),
    text: (script) => decideBy(policy?.commands, { _tag: "Command", script })
  }
}
