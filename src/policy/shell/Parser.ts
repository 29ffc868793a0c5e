/**
 * Finds the simple commands of a shell script, wherever they stand: in pipelines, lists, loops, functions, substitutions.
 *
 * It is made to miss none, in the dialects of POSIX, Bash and their relatives. It does not check that the script is a correct
 * one, and throws `Unreadable` where it loses its way.
 */
import { CommandParts, type Found, makeFound } from "./CommandParts.ts"
import { readCondition } from "./Condition.ts"
import { makeDraft, Unreadable } from "./Draft.ts"
import type { Findings } from "./Findings.ts"
import { Scanner } from "./Scanner.ts"
import { fromMarked, literal, type Word } from "./Word.ts"

/** Who runs a script, and what it reads. */
export interface Origin {
  readonly sources: ReadonlyArray<number>
  readonly parent?: number
  readonly depth: number
}

const betweenClauses = /^(?:then|elif|else|do)$/
const endings: ReadonlyMap<string, string> = new Map([
  ["{", "}"],
  ["if", "fi"],
  ["while", "done"],
  ["until", "done"]
])
/** What it counts, beside its length, to read a part of a script in two ways. */
const speculationCost = 16
const closing = new Set(["}", "fi", "done", "esac"])

/** The patterns of a case, up to and with their parenthesis. */
const readLabels = (scanner: Scanner): void => {
  for (;;) {
    scanner.skipBlanks()
    if (scanner.peek() === ")") break
    if (scanner.peek() === "|") scanner.at++
    else if (scanner.word() === undefined) throw new Unreadable('")" is missing in a case')
  }
  scanner.at++
}

export class Parser {
  readonly #findings: Findings
  readonly #origin: Origin
  readonly #scanner: Scanner
  readonly #parts: CommandParts
  #sources: ReadonlyArray<number>
  #functions: ReadonlyArray<string> = []

  constructor(text: string, findings: Findings, origin: Origin) {
    findings.spend(text.length)
    this.#findings = findings
    this.#origin = origin
    this.#sources = origin.sources
    this.#scanner = new Scanner(text, {
      inParentheses: (direction) => this.#substituted(direction),
      inText: (script) => this.#inText(script)
    })
    this.#parts = new CommandParts(this.#scanner, (text) => this.#hereDocument(text))
  }

  /** Adds all commands of the script to the findings. */
  all(): void {
    this.#list(undefined)
    if (this.#scanner.peek() !== undefined)
      throw new Unreadable(`${JSON.stringify(this.#scanner.peek())} is not expected`)
  }

  #with<A>(sources: ReadonlyArray<number>, read: () => A): A {
    const outer = this.#sources
    this.#sources = sources
    const made = read()
    this.#sources = outer
    return made
  }

  #substituted(direction: "from" | "to"): number {
    if (direction === "from") return this.#findings.feedOf(this.#sources, () => this.#list(")"))
    const feed = this.#findings.feed(0, 0, this.#sources)
    this.#with([feed], () => this.#list(")"))
    return feed
  }

  #inText(script: string): number {
    const origin = { ...this.#origin, sources: this.#sources, depth: this.#origin.depth + 1 }
    if (origin.depth > 16) throw new Unreadable("it has more than 16 levels of backquotes")
    return this.#findings.feedOf(this.#sources, () => new Parser(script, this.#findings, origin).all())
  }

  /** Commands up to a word or a sign, which is read if it is a word, and left if it is a sign. */
  #list(end: string | undefined): void {
    for (;;) {
      this.#separators()
      const scanner = this.#scanner
      if (scanner.peek() === undefined) {
        if (end === undefined) return
        throw new Unreadable(`${JSON.stringify(end)} is missing`)
      }
      if (end === ")" && scanner.peek() === ")") return
      if (end === ";;" && (scanner.startsWith(";;") || scanner.startsWith(";&"))) return
      const word = this.#peekPlain()
      if (word !== undefined && (word === end || (end === ";;" && word === "esac"))) return
      if (word !== undefined && closing.has(word)) throw new Unreadable(`${JSON.stringify(word)} is not expected`)
      if (word !== undefined && betweenClauses.test(word)) scanner.at += word.length
      else this.#pipeline()
    }
  }

  #separators(): void {
    const scanner = this.#scanner
    for (;;) {
      scanner.skipBlanks()
      const character = scanner.peek()
      if (character === "\n") {
        scanner.at++
        this.#parts.readHereDocuments()
      } else if (character === "&" && scanner.peek(1) !== ">") scanner.at++
      else if (character === ";" && !/[;&]/.test(scanner.peek(1) ?? "")) scanner.at++
      else if (character === "|" && scanner.peek(1) === "|") scanner.at += 2
      else return
    }
  }

  /** The word that begins here, if it has nothing that is special. It is left to be read. */
  #peekPlain(): string | undefined {
    const found = /^[^\s|&;()<>\\'"$`*?[,\uE000-\uE003]{1,64}/.exec(
      this.#scanner.text.slice(this.#scanner.at, this.#scanner.at + 65)
    )?.[0]
    const next = this.#scanner.peek(found?.length ?? 0)
    return next === undefined || /[\s|&;()<>]/.test(next) ? found : undefined
  }

  #pipeline(): void {
    const scanner = this.#scanner
    const outer = this.#sources
    for (;;) {
      const from = this.#findings.commands.length
      this.#prefixes()
      this.#command()
      scanner.skipBlanks()
      if (scanner.peek() !== "|" || scanner.peek(1) === "|") break
      scanner.at += scanner.peek(1) === "&" ? 2 : 1
      this.#sources = [this.#findings.feed(from, this.#findings.commands.length, this.#sources)]
      this.#parts.newlines()
    }
    this.#sources = outer
  }

  #prefixes(): void {
    for (;;) {
      this.#parts.newlines()
      const word = this.#peekPlain()
      if (word === "time") {
        if (!this.#timePrefix()) return
      } else if (word === "!" || word === "coproc") this.#scanner.at += word.length
      else return
    }
  }

  /** The keyword, which takes no flag but `-p`; a program of the same name is a command. */
  #timePrefix(): boolean {
    const found = /^time(?:[ \t]+-p)?(?=[ \t]+[^-\s])/.exec(
      this.#scanner.text.slice(this.#scanner.at, this.#scanner.at + 64)
    )
    this.#scanner.at += found?.[0].length ?? 0
    return found !== null
  }

  #command(): void {
    const scanner = this.#scanner
    if (scanner.peek() === "(") {
      this.#parenthesis()
      return
    }
    const word = this.#peekPlain() ?? ""
    if (word === "function") {
      this.#functionKeyword()
      return
    }
    if (/^\[\[\s/.test(scanner.text.slice(scanner.at, scanner.at + 3))) {
      this.#test()
      return
    }
    const end = endings.get(word)
    if (end === undefined && !/^(for|select|case)$/.test(word)) {
      this.#simple()
      return
    }
    scanner.at += word.length
    this.#compound(() => {
      if (end !== undefined) this.#block(end)
      else if (word === "case") this.#cases()
      else this.#forLoop()
    })
  }

  #block(end: string): void {
    this.#scanner.nested(() => this.#list(end))
    this.#scanner.at += end.length
  }

  #parenthesis(): void {
    const scanner = this.#scanner
    if (scanner.peek(1) === "(" && scanner.isArithmetic(scanner.at + 2)) {
      this.#asSubshell()
      scanner.at += 2
      this.#compound(() => scanner.over(makeDraft(), "))", "quoted"))
      return
    }
    scanner.at++
    this.#compound(() => {
      scanner.nested(() => this.#list(")"))
      scanner.expect(")")
    })
  }

  /** Adds what shells without arithmetic commands run between `((` and `))`, and goes back. */
  #asSubshell(): void {
    const scanner = this.#scanner
    const start = scanner.at++
    try {
      scanner.nested(() => this.#list(")"))
    } catch (cause) {
      // Where it is no list of commands to us, it is none to them.
      if (!(cause instanceof Unreadable)) throw cause
    }
    this.#findings.spend(scanner.at - start + speculationCost)
    scanner.at = start
  }

  /** What is redirected of a compound command, and what its shells read if they read what it does. */
  #compound(read: () => void): void {
    const from = this.#findings.commands.length
    read()
    const found = makeFound()
    const directions: Array<string> = []
    for (;;) {
      this.#scanner.skipBlanks()
      const direction = this.#parts.redirection(found)
      if (direction === undefined) break
      directions.push(direction)
    }
    if (directions.length === 0) return
    this.#add(found)
    if (directions.every((direction) => direction === "out")) return
    const feed = this.#findings.feed(this.#findings.commands.length - 1, this.#findings.commands.length, [])
    for (let index = from; index < this.#findings.commands.length - 1; index++) {
      const command = this.#findings.commands[index]
      if (command !== undefined) this.#findings.commands[index] = { ...command, sources: [...command.sources, feed] }
    }
  }

  #functionKeyword(): void {
    this.#scanner.at += "function".length
    this.#scanner.skipBlanks()
    const name = this.#scanner.word()?.text ?? ""
    this.#scanner.skipBlanks()
    if (this.#scanner.startsWith("(")) {
      this.#scanner.at++
      this.#scanner.skipBlanks()
      this.#scanner.expect(")")
    }
    this.#functionBody(name)
  }

  /** What a function reads depends on who calls it. */
  #functionBody(name: string): void {
    const outer = this.#functions
    this.#functions = [...outer, name]
    this.#parts.newlines()
    const unknown = this.#findings.feed(0, 0, [])
    this.#scanner.nested(() => this.#with([unknown], () => this.#command()))
    this.#functions = outer
  }

  #test(): void {
    this.#scanner.at += 2
    const { commands, isDoubtful } = readCondition(this.#scanner, this.#parts)
    for (const command of commands) this.#add(command)
    if (isDoubtful) this.#findings.doubt("shells do not agree on what a condition in [[ ]] runs")
  }

  #forLoop(): void {
    const scanner = this.#scanner
    scanner.skipBlanks()
    if (scanner.startsWith("((")) {
      scanner.at += 2
      scanner.over(makeDraft(), "))", "quoted")
    } else {
      scanner.word()
      scanner.skipBlanks()
      while (this.#peekPlain() !== "do" && scanner.word() !== undefined) scanner.skipBlanks()
    }
    this.#separators()
    const word = this.#peekPlain()
    if (word !== "do" && word !== "{") throw new Unreadable('"do" is missing')
    scanner.at += word.length
    this.#block(word === "do" ? "done" : "}")
  }

  #cases(): void {
    const scanner = this.#scanner
    scanner.skipBlanks()
    scanner.word()
    this.#parts.newlines()
    if (this.#peekPlain() !== "in") throw new Unreadable('"in" is missing')
    scanner.at += 2
    for (;;) {
      this.#parts.newlines()
      if (this.#peekPlain() === "esac") break
      if (scanner.peek() === "(") scanner.at++
      readLabels(scanner)
      scanner.nested(() => this.#list(";;"))
      if (scanner.startsWith(";;&")) scanner.at += 3
      else if (scanner.peek() === ";") scanner.at += 2
    }
    scanner.at += 4
  }

  #simple(): void {
    const scanner = this.#scanner
    const found = makeFound()
    const start = scanner.at
    for (;;) {
      scanner.skipBlanks()
      if (this.#parts.redirection(found) !== undefined) continue
      const at = scanner.at
      const draft = scanner.word()
      if (draft === undefined) break
      this.#parts.add(found, draft, scanner.text.slice(at, scanner.at))
      if (found.words.length === 1 && this.#parts.isDefinition()) {
        this.#functionBody(draft.text)
        return
      }
    }
    if (scanner.at === start) throw new Unreadable(`${JSON.stringify(scanner.peek() ?? "its end")} is not expected`)
    this.#add(found)
  }

  #hereDocument(text: string): Word {
    const inner = new Parser(text, this.#findings, { ...this.#origin, sources: this.#sources })
    const draft = makeDraft()
    inner.#scanner.quoted(draft, undefined)
    return { ...literal(""), ...fromMarked(draft.text, draft)[0] }
  }

  #add({ sinks, sources, ...command }: Found): void {
    const { depth, parent } = this.#origin
    const index = this.#findings.commands.length
    const name = command.words[0]?.text[0]
    if (name !== undefined && this.#functions.includes(name)) {
      this.#findings.doubt(`the function ${JSON.stringify(name)} calls itself`)
    }
    this.#findings.add({
      ...command,
      sources: [...this.#sources, ...sources],
      depth,
      ...(parent === undefined ? {} : { parent })
    })
    for (const sink of sinks) {
      const feed = this.#findings.feeds[sink]
      if (feed === undefined) continue
      feed.from = index
      feed.to = index + 1
    }
  }
}
