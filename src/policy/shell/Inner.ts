/** What a command runs beside itself: a command in its words, a script in one of them, or what it reads. */
import type { Command, Findings } from "./Findings.ts"
import { anything, known, literal, marks, mayBeFlag, something, toMarked, type Word } from "./Word.ts"
import { unwrap } from "./Wrappers.ts"

export type Inner =
  | { readonly _tag: "Command"; readonly words: ReadonlyArray<Word>; readonly assignments: ReadonlyArray<Word> }
  | { readonly _tag: "Script"; readonly text: string }
  | { readonly _tag: "Doubt"; readonly why: string }

type Inners = ReadonlyArray<Inner>

const script = (...words: ReadonlyArray<Word>): Inner => ({ _tag: "Script", text: words.map(toMarked).join(" ") })
const doubt = (why: string): Inner => ({ _tag: "Doubt", why })
const readsDescriptor = (name: string): string => `${name} runs what a descriptor that was opened before gives`
const run = (words: ReadonlyArray<Word>, assignments: ReadonlyArray<Word> = []): Inner => ({
  _tag: "Command",
  words,
  assignments
})

const shells = /^r?(?:sh|bash|dash|ash|ksh|ksh93|mksh|pdksh|zsh|yash|fish|csh|tcsh|posh|hush)(?:-[\d.]+)?$/
const interpreters = /^(?:python|pypy|perl|ruby|node|nodejs|php|lua|tclsh|osascript|pwsh|powershell|deno|bun)[\d.]*$/
const standardInput = /^(?:-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/
/** What was opened before, by a number that is not that of standard input. */
const descriptorFile = /^\/(?:dev|proc\/(?:self|\d+))\/fd\/(?!0$)/
const assignment = /^[A-Za-z_][A-Za-z0-9_]*\+?=/

/** The name of a program, without the folder that it is in. */
export const baseName = (name: string): string => name.slice(name.lastIndexOf("/") + 1)

const isFlag = (word: Word): boolean => /^[-+]./.test(word.text[0])

/** The text that a command writes, if it is one of those whose words say it. */
const written = ({ redirections, words: [name, ...rest] }: Command): string | undefined => {
  const texts = rest.map(known)
  const command = name === undefined ? undefined : known(name)
  const document = redirections.find(({ direction }) => direction === "text")
  const isCopy = name === undefined || (command === "cat" && texts.every((text) => text === "-"))
  if (isCopy && document !== undefined) return toMarked(document.target)
  if (!texts.every((text) => text !== undefined)) return undefined
  const [first = "", ...others] = texts
  const isPlainFormat = /^(?:%s(?:\\n|\n| )?)+$/.test(first)
  if (command === "printf" && isPlainFormat && others.every((text) => !text.includes("%"))) return others.join("\n")
  const words = first === "-n" ? others : texts
  const isPlain = words.every((text) => !text.includes("\\")) && words[0]?.startsWith("-") !== true
  if (command === "echo" && isPlain) return words.join(" ")
  return command === "printf" && isPlain && others.length === 0 && !first.includes("%") ? first : undefined
}

/** What a command runs that takes what others write for commands. */
const readFeeds = (name: string, sources: ReadonlyArray<number>, { commands, feeds }: Findings): Inners =>
  sources.map((source) => {
    const feed = feeds[source]
    const only = feed !== undefined && feed.to - feed.from === 1 ? commands[feed.from] : undefined
    const text = only === undefined ? undefined : written(only)
    return text === undefined ? doubt(`${name} runs what other commands write`) : { _tag: "Script", text }
  })

const isDescriptor = (word: Word): boolean => descriptorFile.test(known(word) ?? "")

/** What a command runs that takes what it reads for commands. Which of several redirections counts, shells know best. */
const readInput = (name: string, { redirections, sources }: Command, findings: Findings): Inners => {
  const isGiven = sources.length > 0 || redirections.some(({ direction }) => direction !== "out")
  const isOpenedBefore = redirections.some(
    ({ direction, target }) => direction === "descriptor" || (direction === "in" && isDescriptor(target))
  )
  return [
    ...redirections.filter(({ direction }) => direction === "text").map(({ target }) => script(target)),
    ...(isOpenedBefore || (!isGiven && findings.isInputReplaced()) ? [doubt(readsDescriptor(name))] : []),
    ...readFeeds(name, sources, findings)
  ]
}

/** What a command runs that takes a file for commands. */
const readFile = (name: string, file: Word, findings: Findings): Inners =>
  isDescriptor(file) ? [doubt(readsDescriptor(name))] : readFeeds(name, file.sources, findings)

const longShellValues = /^--(?:rcfile|init-file)$/
/** Shells that take what stands behind an `o` in a cluster for its value, where others take it for more flags. */
const attachesValues = /^(?:zsh|fish|r?ksh(?:93)?|mksh|pdksh)(?:-[\d.]+)?$/

/** How many of the next words are values of a flag of a shell, as `pipefail` is one of `-euo`. */
const shellValues = (name: string, flag: string): number => {
  if (longShellValues.test(flag)) return 1
  if (flag.startsWith("--")) return 0
  if (attachesValues.test(name)) return /[oO]$/.test(flag) ? 1 : 0
  return [...flag].filter((letter) => letter === "o" || letter === "O").length
}

const shell = (name: string, command: Command, findings: Findings): Inners => {
  let isScript = false
  let readsInput = false
  let at = 1
  for (; at < command.words.length; at++) {
    const word = command.words[at]
    const text = word === undefined ? undefined : known(word)
    if (word === undefined || text === undefined || !isFlag(word)) break
    if (text === "--") {
      at++
      break
    }
    if (/^-[A-Za-z]*c/.test(text)) isScript = true
    else if (/^-[A-Za-z]*s/.test(text)) readsInput = true
    // No value of these begins as a flag does.
    for (let left = shellValues(name, text); left > 0 && !isFlag(command.words[at + 1] ?? literal("-")); left--) at++
  }
  const operand = command.words[at]
  if (operand !== undefined && mayBeFlag(operand)) return [doubt(`it cannot be told what ${name} runs`)]
  if (isScript) return operand === undefined ? [] : [script(operand)]
  const isInput = operand === undefined || standardInput.test(known(operand) ?? "")
  if (readsInput || isInput) return readInput(name, command, findings)
  return readFile(name, operand, findings)
}

const interpreter = (name: string, command: Command, findings: Findings): Inners => {
  const isInput = command.words
    .slice(1)
    .every((word) => /^-[A-Za-z]?$/.test(known(word) ?? "x") || word.sources.length > 0)
  if (!isInput || command.words.some((word) => /^-[cemrp]$/.test(known(word) ?? ""))) return []
  // What it would run is no shell script.
  return readInput(name, command, findings).filter(({ _tag }) => _tag === "Doubt")
}

const source = (name: string, command: Command, findings: Findings): Inners => {
  const [, file] = command.words
  if (file === undefined) return []
  return standardInput.test(known(file) ?? "") ? readInput(name, command, findings) : readFile(name, file, findings)
}

/** The script behind a flag of a command that has one only there. */
const flagged = (words: ReadonlyArray<Word>, flags: RegExp): Inners =>
  words.flatMap((word, index) => {
    const text = known(word) ?? ""
    const [, flag = "", attached] = /^(--[\w-]+)=([\s\S]*)$/.exec(text) ?? /^(-[iv0]*S)([\s\S]+)$/.exec(text) ?? []
    if (attached !== undefined && flags.test(flag)) return [script(literal(attached))]
    const next = words[index + 1]
    return flags.test(text) && next !== undefined ? [script(next)] : []
  })

const pathOfFind: Word = { ...something, text: ["", "/", ""] }

/** The commands behind `-exec` and its like, each up to its `;` or `+`. */
const find = (words: ReadonlyArray<Word>): Inners => {
  const inners: Array<Inner> = []
  for (let at = 1; at < words.length; at++) {
    if (!/^-(exec|execdir|ok|okdir)$/.test(known(words[at] ?? literal("")) ?? "")) continue
    const inner: Array<Word> = []
    for (at++; at < words.length; at++) {
      const word = words[at] ?? literal("")
      const text = known(word)
      if (text === ";" || (text === "+" && known(words[at - 1] ?? literal("")) === "{}")) break
      inner.push(text?.includes("{}") === true ? replaced(word, "{}", pathOfFind) : word)
    }
    inners.push(run(inner))
  }
  return inners
}

const replaced = (word: Word, name: string, by: Word): Word => {
  const text = word.text.join(marks.gap)
  if (text === name) return by
  const [first = "", ...rest] = text.split(name).join(marks.gap).split(marks.gap)
  return { ...word, text: [first, ...rest] }
}

const ownWordsMax = 32

/** What `xargs` and `parallel` run has words that they read. */
const appended = (words: ReadonlyArray<Word>, inner: ReadonlyArray<Word>): ReadonlyArray<Word> => {
  if (inner.length === 0) return []
  const own = words.slice(0, words.length - inner.length)
  const texts = own.slice(-ownWordsMax).map((word) => known(word) ?? "")
  const names = texts.flatMap((text, index) => {
    if (text === "-I" || text === "--replace") return texts[index + 1] ?? []
    return /^(?:-[Ii]|--replace=)(.+)$/.exec(text)?.[1] ?? []
  })
  const whole = ["{}", ...names].reduce(
    (words, name) => (name === "" ? words : words.map((word) => replaced(word, name, something))),
    inner
  )
  return [...whole, anything]
}

const wrapped = (name: string, command: Command, findings: Findings): Inners => {
  const { words } = command
  const inner = unwrap(name, words)
  if (inner === undefined) return []
  if (name === "parallel" && inner.words.length === 0) return readInput(name, command, findings)
  const isQuery = name === "command" && words.some((word) => /^-[pvV]*[vV]/.test(known(word) ?? ""))
  if (isQuery) return []
  const filled = inner.appends ? appended(words, inner.words) : inner.words
  if (filled.length === 0 && inner.assignments.length === 0) return []
  return name === "parallel" ? [script(...filled)] : [run(filled, inner.assignments)]
}

const operands = (words: ReadonlyArray<Word>, values: string, longValues = /^$/): ReadonlyArray<Word> => {
  let at = 1
  while (at < words.length) {
    const text = known(words[at] ?? literal(""))
    if (text === undefined || !/^-./.test(text)) break
    at += (text.length === 2 && values.includes(text[1] ?? "-")) || longValues.test(text) ? 2 : 1
  }
  return words.slice(at)
}

/** The rest of the words as one script, as it goes to another machine or a shell of its own. */
const joined = (words: ReadonlyArray<Word>): Inners => (words.length === 0 ? [] : [script(...words)])

const special: ReadonlyMap<string, (command: Command, name: string, findings: Findings) => Inners> = new Map<
  string,
  (command: Command, name: string, findings: Findings) => Inners
>([
  ["eval", ({ words }) => joined(words.slice(known(words[1] ?? literal("")) === "--" ? 2 : 1))],
  [".", (command, name, findings) => source(name, command, findings)],
  ["source", (command, name, findings) => source(name, command, findings)],
  ["at", (command, name, findings) => readInput(name, command, findings)],
  ["batch", (command, name, findings) => readInput(name, command, findings)],
  ["trap", ({ words }) => joined(operands(words, "").slice(0, 1))],
  [
    "alias",
    ({ words }) =>
      words.slice(1).flatMap((word) => {
        const [, value] = /^[^=]+=([\s\S]*)$/.exec(toMarked(word)) ?? []
        return value === undefined ? [] : [{ _tag: "Script" as const, text: value }]
      })
  ],
  [
    "hash",
    ({ words }) => (words.some((word) => known(word) === "-p") ? [doubt("hash gives a program another name")] : [])
  ],
  ["find", ({ words }) => find(words)],
  ["watch", ({ words }) => joined(operands(words, "nq", /^--(?:interval|equexit)$/))],
  ["ssh", ({ words }) => joined(operands(words, "bcDEeFIiJLlmOopQRSWw").slice(1))],
  ["sg", ({ words }) => joined(words.slice(2).filter((word) => !isFlag(word)))],
  ...["mapfile", "readarray", "compgen", "complete"].map(
    (name) => [name, ({ words }: Command) => flagged(words, /^-C$/)] as const
  ),
  ["su", ({ words }) => flagged(words, /^(-[A-Za-z]*c|--command|--session-command)$/)],
  ["script", ({ words }) => flagged(words, /^(-[A-Za-z]*c|--command)$/)],
  ...["export", "declare", "typeset", "readonly", "local"].map(
    (name) =>
      [
        name,
        ({ words }: Command) => {
          const assignments = words
            .filter((word) => assignment.test(word.text[0]))
            .map((word) => ({ ...word, splits: false, expands: false }))
          return assignments.length === 0 ? [] : [run([], assignments)]
        }
      ] as const
  )
])

const alsoFlagged: ReadonlyMap<string, RegExp> = new Map([
  ["runuser", /^(-c|--command)$/],
  ["flock", /^(-c|--command)$/],
  ["env", /^(-[iv0]*S|--split-string)$/],
  ["fish", /^(-[A-Za-z]*[cC]|--command|--init-command)$/],
  ["entr", /^-[A-Za-z]*s$/]
])

/** What a command runs. */
export const innerOf = (command: Command, findings: Findings): Inners => {
  const [first] = command.words
  if (first === undefined) return []
  const text = known(first)
  if (text === undefined) return [doubt("the name of a command is not written out")]
  const name = baseName(text)
  const flags = alsoFlagged.get(name)
  const scripts = flags === undefined ? [] : flagged(command.words, flags)
  if (scripts.length > 0) return scripts
  if (shells.test(name)) return shell(name, command, findings)
  if (interpreters.test(name)) return interpreter(name, command, findings)
  return special.get(name)?.(command, name, findings) ?? wrapped(name, command, findings)
}
