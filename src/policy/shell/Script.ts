/** What a command does, as far as it can be told from its text: every command that it runs, and where this cannot be told. */

import { Unreadable } from "./Draft.ts"
import { type Command, Findings, type Script } from "./Findings.ts"
import { innerOf } from "./Inner.ts"
import { Parser } from "./Parser.ts"
import { hasMarks, literal, marks } from "./Word.ts"

const lengthMax = 262_144
const depthMax = 16

/** Does something to the findings; what cannot be read is one of them. */
const guarded = (findings: Findings, act: () => void): void => {
  try {
    act()
  } catch (cause) {
    if (!(cause instanceof Unreadable)) throw cause
    findings.unread(`the script cannot be read: ${cause.why}`)
  }
}

const follow = (findings: Findings, command: Command, parent: number): void => {
  const { sources } = command
  const depth = command.depth + 1
  for (const inner of innerOf(command, findings)) {
    if (inner._tag === "Doubt") findings.doubt(inner.why)
    else if (depth > depthMax) findings.doubt(`commands run one another to more than ${depthMax} levels`)
    else if (inner._tag === "Command") {
      const redirections = command.redirections.filter(({ direction }) => direction !== "out")
      findings.add({ ...inner, redirections, sources, parent, depth })
    } else {
      if (inner.text.includes(marks.gap)) findings.doubt("a part of a script is not written out")
      guarded(findings, () => new Parser(inner.text, findings, { sources, parent, depth }).all())
    }
  }
}

const followAll = (findings: Findings): Script => {
  guarded(findings, () => {
    for (let index = 0; index < findings.commands.length; index++) {
      const command = findings.commands[index]
      if (command !== undefined) follow(findings, command, index)
    }
  })
  return findings
}

/** Reads a shell script. At most 262 144 characters; of a longer one nothing is known. Linear, and never throws. */
export const read = (text: string): Script => {
  const findings = new Findings()
  if (text.length > lengthMax) findings.unread(`the script has more than ${lengthMax} characters`)
  else if (text.includes("\0") || hasMarks(text))
    findings.unread("the script has characters that shells do not agree on")
  else guarded(findings, () => new Parser(text, findings, { sources: [], depth: 0 }).all())
  return followAll(findings)
}

/** What stands around the words of a command whose text is known. */
export interface Around {
  /** Whole `NAME=value` words. */
  readonly assignments?: ReadonlyArray<string> | undefined
  readonly redirections?: ReadonlyArray<{ readonly direction: "in" | "out"; readonly path: string }> | undefined
}

/** Reads a command as it is when nothing in it is left to a shell. */
export const fromArguments = (words: ReadonlyArray<string>, around: Around = {}): Script => {
  const { assignments = [], redirections = [] } = around
  const findings = new Findings()
  const isTooLong = [...words, ...assignments].reduce((length, word) => length + word.length, 0) > lengthMax
  if (isTooLong) findings.unread(`the command has more than ${lengthMax} characters`)
  else {
    findings.add({
      words: words.map(literal),
      assignments: assignments.map(literal),
      redirections: redirections.map(({ direction, path }) => ({ direction, target: literal(path) })),
      sources: [],
      depth: 0
    })
  }
  return followAll(findings)
}
