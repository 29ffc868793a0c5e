/** Reads the text of a command pattern into its stages. */
import * as Result from "effect/Result"
import * as Glob from "../Glob.ts"
import { type Rest, rest } from "../Sequence.ts"

/** One of several texts. */
export type Choice = ReadonlyArray<Glob.Glob>

/** What is asked of one command. */
export interface Stage {
  /** Without it, it is about commands of any name. */
  readonly name?: Choice
  /** Flags that must be given, each in one of several spellings. */
  readonly flags: ReadonlyArray<ReadonlyArray<string>>
  /** The other words; `rest` stands for any words. */
  readonly operands: ReadonlyArray<Choice | Rest>
  /** Whether any flags may be given beside those. */
  readonly anyFlags: boolean
  readonly assignments: ReadonlyArray<Choice>
  readonly redirections: ReadonlyArray<{ readonly direction: "in" | "out"; readonly target: Choice }>
}

const lengthMax = 512
const wordsMax = 64
const alternativesMax = 16

/** Names that stand for several programs: `@shell` for those that take what they read, or are given, for commands. */
const groups = {
  "@shell": "sh bash dash ash ksh mksh zsh fish csh tcsh eval source .",
  "@interpreter": "python* perl ruby node php lua deno bun",
  "@downloader": "curl wget fetch aria2c http https xh nc ncat netcat socat"
} as const

/** Stand for unquoted characters that have a meaning in a pattern. */
const special = { "*": "\uE010", "{": "\uE011", ",": "\uE012", "}": "\uE013" } as const

/** The words of a text, in which special characters that are not quoted are marked; a failure says what is wrong. */
const wordsOf = (text: string): Result.Result<ReadonlyArray<string>, string> => {
  const words: Array<string> = []
  let word: string | undefined
  let quote = ""
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ""
    if (quote !== "") {
      if (character === quote) quote = ""
      else word = `${word ?? ""}${character}`
    } else if (character === "'" || character === '"') {
      quote = character
      word ??= ""
    } else if (character === "\\") word = `${word ?? ""}${text[++at] ?? "\\"}`
    else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = `${word ?? ""}${character in special ? special[character as keyof typeof special] : character}`
  }
  if (quote !== "") return Result.fail("a quote is not closed")
  if (word !== undefined) words.push(word)
  return Result.succeed(words)
}

const braces = new RegExp(`${special["{"]}([^${special["{"]}]*?)${special["}"]}`)

const plain = (word: string): string =>
  Object.entries(special).reduce((text, [character, mark]) => text.replaceAll(mark, character), word)

const globOf = (word: string): Glob.Glob => {
  const [first = "", ...rest] = word.split(new RegExp(`${special["*"]}+`)).map(plain)
  return [first, ...rest]
}

const alternativesOf = (word: string): Result.Result<ReadonlyArray<string>, string> => {
  const found = braces.exec(word)
  if (found === null) return Result.succeed([word])
  const [whole, inner = ""] = found
  const texts = inner.split(special[","]).map((alternative) => word.replace(whole, () => alternative))
  if (texts.length > alternativesMax) return Result.fail(`a word has more than ${alternativesMax} alternatives`)
  if (texts.some((text) => braces.test(text))) return Result.fail("a word has braces more than once")
  return Result.succeed(texts)
}

interface Building {
  readonly name?: Choice
  readonly flags: Array<ReadonlyArray<string>>
  readonly operands: Array<Choice | Rest>
  readonly assignments: Array<Choice>
  readonly redirections: Array<{ readonly direction: "in" | "out"; readonly target: Choice }>
  anyFlags: boolean
}

const nameOf = (texts: ReadonlyArray<string>): Result.Result<Choice, string> => {
  const [text = ""] = texts
  if (!text.startsWith("@")) return Result.succeed(texts.map(globOf))
  const members = Object.entries(groups).find(([group]) => group === text)?.[1]
  return members === undefined
    ? Result.fail(`${JSON.stringify(text)} is no group; those are ${Object.keys(groups).join(", ")}`)
    : Result.succeed(members.split(" ").map(Glob.parse))
}

const addWord = (stage: Building, word: string): Result.Result<Building, string> =>
  Result.flatMap(alternativesOf(word), (texts) => {
    const isFlag = texts.map((text) => /^-./.test(text))
    if (stage.name === undefined && stage.operands.length === 0) {
      if (texts.every((text) => /^[A-Za-z_]\w*=/.test(text))) {
        stage.assignments.push(texts.map(globOf))
        return Result.succeed(stage)
      }
      return Result.map(nameOf(texts), (name) => ({ ...stage, name }))
    }
    if (word === `${special["*"]}${special["*"]}`) stage.operands.push(rest)
    else if (word === `-${special["*"]}`) stage.anyFlags = true
    else if (isFlag.every(Boolean)) stage.flags.push(texts.map(plain))
    else if (isFlag.some(Boolean)) return Result.fail("alternatives are all flags, or none of them is one")
    else stage.operands.push(texts.map(globOf))
    return Result.succeed(stage)
  })

const stageOf = (words: ReadonlyArray<string>): Result.Result<Stage, string> => {
  if (words.length === 0) return Result.fail("no command is named")
  let stage: Building = { flags: [], operands: [], assignments: [], redirections: [], anyFlags: false }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ""
    if (word === ">" || word === "<") {
      const target = alternativesOf(words[++at] ?? "")
      if (Result.isFailure(target)) return Result.fail(target.failure)
      if (words[at] === undefined) return Result.fail(`behind ${word} stands the name of a file`)
      stage.redirections.push({ direction: word === ">" ? "out" : "in", target: target.success.map(globOf) })
      continue
    }
    const next = addWord(stage, word)
    if (Result.isFailure(next)) return Result.fail(next.failure)
    stage = next.success
  }
  return Result.succeed(stage)
}

/** Reads a pattern: its stages, the first of which feeds the second. A failure says what is wrong. */
export const parse = (text: string): Result.Result<ReadonlyArray<Stage>, string> => {
  if (text.length > lengthMax) return Result.fail(`it has more than ${lengthMax} characters`)
  if (/[\p{Cc}\uE010-\uE013]/u.test(text)) return Result.fail("it has control characters")
  const words = wordsOf(text)
  if (Result.isFailure(words)) return Result.fail(words.failure)
  if (words.success.length > wordsMax) return Result.fail(`it has more than ${wordsMax} words`)
  const stages: Array<Stage> = []
  for (let from = 0; ; ) {
    const pipe = words.success.indexOf("|", from)
    const stage = stageOf(words.success.slice(from, pipe === -1 ? undefined : pipe))
    if (Result.isFailure(stage)) return Result.fail(stage.failure)
    stages.push(stage.success)
    if (pipe === -1) return Result.succeed(stages)
    from = pipe + 1
  }
}
