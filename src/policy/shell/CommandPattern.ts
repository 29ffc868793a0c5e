/**
 * Which commands a rule is about: `rm -rf`, `git push **`, `@downloader | @shell`, `* > /etc/*`, `LD_PRELOAD=*`.
 *
 * - The first word is the name of a program, in whatever folder it is. `*` in a word stands for any text, `{a,b}` for one of
 *   several; what is quoted stands for itself. `@shell` and its like stand for several programs.
 * - Flags are given in any order, cluster and spelling. The other words are given in the order of the pattern.
 * - `A | B` is a command like B that reads, or has in its words, what a command like A writes.
 * - `> file` and `< file` are redirections, `NAME=value` in front is an assignment.
 *
 * What forbids reads a pattern widely: more flags, words and redirections may be there, before, between and behind. What allows
 * reads it narrowly: nothing else may be there, but for what `**` (any words and flags) and `-*` (any flags) stand for.
 */
import * as Result from "effect/Result"
import type { Script } from "./Findings.ts"
import * as Invocation from "./Invocation.ts"
import { covers } from "./Narrow.ts"
import { parse as parseStages, type Stage } from "./PatternText.ts"
import { type Chance, likelihood } from "./Wide.ts"

export interface CommandPattern {
  readonly text: string
  readonly stages: readonly [Stage, ...ReadonlyArray<Stage>]
}

/** Reads a pattern. At most 512 characters, 64 words, and 16 alternatives of a word. The failure says what is wrong. */
export const parse = (text: string): Result.Result<CommandPattern, string> =>
  Result.flatMap(parseStages(text), ([first, ...rest]) =>
    first === undefined ? Result.fail("no command is named") : Result.succeed({ text, stages: [first, ...rest] })
  )

const best = (chances: ReadonlyArray<Chance>): Chance => {
  if (chances.includes("yes")) return "yes"
  return chances.includes("maybe") ? "maybe" : "no"
}

const worse = (left: Chance, right: Chance): Chance => {
  if (left === "no" || right === "no") return "no"
  return left === "maybe" || right === "maybe" ? "maybe" : "yes"
}

/** For each command, how likely it is one of a stage that the stage before feeds. */
const followed = (script: Script, stage: Stage, before: ReadonlyArray<Chance>): ReadonlyArray<Chance> => {
  const fed: Array<Chance> = []
  // What feeds a feed stands before it.
  for (const { from, sources, to } of script.feeds) {
    fed.push(best([...before.slice(from, to), ...sources.map((source) => fed[source] ?? "no")]))
  }
  return script.commands.map((command) => {
    const own = likelihood(stage, Invocation.of(command), "maybe")
    return own === "no" ? "no" : worse(own, best(command.sources.map((source) => fed[source] ?? "no")))
  })
}

/** A command counts as what it runs: `sudo curl` writes what `curl` writes. */
const withParents = (script: Script, chances: ReadonlyArray<Chance>): ReadonlyArray<Chance> => {
  const all = [...chances]
  for (let index = all.length - 1; index >= 0; index--) {
    const parent = script.commands[index]?.parent
    const chance = all[index]
    if (parent !== undefined && chance !== undefined) all[parent] = best([all[parent] ?? "no", chance])
  }
  return all
}

/** For each command of a script, whether a rule that forbids is about it. `maybe`: what is not known of it may make it so. */
export const forbidden = ({ stages }: CommandPattern, script: Script): ReadonlyArray<Chance> => {
  const [first, ...rest] = stages
  if (rest.length > 0 && script.feeds.length === 0) return script.commands.map(() => "no")
  // By itself, a command without a known name puts the script in doubt as a whole, and no single rule.
  const unknown = rest.length === 0 ? "no" : "maybe"
  const chances = script.commands.map((command) => likelihood(first, Invocation.of(command), unknown))
  return rest.reduce<ReadonlyArray<Chance>>(
    (before, stage) => followed(script, stage, withParents(script, before)),
    chances
  )
}

/** For each command of a script, whether a rule that allows is about it. */
export const allowed = ({ stages }: CommandPattern, script: Script): ReadonlyArray<boolean> =>
  script.commands.map((command) => stages.length === 1 && covers(stages[0], Invocation.of(command)))
